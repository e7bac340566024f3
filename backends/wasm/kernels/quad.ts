/**
 * Four rows of a column in registers: the unit in which elementwise kernels compute.
 *
 * f32 and i32 are one V128; bool one V128 of four 32-bit masks (all ones is true); f64, i64 and utf8 (address in the
 * low, byte length in the high half of 64 bits) two, rows 0-1 and 2-3. In memory a bool is one byte, 0 or 1.
 */
import type { FunctionBuilder } from '../dsl.js';
import { f32x4, f64x2, i16x8, i32x4, i64x2, i8x16, shuffle32, v128 } from '../lanes.js';
import { constant, load, type F64, type I32, type Value, type V128 } from '../values.js';

/** The dtypes tile programs compute with. */
export const QUAD_DTYPES = ['bool', 'i32', 'i64', 'f32', 'f64', 'utf8'] as const;
export type QuadDType = (typeof QUAD_DTYPES)[number];

export interface Quad {
  readonly dtype: QuadDType;
  /** One register, or two of 64-bit lanes. */
  readonly parts: readonly V128[];
}

export const ROWS_PER_QUAD = 4;
export const WIDTH_BYTES: Readonly<Record<QuadDType, number>> = { bool: 1, i32: 4, i64: 8, f32: 4, f64: 8, utf8: 8 };
const LANES = { bool: i32x4, i32: i32x4, i64: i64x2, f32: f32x4, f64: f64x2, utf8: i64x2 } as const;

export function isQuadDType(dtype: string): dtype is QuadDType {
  return (QUAD_DTYPES as readonly string[]).includes(dtype);
}

export function isWide(dtype: QuadDType): boolean {
  return WIDTH_BYTES[dtype] === 8;
}

/** Reads rows `0..3` at `address`. */
export function loadQuad(f: FunctionBuilder, dtype: QuadDType, address: I32): Quad {
  switch (dtype) {
    case 'bool': {
      const bytes = i16x8.extend_low_i8x16_u(load.zero32(address));
      return { dtype, parts: [f.let(i32x4.ne(i32x4.extend_low_i16x8_u(bytes), v128.zero))] };
    }
    case 'i32':
    case 'f32':
      return { dtype, parts: [f.let(load.v128(address))] };
    default:
      return { dtype, parts: [f.let(load.v128(address)), f.let(load.v128(address, 16))] };
  }
}

export function storeQuad(f: FunctionBuilder, address: I32, quad: Quad): void {
  if (quad.dtype !== 'bool') {
    quad.parts.forEach((part, i) => f.store.v128(address, part, i * 16));
    return;
  }
  const ones = v128.and(quad.parts[0]!, i32x4.splat(1));
  f.store.i32(address, i32x4.lane(i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(ones, ones), ones), 0));
}

/** The element at `address` in all four rows. */
export function splatFrom(f: FunctionBuilder, dtype: QuadDType, address: I32): Quad {
  switch (dtype) {
    case 'bool':
      return { dtype, parts: [f.let(i32x4.splat(constant('i32', 0).sub(load.i8_u(address))))] };
    case 'i32':
    case 'f32':
      return { dtype, parts: [f.let(load.splat32(address))] };
    default: {
      const part = f.let(load.splat64(address));
      return { dtype, parts: [part, part] };
    }
  }
}

/** A number in all four rows. */
export function constantQuad(dtype: Exclude<QuadDType, 'utf8'>, value: number | bigint | boolean): Quad {
  switch (dtype) {
    case 'bool':
      return { dtype, parts: [i32x4.splat(value === true || Number(value) !== 0 ? -1 : 0)] };
    case 'i32':
      return { dtype, parts: [i32x4.splat(Number(value))] };
    case 'f32':
      return { dtype, parts: [f32x4.splat(Number(value))] };
    case 'f64':
      return { dtype, parts: [f64x2.splat(Number(value)), f64x2.splat(Number(value))] };
    case 'i64':
      return { dtype, parts: [i64x2.splat(BigInt(value)), i64x2.splat(BigInt(value))] };
  }
}

/** `apply` on each register, kept in locals. */
export function each(
  f: FunctionBuilder,
  dtype: QuadDType,
  quads: readonly Quad[],
  apply: (...parts: V128[]) => V128,
): Quad {
  return { dtype, parts: quads[0]!.parts.map((_, i) => f.let(apply(...quads.map((quad) => quad.parts[i]!)))) };
}

/** Four masks of 32 bits from two registers of 64-bit masks. */
export function narrowMask(f: FunctionBuilder, parts: readonly V128[]): Quad {
  return {
    dtype: 'bool',
    parts: [f.let(parts.length === 1 ? parts[0]! : shuffle32(parts[0]!, parts[1]!, [0, 2, 4, 6]))],
  };
}

/** The mask for the registers of `dtype`. */
export function maskFor(dtype: QuadDType, mask: Quad): readonly V128[] {
  const part = mask.parts[0]!;
  return isWide(dtype) ? [i64x2.extend_low_i32x4_s(part), i64x2.extend_high_i32x4_s(part)] : [part];
}

export function selectQuad(f: FunctionBuilder, mask: Quad, yes: Quad, no: Quad): Quad {
  const masks = maskFor(yes.dtype, mask);
  return { dtype: yes.dtype, parts: yes.parts.map((part, i) => f.let(v128.bitselect(part, no.parts[i]!, masks[i]!))) };
}

/** Row `row` as a scalar (a bool as its 0 or -1 mask). */
export function laneOf(quad: Quad, row: number): Value {
  const lanes = LANES[quad.dtype];
  return isWide(quad.dtype) ? lanes.lane(quad.parts[row >> 1]!, row & 1) : lanes.lane(quad.parts[0]!, row);
}

/** Four scalars as a quad. */
export function quadOf(f: FunctionBuilder, dtype: QuadDType, rows: readonly Value[]): Quad {
  const lanes = LANES[dtype] as unknown as {
    splat(value: Value): V128;
    replace(vector: V128, lane: number, value: Value): V128;
  };
  const part = (values: readonly Value[]): V128 => {
    const local = f.let(lanes.splat(values[0]!));
    values.slice(1).forEach((value, i) => f.set(local, lanes.replace(local, i + 1, value)));
    return local;
  };
  return { dtype, parts: isWide(dtype) ? [part(rows.slice(0, 2)), part(rows.slice(2))] : [part(rows)] };
}

/** Row by row: for what has no SIMD form. */
export function byLane(
  f: FunctionBuilder,
  dtype: QuadDType,
  quads: readonly Quad[],
  apply: (...values: Value[]) => Value,
): Quad {
  const rows = [0, 1, 2, 3].map((row) => f.let(apply(...quads.map((quad) => f.let(laneOf(quad, row))))));
  return quadOf(f, dtype, rows);
}

export function promoteQuad(f: FunctionBuilder, quad: Quad): Quad {
  const part = quad.parts[0]!;
  const high = shuffle32(part, part, [2, 3, 2, 3]);
  return { dtype: 'f64', parts: [f.let(f64x2.promote_low_f32x4(part)), f.let(f64x2.promote_low_f32x4(high))] };
}

export function demoteQuad(f: FunctionBuilder, quad: Quad): Quad {
  const [low, high] = quad.parts.map((part) => f32x4.demote_f64x2_zero(part));
  return { dtype: 'f32', parts: [f.let(shuffle32(low!, high!, [0, 1, 4, 5]))] };
}

export function asF64(value: Value): F64 {
  switch (value.type) {
    case 'f64':
      return value;
    case 'f32':
      return value.promote();
    case 'i32':
      return value.to_f64_s();
    case 'i64':
      return value.to_f64_s();
    case 'v128':
      throw new Error('a lane, not a vector');
  }
}
