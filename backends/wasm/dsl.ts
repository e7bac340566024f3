/**
 * The DSL in which kernels and pipelines are written: functions of typed locals, structured control and statements
 * over the expressions of `values.ts` and `lanes.ts`. The only importer of binaryen.
 *
 * A module imports `env.memory` (shared) and, when it has constant data, the global `env.data_base`: the address
 * where its data segment of `dataBytes` bytes is put when it is instantiated. All code is position independent.
 */
import binaryen from 'binaryen';
import { withCompileHints } from './compile-hints.js';
import { Materialiser, type Emitter, type Target } from './materialise.js';
import { FunctionBuilder, type Func, type Locals, type Params } from './function-builder.js';
import { i32, valueOf, type I32, type ValType } from './values.js';

export { FunctionBuilder } from './function-builder.js';
export type { Args, Func, Label, Local, Locals, Operand, Params, Signature } from './function-builder.js';

export interface ModuleOptions {
  /** Fused multiply-add of the relaxed SIMD proposal. */
  readonly relaxedSimd?: boolean;
  readonly initialPages?: number;
  readonly maximumPages?: number;
}

const MEMORY = 'memory';
const DATA_BASE = 'data_base';
const DATA_ALIGNMENT_BYTES = 16;
const TYPES = {
  i32: binaryen.i32,
  i64: binaryen.i64,
  f32: binaryen.f32,
  f64: binaryen.f64,
  v128: binaryen.v128,
} as const;

export class ModuleBuilder {
  readonly relaxedSimd: boolean;
  readonly #module = new binaryen.Module();
  readonly #materialiser: Materialiser;
  readonly #imports = new Map<string, Func>();
  readonly #names = new Set<string>();
  readonly #data: { readonly offset: number; readonly bytes: Uint8Array }[] = [];
  readonly #dataOffsets = new Map<string, number>();
  readonly #exported = new Set<string>();
  /** Functions by name, in the order of the binary, with what they call. */
  readonly #calls = new Map<string, ReadonlySet<string>>();
  readonly #hot = new Set<string>();
  readonly #wide = new Set<string>();
  #dataBytes = 0;
  readonly #pages: { readonly initial: number; readonly maximum: number };
  #finished = false;
  #usesRelaxedSimd = false;

  constructor(options: ModuleOptions = {}) {
    this.relaxedSimd = options.relaxedSimd ?? false;
    this.#pages = { initial: options.initialPages ?? 1, maximum: options.maximumPages ?? 65_536 };
    const { Atomics, MutableGlobals, NontrappingFPToInt, SIMD128, BulkMemory, BulkMemoryOpt, SignExt, RelaxedSIMD } =
      binaryen.Features;
    this.#module.setFeatures(
      Atomics |
        MutableGlobals |
        NontrappingFPToInt |
        SIMD128 |
        BulkMemory |
        BulkMemoryOpt |
        SignExt |
        (this.relaxedSimd ? RelaxedSIMD : 0),
    );
    this.#setMemory([]);
    this.#materialiser = new Materialiser(
      this.#module as unknown as Target,
      { ...TYPES, none: binaryen.none },
      multiplyAdd(this.#module, this.relaxedSimd ? () => { this.#usesRelaxedSimd = true; } : undefined),
    );
  }

  /**
   * Whether an instruction so far needs relaxed SIMD: the engine may have to be asked for it before it takes the
   * module.
   */
  get usesRelaxedSimd(): boolean {
    return this.#usesRelaxedSimd;
  }

  /** Declares a function of the host, once for each name. */
  importFunction<const P extends Params, const R extends ValType | undefined = undefined>(
    name: string,
    signature: { readonly params: P; readonly result?: R },
    from = 'env',
  ): Func<P, R> {
    const known = this.#imports.get(name);
    if (known !== undefined) return known as unknown as Func<P, R>;
    const func: Func<P, R> = { name, params: signature.params, result: signature.result as R };
    this.#module.addFunctionImport(name, from, name, tupleOf(Object.values(func.params)), resultOf(func.result));
    this.#imports.set(name, func as unknown as Func);
    this.#names.add(name);
    return func;
  }

  /** A name no function has yet: `base`, or `base_2`, ... */
  freshName(base: string): string {
    if (!this.#names.has(base)) return base;
    for (let i = 2; ; i++) if (!this.#names.has(`${base}_${i}`)) return `${base}_${i}`;
  }

  hasFunction(name: string): boolean {
    return this.#names.has(name);
  }

  /**
   * Defines a function; `body` gets its parameters as locals. A function with a result ends in `f.return`. `wide`: V8
   * is to put pairs of its vectors in registers of 256 bits, where it can.
   */
  define<const P extends Params, const R extends ValType | undefined = undefined>(
    name: string,
    signature: { readonly params: P; readonly result?: R; readonly export?: boolean; readonly wide?: boolean },
    body: (f: FunctionBuilder, params: Locals<P>) => void,
  ): Func<P, R> {
    if (this.#names.has(name)) throw new Error(`the module already has a function ${name}`);
    this.#names.add(name);
    const builder = new FunctionBuilder(this.#module, this.#materialiser);
    const params = Object.fromEntries(
      Object.entries(signature.params).map(([local, type]) => [local, builder.local(type, local)]),
    ) as unknown as Locals<P>;
    body(builder, params);
    this.#addFunction(name, builder, { paramCount: Object.keys(signature.params).length, result: signature.result });
    if (signature.export === true) this.export({ name });
    if (signature.wide === true) this.#wide.add(name);
    return { name, params: signature.params, result: signature.result as R };
  }

  /** Exports a function under its own name; more than once has no effect. */
  export(func: { readonly name: string }): void {
    if (this.#exported.has(func.name)) return;
    this.#exported.add(func.name);
    this.#module.addFunctionExport(func.name, func.name);
  }

  /** Asks the engine to optimise the function, and what it calls, before it runs: see `compile-hints.ts`. */
  optimiseSoon(name: string): void {
    // V8 has to be asked for wide registers first, and is when the plan runs.
    for (const reached of this.#reachedFrom(name)) if (!this.#wide.has(reached)) this.#hot.add(reached);
  }

  /** Whether the function is wide, or one it calls. */
  reachesWide(name: string): boolean {
    return [...this.#reachedFrom(name)].some((reached) => this.#wide.has(reached));
  }

  /** The function, what it calls, and so on, as far as they are the module's own. */
  #reachedFrom(name: string): ReadonlySet<string> {
    const reached = new Set([name]);
    for (const caller of reached) for (const callee of this.#calls.get(caller) ?? []) reached.add(callee);
    return new Set([...reached].filter((one) => this.#calls.has(one)));
  }

  /** Puts constant bytes (equal ones once) in the module; gives the address at which they are when it runs. */
  data(bytes: Uint8Array): I32 {
    const key = Buffer.from(bytes).toString('latin1');
    let offset = this.#dataOffsets.get(key);
    if (offset === undefined) {
      offset = this.#dataBytes;
      this.#dataOffsets.set(key, offset);
      this.#data.push({ offset, bytes });
      this.#dataBytes = alignUp(offset + bytes.length);
    }
    return valueOf('i32', { kind: 'global', type: 'i32', name: DATA_BASE }).add(i32(offset));
  }

  /** Bytes the host must reserve at `env.data_base`; 0 when the module does not import it. */
  get dataBytes(): number {
    return this.#dataBytes;
  }

  addCustomSection(name: string, bytes: Uint8Array): void {
    this.#module.addCustomSection(name, bytes);
  }

  /** The WebAssembly binary; asserts that it is valid. */
  build(): Uint8Array<ArrayBuffer> {
    this.#finish();
    if (this.#module.validate() === 0) throw new Error('the generated module is not valid WebAssembly');
    const wasm = new Uint8Array(this.#module.emitBinary());
    if (this.#hot.size === 0) return wasm;
    return withCompileHints(wasm, [...this.#calls.keys()].map((name) => this.#hot.has(name)));
  }

  /** The text form, for golden tests. */
  text(): string {
    this.#finish();
    return this.#module.emitText();
  }

  /** Frees the memory of the compiler; the builder must not be used after. */
  dispose(): void {
    this.#module.dispose();
  }

  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    if (this.#dataBytes === 0) return;
    this.#module.addGlobalImport(DATA_BASE, 'env', DATA_BASE, binaryen.i32, false);
    const data = new Uint8Array(this.#dataBytes);
    for (const { offset, bytes } of this.#data) data.set(bytes, offset);
    this.#setMemory([{ offset: this.#module.global.get(DATA_BASE, binaryen.i32), data }]);
  }

  #addFunction(
    name: string,
    builder: FunctionBuilder,
    options: { readonly paramCount: number; readonly result: ValType | undefined },
  ): void {
    const { paramCount, result } = options;
    const { statements, locals } = builder.finish(result);
    this.#calls.set(name, builder.callees);
    const types = locals.map((local) => TYPES[local.type]);
    const body = this.#module.block(null, statements, result === undefined ? binaryen.none : binaryen.auto);
    const params = binaryen.createType(types.slice(0, paramCount));
    const func = this.#module.addFunction(name, params, resultOf(result), types.slice(paramCount), body);
    const seen = new Set<string>();
    locals.forEach((local, index) => {
      if (local.name === undefined) return;
      lowLevel.Function.setLocalName(func, index, seen.has(local.name) ? `${local.name}.${index}` : local.name);
      seen.add(local.name);
    });
  }

  /** Memory must exist before any load; setting it again only adds the segments. */
  #setMemory(segments: readonly binaryen.MemorySegment[]): void {
    this.#module.setMemory(this.#pages.initial, this.#pages.maximum, null, segments, true, false, MEMORY);
    this.#module.addMemoryImport(MEMORY, 'env', 'memory', true);
  }
}

function alignUp(bytes: number): number {
  return Math.ceil(bytes / DATA_ALIGNMENT_BYTES) * DATA_ALIGNMENT_BYTES;
}

function tupleOf(types: readonly ValType[]): number {
  return binaryen.createType(types.map((type) => TYPES[type]));
}

function resultOf(type: ValType | undefined): number {
  return type === undefined ? binaryen.none : TYPES[type];
}

/** Low-level entry points of binaryen.js which its typings leave out. */
interface LowLevel extends Readonly<Record<RelaxedOp, number>> {
  readonly Function: { setLocalName(func: number, index: number, name: string): void };
  _BinaryenSIMDTernary(module: number, op: number, a: number, b: number, c: number): number;
}

type RelaxedOp = `Relaxed${'Madd' | 'Nmadd'}VecF${'32x4' | '64x2'}`;
const lowLevel = binaryen as unknown as LowLevel;

/**
 * Multiply-add: one relaxed instruction, which `onRelaxed` is told of, or two roundings where the module has no relaxed
 * SIMD.
 */
function multiplyAdd(module: binaryen.Module, onRelaxed: (() => void) | undefined): ReadonlyMap<string, Emitter> {
  const emitters = new Map<string, Emitter>();
  const pointer = (module as unknown as { ptr: number }).ptr;
  for (const [shape, suffix] of [
    ['f32x4', 'F32x4'],
    ['f64x2', 'F64x2'],
  ] as const) {
    const { add, sub, mul } = module[shape];
    const fused =
      (op: RelaxedOp): Emitter =>
      (a, b, c) => {
        onRelaxed?.();
        return lowLevel._BinaryenSIMDTernary(pointer, lowLevel[op], a as number, b as number, c as number);
      };
    emitters.set(
      `${shape}.madd`,
      onRelaxed !== undefined
        ? fused(`RelaxedMaddVec${suffix}`)
        : (a, b, c) => add(mul(a as number, b as number), c as number),
    );
    emitters.set(
      `${shape}.nmadd`,
      onRelaxed !== undefined
        ? fused(`RelaxedNmaddVec${suffix}`)
        : (a, b, c) => sub(c as number, mul(a as number, b as number)),
    );
  }
  return emitters;
}
