/**
 * Casts inside the bodies of tensor maps: total, as models need them. A float becomes an integer toward zero, an
 * integer out of range wraps, a NaN or infinity gives 0 as an integer; text is read as a number.
 */
import { dtypeInfo, isFloat, type DType } from '../../ir/dtype.js';
import { roundFloat, wrapped, type Value } from '../../ir/scalar/value.js';

export function castScalar(value: Value, from: DType, to: DType): Value {
  if (to === from) return value;
  if (to === 'utf8') return typeof value === 'boolean' ? (value ? '1' : '0') : String(value);
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

function parseNumber(text: string): number {
  const match = /^([+-]?)inf(inity)?$/i.exec(text.trim());
  if (match !== null) return match[1] === '-' ? -Infinity : Infinity;
  return Number(text);
}
