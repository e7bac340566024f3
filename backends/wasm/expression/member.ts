/**
 * A long OR of `x = literal`, as IN is bound, and a long AND of `x <> literal`, as NOT IN is: one search in a table of
 * the sorted values. Code for each value would make a function of thousands of locals and blocks, for which an
 * engine's compiler takes memory that grows with their product.
 */
import { dtypeInfo, type DType } from '../../../ir/dtype.js';
import type { Call, Expr, LiteralValue } from '../../../ir/node.js';
import { support, type Emission } from '../pipeline/emission.js';
import type { Func } from '../dsl.js';
import { i32, load, type I32 } from '../values.js';
import { bytesCompare, canonicalBits } from './compare.js';
import type { CallSite } from './site.js';
import { asI32, boolValue, registersOf, type SqlValue } from './value.js';

/** Of fewer values each is compared. */
const LEAST_VALUES = 16;
const I64_BYTES = 8;
const U32_BYTES = 4;

type Known = Exclude<LiteralValue, null>;

interface Membership {
  readonly subject: Expr;
  readonly dtype: DType;
  readonly values: readonly Known[];
}

/** Undefined where `site` is no such chain. */
export function membership(site: CallSite): SqlValue | undefined {
  const found = membershipOf(site.call);
  if (found === undefined) return undefined;
  const value = site.emitExpr(site.scope, site.row, found.subject);
  const isMember =
    dtypeInfo(found.dtype).physical === 'bytes' ? isOneOfTexts(site, value, found) : isOneOfNumbers(site, value, found);
  return boolValue(site.call.op === 'or' ? isMember : isMember.eqz(), value.isNull);
}

/** The walk has a stack of its own and ends at the first term that does not fit, here most often the last one. */
function membershipOf(call: Call): Membership | undefined {
  const wanted = call.op === 'or' ? 'eq' : 'ne';
  const values: Known[] = [];
  let subject: Expr | undefined;
  const rest: Expr[] = [call];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    if (next.kind !== 'call') return undefined;
    const [left, right] = next.args as readonly [Expr, Expr];
    if (next.op === call.op) {
      rest.push(left, right);
      continue;
    }
    if (next.op !== wanted || right.kind !== 'literal' || right.value === null) return undefined;
    if (left !== (subject ??= left)) return undefined;
    values.push(right.value);
  }
  const type = subject?.type;
  if (type?.kind !== 'scalar' || type.dtype === 'interval' || values.length < LEAST_VALUES) return undefined;
  return { subject: subject!, dtype: type.dtype, values };
}

function isOneOfNumbers({ scope }: CallSite, value: SqlValue, { dtype, values }: Membership): I32 {
  const sorted = BigInt64Array.from(values, (known) => bitsOf(known, dtype)).sort();
  return scope.f.call(findNumber(scope.emission), {
    value: canonicalBits(value),
    table: scope.emission.module.data(new Uint8Array(sorted.buffer)),
    count: i32(sorted.length),
  });
}

/** What `canonicalBits` gives of the value at run time. */
function bitsOf(value: Known, dtype: DType): bigint {
  const register = registersOf(dtype)[0]!;
  const number = Number(value);
  // The sum makes 0 of -0.
  if (register === 'f32')
    return Number.isNaN(number) ? 0x7fc00000n : BigInt(new Uint32Array(Float32Array.of(number + 0).buffer)[0]!);
  if (register === 'f64')
    return Number.isNaN(number) ? 0x7ff8000000000000n : new BigInt64Array(Float64Array.of(number + 0).buffer)[0]!;
  return BigInt.asIntN(register === 'i64' ? 64 : 32, BigInt(value as number | bigint | boolean));
}

function isOneOfTexts({ scope }: CallSite, value: SqlValue, { values }: Membership): I32 {
  const sorted = values
    .map((known) => (typeof known === 'string' ? Buffer.from(known) : (known as Uint8Array)))
    .sort((a, b) => Buffer.compare(a, b));
  // Text i lies from the end before it to its own.
  const ends = new Uint32Array(sorted.length + 1);
  sorted.forEach((text, i) => (ends[i + 1] = ends[i]! + text.length));
  const { module } = scope.emission;
  return scope.f.call(findText(scope.emission), {
    address: asI32(value.parts[0]!),
    length: asI32(value.parts[1]!),
    ends: module.data(new Uint8Array(ends.buffer)),
    texts: module.data(Buffer.concat(sorted)),
    count: i32(sorted.length),
  });
}

function findNumber(emission: Emission): Func<{ value: 'i64'; table: 'i32'; count: 'i32' }, 'i32'> {
  return support(emission, 'find_number', (module) =>
    module.define(
      'find_number',
      { params: { value: 'i64', table: 'i32', count: 'i32' }, result: 'i32' },
      (f, { value, table, count }) => {
        const first = f.let(i32(0));
        f.while(
          () => first.lt_u(count),
          () => {
            const middle = f.let(first.add(count).shr_u(1));
            const there = f.let(load.i64(table.add(middle.mul(I64_BYTES))));
            f.if(there.eq(value), () => f.return(1));
            f.if(
              there.lt_s(value),
              () => f.set(first, middle.add(1)),
              () => f.set(count, middle),
            );
          },
        );
        f.return(0);
      },
    ),
  );
}

type FindText = { address: 'i32'; length: 'i32'; ends: 'i32'; texts: 'i32'; count: 'i32' };

function findText(emission: Emission): Func<FindText, 'i32'> {
  const compare = bytesCompare(emission);
  return support(emission, 'find_among_texts', (module) =>
    module.define(
      'find_among_texts',
      { params: { address: 'i32', length: 'i32', ends: 'i32', texts: 'i32', count: 'i32' }, result: 'i32' },
      (f, { address, length, ends, texts, count }) => {
        const first = f.let(i32(0));
        f.while(
          () => first.lt_u(count),
          () => {
            const middle = f.let(first.add(count).shr_u(1));
            const bounds = f.let(ends.add(middle.mul(U32_BYTES)));
            const from = f.let(load.i32(bounds));
            const order = f.let(
              f.call(compare, {
                a: texts.add(from),
                aLength: load.i32(bounds, U32_BYTES).sub(from),
                b: address,
                bLength: length,
              }),
            );
            f.if(order.eqz(), () => f.return(1));
            f.if(
              order.lt_s(0),
              () => f.set(first, middle.add(1)),
              () => f.set(count, middle),
            );
          },
        );
        f.return(0);
      },
    ),
  );
}
