/**
 * Codes: for each element the number of the equal key, or the number of keys where none is equal. Keys are text,
 * integers or floats (NaN equals NaN, -0 equals 0), held in an open-addressing hash table in the data segment.
 * One-hot encoders, label encoders and comparisons of text with constants all run on codes.
 */
import type { Func, FunctionBuilder, ModuleBuilder } from '../dsl.js';
import { i32, i64, load, select, type F64, type I32, type I64 } from '../values.js';
import { WIDTH_BYTES, type QuadDType } from './quad.js';

const PARAMS = { input: 'i32', output: 'i32', count: 'i32', rows: 'i32' } as const;
export type CodeFunc = Func<typeof PARAMS, undefined>;
export type Keys =
  | { readonly dtype: 'utf8'; readonly values: readonly string[] }
  | { readonly dtype: Exclude<QuadDType, 'utf8'>; readonly values: readonly (number | bigint | boolean)[] };

const SLOT_BYTES = 16;
const MULTIPLIER = 0x9e3779b97f4a7c15n;
const MASK64 = (1n << 64n) - 1n;
const NAN_BITS = 0x7ff8000000000000n;

/** Columns of elements to columns of i32 codes. Of equal keys the first counts. */
export function emitCodes(module: ModuleBuilder, name: string, keys: Keys): CodeFunc {
  const find =
    keys.dtype === 'utf8'
      ? emitFindText(module, `${name}_find`, keys.values.map((value) => new TextEncoder().encode(value)))
      : emitFindBits(module, `${name}_find`, keys.values.map((value) => keyBits(keys.dtype, value)));
  const width = WIDTH_BYTES[keys.dtype];
  return module.define(name, { params: PARAMS }, (f, { input, output, count, rows }) => {
    f.forRange({ to: count }, (j) => {
      const from = f.let(load.i32(input.add(j.shl(2))), 'from');
      const to = f.let(load.i32(output.add(j.shl(2))), 'to');
      f.forRange({ to: rows }, () => {
        const code =
          keys.dtype === 'utf8'
            ? f.call(find as Func<{ address: 'i32'; bytes: 'i32' }, 'i32'>, {
                address: load.i32(from),
                bytes: load.i32(from, 4),
              })
            : f.call(find as Func<{ key: 'i64' }, 'i32'>, { key: keyOf(keys.dtype, from) });
        f.store.i32(to, code);
        f.advance(from, width);
        f.advance(to, 4);
      });
    });
  });
}

/** An element as 64 bits, equal for equal keys. */
function keyOf(dtype: Exclude<QuadDType, 'utf8'>, address: I32): I64 {
  const bits = (value: F64): I64 => select(value.ne(value), i64(NAN_BITS), value.add(0).as_i64());
  switch (dtype) {
    case 'bool':
      return load.i8_u(address).extend_u();
    case 'i32':
      return load.i32(address).extend_s();
    case 'i64':
      return load.i64(address);
    case 'f32':
      return bits(load.f32(address).promote());
    case 'f64':
      return bits(load.f64(address));
  }
}

function keyBits(dtype: Exclude<QuadDType, 'utf8'>, value: number | bigint | boolean): bigint {
  if (dtype !== 'f32' && dtype !== 'f64') return BigInt.asUintN(64, BigInt(value));
  const number = Number(value);
  if (Number.isNaN(number)) return NAN_BITS;
  return new BigUint64Array(Float64Array.of(number === 0 ? 0 : number).buffer)[0]!;
}

function slotCount(keys: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(2, keys * 2)));
}

/** The top bits of a product with an odd constant. */
function slotOf(key: bigint, slots: number): number {
  return Number(((key * MULTIPLIER) & MASK64) >> BigInt(64 - Math.log2(slots)));
}

/** Slots of (key i64, code + 1 i32, extra i32); a code of 0 is an empty slot. */
function fillSlots(
  entries: readonly { readonly key: bigint; readonly code: number; readonly extra: number }[],
  slots: number,
): Uint8Array {
  const bytes = new Uint8Array(slots * SLOT_BYTES);
  const view = new DataView(bytes.buffer);
  for (const { key, code, extra } of entries) {
    let slot = slotOf(key, slots);
    while (view.getInt32(slot * SLOT_BYTES + 8, true) !== 0) slot = (slot + 1) % slots;
    view.setBigUint64(slot * SLOT_BYTES, key, true);
    view.setInt32(slot * SLOT_BYTES + 8, code + 1, true);
    view.setInt32(slot * SLOT_BYTES + 12, extra, true);
  }
  return bytes;
}

function emitProbe(
  f: FunctionBuilder,
  at: { key: I64; table: I32; slots: number; missing: number; found?: (slot: I32) => I32 },
): void {
  const { key, table, slots } = at;
  const slot = f.let(
    key
      .mul(BigInt.asIntN(64, MULTIPLIER))
      .shr_u(64 - Math.log2(slots))
      .wrap(),
    'slot',
  );
  f.loop(() => {
    const place = f.let(table.add(slot.mul(SLOT_BYTES)));
    f.if(load.i32(place, 8).eqz(), () => f.return(i32(at.missing)));
    const equal = load.i64(place).eq(key);
    f.if(equal, () => {
      if (at.found === undefined) f.return(load.i32(place, 8).sub(1));
      else f.if(at.found(place), () => f.return(load.i32(place, 8).sub(1)));
    });
    f.set(slot, slot.add(1).and(slots - 1));
  });
}

/** The code of 64 bits (unsigned), or how many keys there are. */
export function emitFindBits(
  module: ModuleBuilder,
  name: string,
  bits: readonly bigint[],
): Func<{ key: 'i64' }, 'i32'> {
  const slots = slotCount(bits.length);
  const entries = firstCodes(bits).map(([key, code]) => ({ key, code, extra: 0 }));
  const table = module.data(fillSlots(entries, slots));
  return module.define(name, { params: { key: 'i64' }, result: 'i32' }, (f, { key }) =>
    emitProbe(f, { key, table, slots, missing: bits.length }),
  );
}

/** Each key once, with the place at which it is first. */
function firstCodes<T>(keys: readonly T[]): readonly (readonly [T, number])[] {
  const codes = new Map<T, number>();
  keys.forEach((key, code) => {
    if (!codes.has(key)) codes.set(key, code);
  });
  return [...codes];
}

/**
 * The code of a text, or how many keys there are. Text is hashed by its length and all bytes; then compared whole.
 * Nothing past its end is read.
 */
export function emitFindText(
  module: ModuleBuilder,
  name: string,
  keys: readonly Uint8Array[],
): Func<{ address: 'i32'; bytes: 'i32' }, 'i32'> {
  const text = packBytes(keys);
  const slots = slotCount(keys.length);
  const entries = firstCodes(keys.map((bytes) => Buffer.from(bytes).toString('latin1'))).map(([, code]) => ({
    key: textKey(keys[code]!),
    code,
    extra: text.offsets[code]!,
  }));
  const table = module.data(fillSlots(entries, slots));
  const base = module.data(text.bytes);
  const equal = emitEqualBytes(module);
  return module.define(name, { params: { address: 'i32', bytes: 'i32' }, result: 'i32' }, (f, { address, bytes }) => {
    const key = f.let(emitTextKey(f, address, bytes), 'key');
    emitProbe(f, {
      key,
      table,
      slots,
      missing: keys.length,
      found: (slot) => f.call(equal, { a: address, b: base.add(load.i32(slot, 12)), bytes }),
    });
  });
}

interface Packed {
  readonly bytes: Uint8Array;
  readonly offsets: readonly number[];
  readonly lengths: readonly number[];
}

/** Texts one after the other. */
export function packTexts(values: readonly string[]): Packed {
  return packBytes(values.map((value) => new TextEncoder().encode(value)));
}

function packBytes(encoded: readonly Uint8Array[]): Packed {
  const offsets: number[] = [];
  let end = 0;
  for (const bytes of encoded) {
    offsets.push(end);
    end += bytes.length;
  }
  const bytes = new Uint8Array(Math.max(1, end));
  encoded.forEach((part, i) => bytes.set(part, offsets[i]!));
  return { bytes, offsets, lengths: encoded.map((part) => part.length) };
}

/**
 * Length and words of 8 bytes, the last of which ends with the text: each is mixed in by steps that can be undone, so
 * that texts which differ in one word have different keys, wherever it lies.
 */
function textKey(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let key = (BigInt(bytes.length) * MULTIPLIER) & MASK64;
  const take = (word: bigint): void => {
    const product = ((key ^ word) * MULTIPLIER) & MASK64;
    key = ((product << 32n) & MASK64) | (product >> 32n);
  };
  const last = bytes.length - 8;
  for (let at = 0; at < last; at += 8) take(view.getBigUint64(at, true));
  take(last >= 0 ? view.getBigUint64(last, true) : bytes.reduce((word, byte) => (word << 8n) | BigInt(byte), 0n));
  return key;
}

function emitTextKey(f: FunctionBuilder, address: I32, bytes: I32): I64 {
  const multiplier = BigInt.asIntN(64, MULTIPLIER);
  const key = f.let(bytes.extend_u().mul(multiplier));
  const take = (word: I64): void => f.set(key, key.xor(word).mul(multiplier).rotl(32));
  const word = f.local('i64', 'word');
  f.if(
    bytes.ge_u(8),
    () => {
      const last = f.let(address.add(bytes).sub(8), 'last');
      const at = f.let(address, 'at');
      f.while(
        () => at.lt_u(last),
        () => {
          take(load.i64(at));
          f.advance(at, 8);
        },
      );
      f.set(word, load.i64(last));
    },
    () => f.forRange({ to: bytes }, (i) => f.set(word, word.shl(8).or(load.i8_u(address.add(i)).extend_u()))),
  );
  take(word);
  return key;
}

/** Whether two ranges of memory are equal. */
export function emitEqualBytes(module: ModuleBuilder): Func<{ a: 'i32'; b: 'i32'; bytes: 'i32' }, 'i32'> {
  const signature = { params: { a: 'i32', b: 'i32', bytes: 'i32' }, result: 'i32' } as const;
  if (module.hasFunction('tile_equal_bytes')) return { name: 'tile_equal_bytes', ...signature };
  return module.define('tile_equal_bytes', signature, (f, { a, b, bytes }) => {
    f.while(
      () => bytes.ge_u(8),
      () => {
        f.if(load.i64(a).ne(load.i64(b)), () => f.return(0));
        f.advance(a, 8);
        f.advance(b, 8);
        f.advance(bytes, -8);
      },
    );
    f.while(
      () => bytes.ne(0),
      () => {
        f.if(load.i8_u(a).ne(load.i8_u(b)), () => f.return(0));
        f.advance(a, 1);
        f.advance(b, 1);
        f.advance(bytes, -1);
      },
    );
    f.return(1);
  });
}
