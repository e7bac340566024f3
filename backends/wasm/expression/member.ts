/**
 * A long OR of `x = literal`, as IN is bound, and a long AND of `x <> literal`, as NOT IN is: one look into a hash
 * table of the values. Code for each value would make a function of thousands of locals and blocks, for which an
 * engine's compiler takes memory that grows with their product.
 */
import { dtypeInfo, type DType } from '../../../ir/dtype.js';
import type { Call, Expr, LiteralValue } from '../../../ir/node.js';
import { emitFindBits, emitFindText } from '../kernels/lookup.js';
import type { I32 } from '../values.js';
import { canonicalBits } from './compare.js';
import type { CallSite } from './site.js';
import { asI32, boolValue, registersOf, type SqlValue } from './value.js';

/** Of fewer values each is compared. */
const LEAST_VALUES = 16;

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
  const { module } = scope.emission;
  const bits = values.map((known) => BigInt.asUintN(64, bitsOf(known, dtype)));
  const find = emitFindBits(module, module.freshName('member'), bits);
  return scope.f.call(find, { key: canonicalBits(value) }).ne(values.length);
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
  const { module } = scope.emission;
  const texts = values.map((known) => (typeof known === 'string' ? Buffer.from(known) : (known as Uint8Array)));
  const find = emitFindText(module, module.freshName('member'), texts);
  const [address, bytes] = [asI32(value.parts[0]!), asI32(value.parts[1]!)];
  return scope.f.call(find, { address, bytes }).ne(values.length);
}
