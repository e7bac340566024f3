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
import type { Func, Local, Params } from '../dsl.js';
import { canonicalBits } from '../expression/compare.js';
import { emitExpr } from '../expression/emit.js';
import { orNull, registersOf, type SqlValue } from '../expression/value.js';
import { i32, load, type I32, type I64 } from '../values.js';
import { Scope, type Emission } from './emission.js';
import { SPREAD } from './hash.js';
import type { Row, ScannedDictionary } from './row.js';

/** Entries for a text alone, and for a text with others: 32 KiB, or 16 and 8 for each other key. */
const ENTRIES = { alone: 4096, withOthers: 1024 } as const;
const KEYS_AT = 8;

export interface ProbeMemo {
  /** Of any key: it matches nothing then. */
  readonly isNull: I32 | undefined;
  /** Sets `tuple`, 0 so far, to the first match: what is remembered, or else what `find` finds, which is remembered. */
  readonly recall: (tuple: Local<'i32'>, find: Find) => void;
}

/** Emits code that sets `tuple`, 0 so far, to the first match of keys that are not NULL. */
type Find = (scope: Scope, keys: readonly SqlValue[], tuple: Local<'i32'>) => void;

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
  const recall = (tuple: Local<'i32'>, find: Find): void => {
    const bits = values.map((value) => scope.hold(canonicalBits(value)));
    const entry = f.let(i32(0), 'entry');
    const tag = f.local('i32', 'tag');
    f.block((known) =>
      scope.within(() => {
        f.if(dictionary.hasCodes, () => {
          const code = f.let(dictionary.code);
          f.set(tag, dictionary.group.shl(16).or(code));
          const index = (bits.length === 0 ? code : code.add(spread(bits))).and(entries - 1);
          f.set(entry, local.add(place).add(index.mul(entryBytes)));
          f.set(tuple, load.i32(entry, 4));
          const isSame = (key: I64, i: number): I32 => load.i64(entry, KEYS_AT + 8 * i).eq(key);
          known.break(bits.map(isSame).reduce((a, b) => a.and(b), load.i32(entry).eq(tag)));
        });
        const sought = keys.map((key) => emitExpr(scope, row, key));
        const lookUp = lookUpFunction(emission, { keys: sought, first }, find);
        const parts = sought.flatMap((value, i) => value.parts.map((part, k) => [partName(i, k), part] as const));
        f.set(tuple, f.call(lookUp, { context: scope.context, entry, tag, ...Object.fromEntries(parts) }));
      }),
    );
  };
  return { isNull, recall };
}

/** Of keys that differ little, other entries: rows near each other take turns between a few. */
function spread(keys: readonly I64[]): I32 {
  const mixed = keys.slice(1).reduce((hash, key) => hash.mul(SPREAD).xor(key), keys[0]!);
  return mixed.mul(SPREAD).shr_u(32).wrap();
}

type LookUpParams = Params & { readonly context: 'i32'; readonly entry: 'i32'; readonly tag: 'i32' };

interface Sought {
  readonly keys: readonly SqlValue[];
  /** Of them, the one of text. */
  readonly first: number;
}

/** Finds the first match of the keys and remembers it in `entry`, unless that is 0: apart from the loop over rows. */
function lookUpFunction(
  emission: Emission,
  { keys, first }: Sought,
  find: Find,
): Func<LookUpParams, 'i32'> {
  const parts = keys.flatMap(({ dtype }, i) => registersOf(dtype).map((type, k) => [partName(i, k), type] as const));
  const params: LookUpParams = { context: 'i32', entry: 'i32', tag: 'i32', ...Object.fromEntries(parts) };
  return emission.module.define(emission.module.freshName('look_up'), { params, result: 'i32' }, (f, given) => {
    const { context, entry, tag } = given;
    const scope = new Scope(emission, f, { context, local: i32(0) });
    const values = keys.map(({ dtype }, i): SqlValue => {
      const registers = registersOf(dtype).map((_, k) => given[partName(i, k)]!);
      return { dtype, parts: registers, isNull: undefined };
    });
    const tuple = f.let(i32(0), 'tuple');
    find(scope, values, tuple);
    f.if(entry, () => {
      f.store.i32(entry, tag);
      f.store.i32(entry, tuple, 4);
      const others = values.filter((_, i) => i !== first);
      others.forEach((value, i) => f.store.i64(entry, canonicalBits(value), KEYS_AT + 8 * i));
    });
    f.return(tuple);
  });
}

const partName = (key: number, part: number): string => `key${key}_${part}`;

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
