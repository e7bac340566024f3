/**
 * Host functions: scalar primitives without a WASM form, by their meaning in `ir/scalar`. JavaScript per value, so
 * explain shows each; the arguments and the result are 32-byte slots as parameters are (plan.ts).
 * A slot holds a value in its physical width; what lies behind it is left over from other calls.
 */
import { castValue } from '../../ir/scalar/cast.js';
import { evaluate } from '../../ir/scalar/meaning.js';
import type { Value } from '../../ir/scalar/value.js';
import { dtypeInfo, type DType } from '../../ir/dtype.js';
import { decodeTensor, encodeTensor } from '../../ir/tensor-bytes.js';
import type { ScalarOp } from '../../ir/scalar.js';
import { PARAM_BYTES, PARAM_NULL_OFFSET, type HostFunction } from '../plan.js';

export type HostCall = (fn: number, args: number, result: number) => void;

export function createHost(options: {
  memory: WebAssembly.Memory;
  functions: readonly HostFunction[];
  alloc: (bytes: number) => number;
}): HostCall {
  const view = new DataView(options.memory.buffer);
  // A text that begins with a byte order mark keeps it.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return (index, args, result) => {
    const fn = options.functions[index]!;
    const values = fn.args.map((dtype, i) => read(view, (args >>> 0) + i * PARAM_BYTES, dtype, decoder));
    const value = fn.cast === undefined
      ? evaluate(fn.op as ScalarOp, values, fn.args)
      : castValue(values[0]!, { from: fn.args[0]!, to: fn.cast.to, attempt: fn.cast.attempt });
    write(view, result >>> 0, { dtype: fn.result, value, alloc: options.alloc });
  };
}

function read(view: DataView, at: number, dtype: DType, decoder: InstanceType<typeof TextDecoder>): Value {
  if (view.getUint8(at + PARAM_NULL_OFFSET) !== 0) return null;
  switch (dtypeInfo(dtype).physical) {
    case 'bytes': {
      const bytes = new Uint8Array(view.buffer, view.getUint32(at, true), view.getUint32(at + 4, true)).slice();
      return dtype === 'blob' ? bytes : decoder.decode(bytes);
    }
    case 'f64': return view.getFloat64(at, true);
    case 'f32': return view.getFloat32(at, true);
    case 'f16':
    case 'bf16':
      return decodeTensor(dtype, [1], new Uint8Array(view.buffer, at, 2).slice()).data[0] as number;
    case 'i8': return view.getInt8(at);
    case 'i16': return view.getInt16(at, true);
    case 'u8': return dtype === 'bool' ? view.getUint8(at) !== 0 : view.getUint8(at);
    case 'u16': return view.getUint16(at, true);
    case 'i64': return view.getBigInt64(at, true);
    case 'u64': return view.getBigUint64(at, true);
    case 'u32': return view.getUint32(at, true);
    case 'i128':
      return {
        months: view.getInt32(at, true),
        days: view.getInt32(at + 4, true),
        microseconds: view.getBigInt64(at + 8, true),
      };
    case 'i32': return view.getInt32(at, true);
  }
}

function write(
  view: DataView,
  at: number,
  options: { dtype: DType; value: Value; alloc: (bytes: number) => number },
): void {
  const { dtype, value } = options;
  view.setUint8(at + PARAM_NULL_OFFSET, value === null ? 1 : 0);
  if (value === null) return;
  switch (dtypeInfo(dtype).physical) {
    case 'bytes': {
      const bytes = typeof value === 'string' ? Buffer.from(value) : (value as Uint8Array);
      const address = options.alloc(bytes.byteLength) >>> 0;
      new Uint8Array(view.buffer, address, bytes.byteLength).set(bytes);
      view.setUint32(at, address, true);
      return view.setUint32(at + 4, bytes.byteLength, true);
    }
    case 'f64': return view.setFloat64(at, value as number, true);
    case 'f32': return view.setFloat32(at, value as number, true);
    case 'f16':
    case 'bf16':
      return new Uint8Array(view.buffer, at, 2).set(
        encodeTensor({ dtype, dims: [1], data: Float32Array.of(value as number) }),
      );
    case 'i64': case 'u64': return view.setBigInt64(at, BigInt.asIntN(64, value as bigint), true);
    case 'i128': {
      const interval = value as { months: number; days: number; microseconds: bigint };
      view.setInt32(at, interval.months, true);
      view.setInt32(at + 4, interval.days, true);
      return view.setBigInt64(at + 8, interval.microseconds, true);
    }
    default: return view.setInt32(at, Number(value), true);
  }
}
