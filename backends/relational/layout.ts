/**
 * The one allocator of names to memory: offsets in a query's context (shared by workers), in a worker's local area,
 * and in tuples. Whoever needs a place asks here, so that no two parts of a plan share bytes.
 */
import { dtypeInfo, type DType } from '../../ir/dtype.js';
import { unreachable, type TensorType, type ValueType } from '../../ir/type.js';
import { LOCAL_BUFFER_BYTES, SLOT_BYTES, type RowBuffer } from '../../runtime/plan.js';

const ALIGNMENT_BYTES = 16;

export function alignUp(bytes: number, alignment: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

/** Grows from 0; every place is 16-byte aligned. */
export class Area {
  #bytes = 0;
  readonly #scratch: [offset: number, bytes: number][] = [];

  get bytes(): number {
    return this.#bytes;
  }

  /** Places, in order, none touching the next: no result depends on what an earlier morsel left there. */
  get scratch(): readonly (readonly [offset: number, bytes: number])[] {
    return this.#scratch;
  }

  allocate(bytes: number, { isScratch = false } = {}): number {
    const offset = this.#bytes;
    const taken = alignUp(bytes, ALIGNMENT_BYTES);
    this.#bytes += taken;
    if (!isScratch) return offset;
    const last = this.#scratch.at(-1);
    if (last !== undefined && last[0] + last[1] === offset) last[1] += taken;
    else this.#scratch.push([offset, taken]);
    return offset;
  }
}

/** What a tuple must hold: `width` values of a dtype (1, or a tensor column's). */
export interface Slot {
  readonly dtype: DType;
  readonly width: number;
  readonly nullable: boolean;
}

/** Where a tuple holds it. `nullBit` is its number among the tuple's null flags. */
export interface Field {
  readonly dtype: DType;
  readonly width: number;
  readonly offset: number;
  readonly nullBit: number | undefined;
}

export interface TupleLayout {
  readonly fields: readonly Field[];
  readonly tupleBytes: number;
  /** Address of null flags in the tuple: bit b is bit b % 8 of byte b / 8; 1 is NULL. */
  readonly nullOffset: number;
}

/** Every tuple begins so: next tuple of its bucket, hash, then a byte which a full or right join marks. */
export const TUPLE_NEXT = 0;
export const TUPLE_HASH = 4;
export const TUPLE_MARK = 8;
const TUPLE_NULLS = 9;

/** Fields of 8 bytes first, then 4, 2, 1, so that all are naturally aligned. */
export function tupleLayout(fields: readonly Slot[]): TupleLayout {
  const nullBits = fields.filter((field) => field.nullable).length;
  let end = TUPLE_NULLS + Math.ceil(nullBits / 8);
  const offsets = new Map<number, number>();
  for (const width of [8, 4, 2, 1]) {
    fields.forEach((field, i) => {
      const bytes = dtypeInfo(field.dtype).widthBytes;
      if (Math.min(bytes, 8) !== width) return;
      end = alignUp(end, width);
      offsets.set(i, end);
      end += bytes * field.width;
    });
  }
  let bit = 0;
  return {
    fields: fields.map((field, i) => ({
      dtype: field.dtype,
      width: field.width,
      offset: offsets.get(i)!,
      nullBit: field.nullable ? bit++ : undefined,
    })),
    tupleBytes: alignUp(end, 8),
    nullOffset: TUPLE_NULLS,
  };
}

/** A column's slots in order: a nullable struct or map has a flag before its parts. */
export function slotsOf(type: ValueType): readonly Slot[] {
  switch (type.kind) {
    case 'scalar':
      return [{ dtype: type.dtype, width: 1, nullable: type.nullable }];
    case 'tensor':
      return [{ dtype: type.dtype, width: tensorWidth(type), nullable: type.nullable }];
    case 'struct':
      return [...flagOf(type), ...type.fields.flatMap((field) => slotsOf(field.type))];
    case 'map':
      return [...flagOf(type), ...type.keys.flatMap(() => slotsOf(type.value))];
    default:
      return unreachable(type);
  }
}

function flagOf(type: ValueType): readonly Slot[] {
  return type.nullable ? [{ dtype: 'bool', width: 1, nullable: false }] : [];
}

/** Values of a row's tensor; the dims of a column are numbers. */
export function tensorWidth(type: TensorType): number {
  return type.dims.reduce<number>((product, dim) => product * Number(dim), 1);
}

/** The places of one plan. */
export class PlanLayout {
  readonly context = new Area();
  readonly local = new Area();
  readonly buffers: RowBuffer[] = [];

  buffer(tupleBytes: number): RowBuffer {
    const buffer: RowBuffer = {
      id: this.buffers.length,
      tupleBytes,
      localOffset: this.local.allocate(LOCAL_BUFFER_BYTES),
      slotOffset: this.context.allocate(SLOT_BYTES),
    };
    this.buffers.push(buffer);
    return buffer;
  }
}
