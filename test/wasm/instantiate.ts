/** Runs generated modules in tests: one fresh shared memory, the data segment at 1 KiB, a bump allocator above it. */
import type { ModuleBuilder } from '../../backends/wasm/dsl.js';

export interface Running {
  readonly memory: WebAssembly.Memory;
  readonly buffer: ArrayBuffer;
  call(name: string, ...args: (number | bigint)[]): number;
  /** Reserves bytes, 64-byte aligned, zeroed. */
  reserve(byteLength: number): number;
  put(values: Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array): number;
}

const DATA_BASE = 1024;
const PAGES = 4096;

export function run(
  builder: ModuleBuilder,
  imports: Readonly<Record<string, (...args: number[]) => number | void>> = {},
): Running {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: 65_536, shared: true });
  const base = new WebAssembly.Global({ value: 'i32' }, DATA_BASE);
  const module = new WebAssembly.Module(builder.build());
  const instance = new WebAssembly.Instance(module, { env: { memory, data_base: base, ...imports } });
  let next = Math.ceil((DATA_BASE + builder.dataBytes) / 4096) * 4096;
  builder.dispose();
  const reserve = (byteLength: number): number => {
    const address = next;
    next = Math.ceil((next + byteLength + 64) / 64) * 64;
    if (next > PAGES * 65_536) throw new Error('the test memory is too small');
    return address;
  };
  const buffer = memory.buffer as unknown as ArrayBuffer;
  return {
    memory,
    buffer,
    reserve,
    call: (name, ...args) => (instance.exports[name] as (...args: (number | bigint)[]) => number)(...args),
    put: (values) => {
      const address = reserve(values.byteLength);
      new Uint8Array(buffer).set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), address);
      return address;
    },
  };
}
