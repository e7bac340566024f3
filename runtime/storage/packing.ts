/**
 * Integers in fewer bytes than their dtype has: value = base + step * stored, where what is stored takes 1, 2 or 4
 * bytes, unsigned (frame of reference; Goldstein, Ramakrishnan, Shaft: Compressing relations and indexes, 1998).
 *
 * Base is the least valid value. Step is what all distances from it can be divided by, so that hours as microseconds
 * take two bytes; it is 1 for dtypes of 32 bits. A NULL's place is stored as 0. Generated code computes values where
 * they are stored (`backends/wasm/pipeline/scan.ts`), and asks each chunk of a wide integer how it is stored.
 */
import { dtypeInfo, isWideInteger, type DType } from '../../ir/dtype.js';
import type { ColumnSchema, FixedValues, Vector } from '../batch.js';
import { bytesOf, fixedConstructor } from './fixed-values.js';
import { ShapeError, readList, type JsonValue } from './shape.js';
import type { ZoneValue } from './zone-map.js';

export interface Packing {
  readonly valueBytes: 1 | 2 | 4;
  readonly base: bigint;
  readonly step: bigint;
}

type Stored = Uint8Array | Uint16Array | Uint32Array;
const STORED: Readonly<Record<Packing['valueBytes'], {
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): Stored;
  from(values: Float64Array): Stored;
}>> = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array };

/** undefined where that is not smaller. `least`: the zone map's bound, exact for integers; null where all is NULL. */
export function packIntegers(
  vector: Vector,
  { rowCount, least }: { readonly rowCount: number; readonly least: ZoneValue },
): { readonly packing: Packing; readonly bytes: Uint8Array } | undefined {
  if (vector.width !== 1 || !isWideInteger(vector.dtype)) return undefined;
  const base = BigInt(least ?? 0);
  const { widthBytes } = dtypeInfo(vector.dtype);
  const distances = widthBytes === 8 ? distances64(vector, rowCount, base) : distances32(vector, rowCount, base);
  const greatest = distances.reduce((most, distance) => Math.max(most, distance), 0);
  if (greatest > Number.MAX_SAFE_INTEGER) return undefined;
  const step = widthBytes === 8 ? commonDivisor(distances) : 1;
  const steps = greatest / step;
  const valueBytes = steps < 2 ** 8 ? 1 : steps < 2 ** 16 ? 2 : 4;
  if (steps >= 2 ** 32 || valueBytes >= widthBytes) return undefined;
  const stored = STORED[valueBytes].from(step === 1 ? distances : distances.map((distance) => distance / step));
  return { packing: { valueBytes, base, step: BigInt(step) }, bytes: bytesOf(stored) };
}

function isValid({ validity }: Vector, row: number): boolean {
  return validity === undefined || (validity[row >> 3]! & (1 << (row & 7))) !== 0;
}

function distances32(vector: Vector, rowCount: number, base: bigint): Float64Array {
  const values = vector.values as Int32Array | Uint32Array;
  const least = Number(base);
  const distances = new Float64Array(rowCount);
  for (let row = 0; row < rowCount; row++) if (isValid(vector, row)) distances[row] = values[row]! - least;
  return distances;
}

/** By halves, without a bigint a row; exact up to 2^53. */
function distances64(vector: Vector, rowCount: number, base: bigint): Float64Array {
  const values = vector.values!;
  const halves = new Uint32Array(values.buffer, values.byteOffset, rowCount * 2);
  const low = Number(BigInt.asUintN(32, base));
  const high = Number(BigInt.asUintN(32, base >> 32n));
  const distances = new Float64Array(rowCount);
  for (let row = 0; row < rowCount; row++) {
    if (!isValid(vector, row)) continue;
    distances[row] = ((halves[row * 2 + 1]! - high) >>> 0) * 2 ** 32 + (halves[row * 2]! - low);
  }
  return distances;
}

/** At least 1. */
function commonDivisor(distances: Float64Array): number {
  let divisor = 0;
  for (const distance of distances) {
    if (divisor === 1) break;
    if (divisor !== 0 && distance % divisor === 0) continue;
    let rest = distance;
    while (rest !== 0) [divisor, rest] = [rest, divisor % rest];
  }
  return Math.max(divisor, 1);
}

/** The values of `stored`, which starts with the first one. */
export function unpackIntegers(
  { valueBytes, base, step }: Packing,
  from: { readonly dtype: DType; readonly stored: Uint8Array; readonly rowCount: number },
): FixedValues {
  const { dtype, stored, rowCount } = from;
  const steps = new STORED[valueBytes](stored.buffer, stored.byteOffset, rowCount);
  const values = new (fixedConstructor(dtype))(rowCount);
  if (values instanceof BigInt64Array || values instanceof BigUint64Array) {
    for (let row = 0; row < rowCount; row++) values[row] = base + BigInt(steps[row]!) * step;
  } else {
    const least = Number(base);
    for (let row = 0; row < rowCount; row++) values[row] = least + steps[row]!;
  }
  return values;
}

export function packingToJson({ valueBytes, base, step }: Packing): JsonValue {
  return [valueBytes, String(base), String(step)];
}

/** @throws ShapeError when values of this column cannot be packed so. */
export function packingFromJson(value: unknown, path: string, { dtype, width }: ColumnSchema): Packing {
  const [bytes, ...numbers] = readList(value, path, (part) => part);
  const valueBytes = ([1, 2, 4] as const).find((count) => count === bytes && count < dtypeInfo(dtype).widthBytes);
  const [base, step] = numbers.map((text) => (/^-?\d{1,20}$/.test(String(text)) ? BigInt(String(text)) : undefined));
  if (!isWideInteger(dtype) || width !== 1 || valueBytes === undefined || base === undefined || step === undefined)
    throw new ShapeError(`${path}: ${dtype} packed as ${JSON.stringify(value)}`);
  return { valueBytes, base, step };
}
