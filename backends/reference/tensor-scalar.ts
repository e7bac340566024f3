/**
 * Casts inside the bodies of tensor maps: total, as models need them. A float becomes an integer toward zero, an
 * integer out of range wraps, a NaN or infinity gives 0 as an integer; text is read as a number.
 */
import { dtypeInfo, isFloat, type DType } from '../../ir/dtype.js';
import { shortest } from '../../ir/scalar/text-of.js';
import { roundFloat, wrapped, type Value } from '../../ir/scalar/value.js';

export function castScalar(value: Value, from: DType, to: DType): Value {
  if (to === from) return value;
  if (to === 'utf8')
    return typeof value === 'boolean' ? (value ? '1' : '0') : isFloat(from) ? textOf(value as number, from) : String(value);
  if (to === 'bool') return from === 'utf8' ? value !== '' : Number(value) !== 0;
  const number =
    typeof value === 'string'
      ? parseNumber(value)
      : typeof value === 'boolean'
        ? Number(value)
        : (value as number | bigint);
  if (isFloat(to)) return roundFloat(Number(number), to);
  if (dtypeInfo(to).family !== 'int' && dtypeInfo(to).family !== 'uint')
    throw new Error(`tensors have no cast from ${from} to ${to}`);
  if (typeof number === 'bigint') return wrapped(number, to);
  return wrapped(Number.isFinite(number) ? BigInt(Math.trunc(number)) : 0n, to);
}

/** The fewest digits that give the same value of the dtype; what is no number is named as onnxruntime does. */
function textOf(value: number, dtype: DType): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'INF' : '-INF';
  return Object.is(value, -0) ? '-0' : String(Number(shortest(value, dtype)));
}

function parseNumber(text: string): number {
  const match = /^([+-]?)inf(inity)?$/i.exec(text.trim());
  if (match !== null) return match[1] === '-' ? -Infinity : Infinity;
  return Number(text);
}
