/**
 * A bump allocator over a WebAssembly memory, and values of every dtype in the form in which generated code reads them.
 */
import { dtypeInfo, type DType } from '../../ir/dtype.js';
import type { IntervalValue } from '../../ir/node.js';
import type { Value } from '../../ir/scalar/value.js';
import type { Vector } from '../../runtime/batch.js';
import { columnWords } from '../../runtime/executor/morsels.js';
import { PARAM_NULL_OFFSET } from '../../runtime/plan.js';
import { codeBytes, layoutChunk } from '../../runtime/storage/chunk-format.js';
import { bytesOf, elementsPerValue, fixedConstructor } from '../../runtime/storage/fixed-values.js';
import { packIntegers } from '../../runtime/storage/packing.js';
import { zoneMap } from '../../runtime/storage/zone-map.js';

const FIRST_ADDRESS = 4096;

export class HeapView {
  #top = FIRST_ADDRESS;
  readonly bytes: Uint8Array;
  readonly view: DataView;

  constructor(memory: WebAssembly.Memory) {
    this.bytes = new Uint8Array(memory.buffer);
    this.view = new DataView(memory.buffer);
  }

  /** Zeroed, 16-byte aligned. */
  alloc(bytes: number): number {
    const address = this.#top;
    this.#top += Math.ceil(bytes / 16) * 16;
    if (this.#top > this.bytes.length) throw new Error(`the test's memory is full: ${this.#top} bytes were asked for`);
    return address;
  }

  u32(address: number): number {
    return this.view.getUint32(address, true);
  }

  text(address: number, length: number): string {
    return new TextDecoder().decode(this.bytes.slice(address, address + length));
  }

  #put(bytes: Uint8Array): number {
    const address = this.alloc(bytes.length);
    this.bytes.set(bytes, address);
    return address;
  }

  writeSlot(address: number, dtype: DType, value: Value): void {
    this.bytes[address + PARAM_NULL_OFFSET] = value === null ? 1 : 0;
    if (value === null) return;
    this.writeValue(address, dtype, value);
  }

  readSlot(address: number, dtype: DType): Value {
    return this.bytes[address + PARAM_NULL_OFFSET] === 1 ? null : this.readValue(address, dtype);
  }

  writeValue(address: number, dtype: DType, value: Exclude<Value, null>): void {
    const { view } = this;
    switch (dtypeInfo(dtype).physical) {
      case 'i8':
      case 'u8':
        return view.setUint8(address, Number(value) & 0xff);
      case 'i16':
      case 'u16':
        return view.setUint16(address, Number(value) & 0xffff, true);
      case 'i32':
      case 'u32':
        return view.setUint32(address, Number(value) >>> 0, true);
      case 'i64':
      case 'u64':
        return view.setBigUint64(address, BigInt.asUintN(64, BigInt(value as bigint)), true);
      case 'f32':
        return view.setFloat32(address, Number(value), true);
      case 'f64':
        return view.setFloat64(address, Number(value), true);
      case 'i128': {
        const { months, days, microseconds } = value as IntervalValue;
        view.setInt32(address, months, true);
        view.setInt32(address + 4, days, true);
        return view.setBigInt64(address + 8, microseconds, true);
      }
      case 'bytes': {
        const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : (value as Uint8Array);
        view.setUint32(address, this.#put(bytes), true);
        return view.setUint32(address + 4, bytes.length, true);
      }
      default:
        throw new Error(`the test harness has no values of ${dtype}`);
    }
  }

  readValue(address: number, dtype: DType): Value {
    const { view } = this;
    if (dtype === 'bool') return view.getUint8(address) !== 0;
    switch (dtypeInfo(dtype).physical) {
      case 'i8':
        return view.getInt8(address);
      case 'u8':
        return view.getUint8(address);
      case 'i16':
        return view.getInt16(address, true);
      case 'u16':
        return view.getUint16(address, true);
      case 'i32':
        return view.getInt32(address, true);
      case 'u32':
        return view.getUint32(address, true);
      case 'i64':
        return view.getBigInt64(address, true);
      case 'u64':
        return view.getBigUint64(address, true);
      case 'f32':
        return view.getFloat32(address, true);
      case 'f64':
        return view.getFloat64(address, true);
      case 'i128':
        return {
          months: view.getInt32(address, true),
          days: view.getInt32(address + 4, true),
          microseconds: view.getBigInt64(address + 8, true),
        };
      case 'bytes': {
        const [at, length] = [this.u32(address), this.u32(address + 4)];
        return dtype === 'utf8' ? this.text(at, length) : this.bytes.slice(at, at + length);
      }
      default:
        throw new Error(`the test harness has no values of ${dtype}`);
    }
  }

  /** The words of a scan's column. Where it is `coded`, text has a dictionary, integers are packed if they can be. */
  writeColumn(
    column: { readonly dtype: DType; readonly width: number },
    values: readonly Value[],
    coded: boolean,
  ): number[] {
    const validity = values.includes(null) ? this.#validity(values) : 0;
    const { widthBytes, physical } = dtypeInfo(column.dtype);
    if (physical === 'bytes') return this.#textColumn(values, validity, coded);
    const stride = values.length * widthBytes;
    const address = this.alloc(stride * column.width);
    values.forEach((value, row) => {
      if (value === null) return;
      const elements = column.width === 1 && !Array.isArray(value) ? [value] : (value as readonly Value[]);
      elements.forEach((element, k) =>
        this.writeValue(address + k * stride + row * widthBytes, column.dtype, element!),
      );
    });
    const plain = [address, validity, 0, 0, 0, stride, Math.log2(widthBytes), 0, 0, 1, 0];
    return coded && column.width === 1 ? (this.#packedColumn(column.dtype, values, plain) ?? plain) : plain;
  }

  /** As the storage packs what lies at the first of the `plain` words. */
  #packedColumn(dtype: DType, values: readonly Value[], plain: readonly number[]): number[] | undefined {
    const [address, bitmap] = plain as [number, number];
    const rowCount = values.length;
    const vector: Vector = {
      dtype,
      width: 1,
      validity: bitmap === 0 ? undefined : this.bytes.subarray(bitmap, bitmap + Math.ceil(rowCount / 8)),
      values: new (fixedConstructor(dtype))(this.bytes.buffer, address, rowCount * elementsPerValue(dtype)),
      offsets: undefined,
      bytes: undefined,
    };
    const packed = packIntegers(vector, { rowCount, least: zoneMap(vector, rowCount).min });
    if (packed === undefined) return undefined;
    const layout = layoutChunk({
      dtype,
      width: 1,
      rowCount,
      encoding: 'packed',
      hasValidity: false,
      packing: packed.packing,
      dictionaryCount: 0,
      textBytes: 0,
    });
    const words = columnWords({ layout, packing: packed.packing }, this.#put(packed.bytes));
    return words.with(1, bitmap);
  }

  #textColumn(values: readonly Value[], validity: number, coded: boolean): number[] {
    const texts = values.map((value) => (value === null ? '' : (value as string | Uint8Array)));
    const entries = coded ? [...new Set(texts)] : texts;
    const encoded = entries.map((text) => (typeof text === 'string' ? new TextEncoder().encode(text) : text));
    const offsets = this.alloc((encoded.length + 1) * 4);
    let at = 0;
    encoded.forEach((bytes, i) => {
      this.view.setUint32(offsets + i * 4, at, true);
      at += bytes.length;
    });
    this.view.setUint32(offsets + encoded.length * 4, at, true);
    const base = this.#put(Uint8Array.from(encoded.flatMap((bytes) => [...bytes])));
    const codeWidth = codeBytes(entries.length);
    const rowCodes = texts.map((text) => entries.indexOf(text));
    const stored = codeWidth === 1 ? Uint8Array.from(rowCodes) : Uint16Array.from(rowCodes);
    const codes = coded ? this.#put(bytesOf(stored)) : 0;
    return [0, validity, codes, offsets, base, 0, Math.log2(codeWidth), 0, 0, 1, 0];
  }

  #validity(values: readonly Value[]): number {
    const bitmap = new Uint8Array(Math.ceil(values.length / 8));
    values.forEach((value, i) => {
      if (value !== null) bitmap[i >> 3]! |= 1 << (i & 7);
    });
    return this.#put(bitmap);
  }
}
