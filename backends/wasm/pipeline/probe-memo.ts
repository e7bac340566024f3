/**
 * What a probe found last for a code of a dictionary, so that a text is hashed and compared once for each of its codes
 * and not once a row. Where there are more keys, a code's entry holds for their last values: rows of a scan that are
 * near each other often agree in them (flights of an hour, sales of a day).
 *
 * Entries lie in the worker's local, by the low bits of the code:
 *   +0 i32 row group and code, never 0   +4 i32 first tuple whose keys match, 0: none   +8 i64 the other keys, in order
 */
import { dtypeInfo } from '../../../ir/dtype.js';
import type { Expr } from '../../../ir/node.js';
import type { Local } from '../dsl.js';
import { canonicalBits } from '../expression/compare.js';
import { emitExpr } from '../expression/emit.js';
import { orNull } from '../expression/value.js';
import { load, type I32, type I64 } from '../values.js';
import type { Scope } from './emission.js';
import type { Row, ScannedDictionary } from './row.js';

/** Entries for a text alone, and for a text with others: 32 KiB, or 16 and 8 for each other key. */
const ENTRIES = { alone: 4096, withOthers: 1024 } as const;
const KEYS_AT = 8;

export interface ProbeMemo {
  /** Of any key: it matches nothing then. */
  readonly isNull: I32 | undefined;
  /** Sets `tuple` to the first match: what is remembered, or else what `find` sets it to, which is remembered. */
  readonly recall: (tuple: Local<'i32'>, find: () => void) => void;
}

/** undefined where no key is a scanned column of text, or another one is text too. */
export function probeMemo(scope: Scope, row: Row, keys: readonly Expr[]): ProbeMemo | undefined {
  const { f, local, emission } = scope;
  const dictionaries = keys.map((key) => dictionaryOf(row, key));
  const first = dictionaries.findIndex((dictionary) => dictionary !== undefined);
  const others = keys.filter((_, i) => i !== first);
  if (first < 0 || others.some((key) => !isFixedWidth(key))) return undefined;
  const dictionary = dictionaries[first]!;
  const values = others.map((key) => emitExpr(scope, row, key));
  const isNull = orNull(dictionary.isNull(scope), ...values.map((value) => value.isNull));
  const entryBytes = KEYS_AT + 8 * others.length;
  const entries = others.length === 0 ? ENTRIES.alone : ENTRIES.withOthers;
  const place = emission.layout.local.allocate(entries * entryBytes);
  const recall = (tuple: Local<'i32'>, find: () => void): void => {
    const bits = values.map((value) => scope.hold(canonicalBits(value)));
    const entry = f.let(local, 'entry');
    const tag = f.local('i32', 'tag');
    const isKnown = f.local('i32', 'known');
    f.set(isKnown, 0);
    f.if(dictionary.hasCodes, () => {
      const code = f.let(dictionary.code);
      f.set(tag, dictionary.group.shl(16).or(code));
      f.set(entry, local.add(place).add(code.and(entries - 1).mul(entryBytes)));
      const isSame = (key: I64, i: number): I32 => load.i64(entry, KEYS_AT + 8 * i).eq(key);
      f.set(isKnown, bits.map(isSame).reduce((a, b) => a.and(b), load.i32(entry).eq(tag)));
    });
    f.if(
      isKnown,
      () => f.set(tuple, load.i32(entry, 4)),
      () => {
        find();
        f.if(dictionary.hasCodes, () => {
          f.store.i32(entry, tag);
          f.store.i32(entry, tuple, 4);
          bits.forEach((key, i) => f.store.i64(entry, key, KEYS_AT + 8 * i));
        });
      },
    );
  };
  return { isNull, recall };
}

/** The codes behind a key that is a column of a scan. */
function dictionaryOf(row: Row, key: Expr): ScannedDictionary | undefined {
  const column = key.kind === 'ref' ? row.columns[key.index]! : undefined;
  return column?.kind === 'scalar' ? column.dictionary : undefined;
}

function isFixedWidth({ type }: Expr): boolean {
  if (type.kind !== 'scalar') return false;
  const { physical } = dtypeInfo(type.dtype);
  return physical !== 'bytes' && physical !== 'i128';
}
