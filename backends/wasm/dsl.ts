/**
 * The DSL in which kernels and pipelines are written: functions of typed locals, structured control and statements
 * over the expressions of `values.ts` and `lanes.ts`. The only importer of binaryen.
 *
 * A module imports `env.memory` (shared) and, when it has constant data, the global `env.data_base`: the address
 * where its data segment of `dataBytes` bytes is put when it is instantiated. All code is position independent.
 */
import binaryen from 'binaryen';
import { Materialiser, type Emitter, type Target } from './materialise.js';
import { constant, i32, valueOf, type I32, type F32, type F64, type I64, type V128, type Value, type ValType, type ValueOf } from './values.js';

export type Params = Readonly<Record<string, ValType>>;
export interface Signature<P extends Params = Params, R extends ValType | undefined = ValType | undefined> {
  readonly params: P;
  readonly result: R;
}
/** A function that can be called; the callee may be defined later than its caller. */
export interface Func<P extends Params = Params, R extends ValType | undefined = ValType | undefined> extends Signature<P, R> {
  readonly name: string;
}
type Constant<T extends ValType> = T extends 'v128' ? never : T extends 'i64' ? number | bigint : number;
export type Operand<T extends ValType> = ValueOf[T] | Constant<T>;
export type Args<P extends Params> = { readonly [K in keyof P]: Operand<P[K]> };
/** A local is the value it holds at the time it is read. */
export type Local<T extends ValType> = ValueOf[T] & { readonly local: number };
export type Locals<P extends Params> = { readonly [K in keyof P]: Local<P[K]> };

export interface ModuleOptions {
  /** Fused multiply-add of the relaxed SIMD proposal. */
  readonly relaxedSimd?: boolean;
  readonly initialPages?: number;
  readonly maximumPages?: number;
}

const MEMORY = 'memory';
const DATA_BASE = 'data_base';
const DATA_ALIGNMENT_BYTES = 16;
const TYPES = { i32: binaryen.i32, i64: binaryen.i64, f32: binaryen.f32, f64: binaryen.f64, v128: binaryen.v128 } as const;

export class ModuleBuilder {
  readonly relaxedSimd: boolean;
  readonly #module = new binaryen.Module();
  readonly #materialiser: Materialiser;
  readonly #imports = new Map<string, Func>();
  readonly #names = new Set<string>();
  readonly #data: { readonly offset: number; readonly bytes: Uint8Array }[] = [];
  readonly #dataOffsets = new Map<string, number>();
  readonly #exported = new Set<string>();
  #dataBytes = 0;
  readonly #pages: { readonly initial: number; readonly maximum: number };
  #finished = false;

  constructor(options: ModuleOptions = {}) {
    this.relaxedSimd = options.relaxedSimd ?? false;
    this.#pages = { initial: options.initialPages ?? 1, maximum: options.maximumPages ?? 65_536 };
    const { Atomics, MutableGlobals, NontrappingFPToInt, SIMD128, BulkMemory, BulkMemoryOpt, SignExt, RelaxedSIMD } = binaryen.Features;
    this.#module.setFeatures(Atomics | MutableGlobals | NontrappingFPToInt | SIMD128 | BulkMemory | BulkMemoryOpt | SignExt | (this.relaxedSimd ? RelaxedSIMD : 0));
    this.#setMemory([]);
    this.#materialiser = new Materialiser(this.#module as unknown as Target, TYPES, multiplyAdd(this.#module, this.relaxedSimd));
  }

  /** Declares a function of the host, once for each name. */
  importFunction<const P extends Params, const R extends ValType | undefined = undefined>(name: string, signature: { readonly params: P; readonly result?: R }, from = 'env'): Func<P, R> {
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

  /** Defines a function; `body` gets its parameters as locals. A function with a result ends in `f.return`. */
  define<const P extends Params, const R extends ValType | undefined = undefined>(
    name: string, signature: { readonly params: P; readonly result?: R; readonly export?: boolean }, body: (f: FunctionBuilder, params: Locals<P>) => void,
  ): Func<P, R> {
    if (this.#names.has(name)) throw new Error(`the module already has a function ${name}`);
    this.#names.add(name);
    const builder = new FunctionBuilder(this.#module, this.#materialiser);
    const params = Object.fromEntries(Object.entries(signature.params).map(([local, type]) => [local, builder.local(type, local)])) as unknown as Locals<P>;
    body(builder, params);
    builder.finish(name, { paramCount: Object.keys(signature.params).length, result: signature.result });
    if (signature.export === true) this.export({ name });
    return { name, params: signature.params, result: signature.result as R };
  }

  /** Exports a function under its own name; more than once has no effect. */
  export(func: { readonly name: string }): void {
    if (this.#exported.has(func.name)) return;
    this.#exported.add(func.name);
    this.#module.addFunctionExport(func.name, func.name);
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
    return new Uint8Array(this.#module.emitBinary());
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

  /** Memory must exist before any load; setting it again only adds the segments. */
  #setMemory(segments: readonly binaryen.MemorySegment[]): void {
    this.#module.setMemory(this.#pages.initial, this.#pages.maximum, null, segments, true, false, MEMORY);
    this.#module.addMemoryImport(MEMORY, 'env', 'memory', true);
  }
}

/** Where `break` leaves a block or loop, and `continue` begins its next round. */
export interface Label {
  break(condition?: I32): void;
  continue(condition?: I32): void;
}

export class FunctionBuilder {
  readonly #module: binaryen.Module;
  readonly #materialiser: Materialiser;
  readonly #locals: { readonly type: ValType; readonly name: string | undefined }[] = [];
  #statements: number[] = [];
  #labels = 0;

  constructor(module: binaryen.Module, materialiser: Materialiser) {
    this.#module = module;
    this.#materialiser = materialiser;
  }

  /** A new local, 0 at first. */
  local<T extends ValType>(type: T, name?: string): Local<T> {
    const index = this.#locals.length;
    this.#locals.push({ type, name });
    return Object.assign(valueOf(type, { kind: 'local', type, index }), { local: index }) as unknown as Local<T>;
  }

  /** A new local holding `value` as it is now. */
  let<V extends Value>(value: V, name?: string): Local<V['type']> {
    const local = this.local(value.type as V['type'], name);
    this.set(local, value as unknown as Operand<V['type']>);
    return local;
  }

  set<T extends ValType>(local: Local<T>, value: Operand<T>): void {
    const { type } = local as unknown as { type: ValType };
    this.#push(this.#module.local.set(local.local, this.#emit(type, value)));
  }

  /** local += amount, for counters and pointers. */
  advance(local: Local<'i32'>, amount: I32 | number): void {
    this.set(local, local.add(amount));
  }

  readonly store = {
    i32: (address: I32, value: I32 | number, offset = 0): void => this.#store('i32.store', 'i32', address, value, offset),
    i8: (address: I32, value: I32 | number, offset = 0): void => this.#store('i32.store8', 'i32', address, value, offset),
    i16: (address: I32, value: I32 | number, offset = 0): void => this.#store('i32.store16', 'i32', address, value, offset),
    i64: (address: I32, value: I64 | number | bigint, offset = 0): void => this.#store('i64.store', 'i64', address, value, offset),
    f32: (address: I32, value: F32 | number, offset = 0): void => this.#store('f32.store', 'f32', address, value, offset),
    f64: (address: I32, value: F64 | number, offset = 0): void => this.#store('f64.store', 'f64', address, value, offset),
    v128: (address: I32, value: V128, offset = 0): void => this.#store('v128.store', 'v128', address, value, offset),
    lane32: (address: I32, value: V128, options: { readonly lane: number; readonly offset?: number }): void =>
      this.#push(this.#module.v128.store32_lane(options.offset ?? 0, 4, options.lane, this.#emit('i32', address), this.#emit('v128', value))),
    lane64: (address: I32, value: V128, options: { readonly lane: number; readonly offset?: number }): void =>
      this.#push(this.#module.v128.store64_lane(options.offset ?? 0, 8, options.lane, this.#emit('i32', address), this.#emit('v128', value))),
    atomic_i32: (address: I32, value: I32 | number, offset = 0): void =>
      this.#push(this.#module.i32.atomic.store(offset, this.#emit('i32', address), this.#emit('i32', value))),
  } as const;

  /** memory.copy; the ranges may overlap. */
  copy(to: I32, from: I32, bytes: I32 | number): void {
    this.#push(this.#module.memory.copy(this.#emit('i32', to), this.#emit('i32', from), this.#emit('i32', bytes)));
  }

  fill(to: I32, byte: I32 | number, bytes: I32 | number): void {
    this.#push(this.#module.memory.fill(this.#emit('i32', to), this.#emit('i32', byte), this.#emit('i32', bytes)));
  }

  /** Atomically adds; gives the value before. */
  atomicAdd(address: I32, amount: I32 | number, offset = 0): Local<'i32'> {
    const before = this.local('i32');
    this.#push(this.#module.local.set(before.local, this.#module.i32.atomic.rmw.add(offset, this.#emit('i32', address), this.#emit('i32', amount))));
    return before;
  }

  /** Calls; the result, if there is one, is kept in a new local. */
  call<P extends Params, R extends ValType | undefined>(func: Func<P, R>, args: Args<P>): R extends ValType ? Local<R> : void {
    const operands = Object.entries(func.params).map(([name, type]) => this.#emit(type, args[name] as Operand<ValType>));
    const call = this.#module.call(func.name, operands, resultOf(func.result));
    if (func.result === undefined) {
      this.#push(call);
      return undefined as never;
    }
    const result = this.local(func.result as ValType);
    this.#push(this.#module.local.set(result.local, call));
    return result as never;
  }

  if(condition: I32, then: () => void, otherwise?: () => void): void {
    const test = this.#emit('i32', condition);
    const yes = this.#nested(then);
    this.#push(this.#module.if(test, yes, otherwise === undefined ? undefined : this.#nested(otherwise)));
  }

  /** A block that `break` leaves early. */
  block(body: (label: { readonly break: Label['break'] }) => void): void {
    const end = `end${this.#labels++}`;
    const inner = this.#nested(() => body({ break: (condition) => this.#branch(end, condition) }));
    this.#push(this.#module.block(end, [inner], binaryen.none));
  }

  /** Runs `body` again and again until a `break`. */
  loop(body: (label: Label) => void): void {
    const [end, head] = [`end${this.#labels}`, `loop${this.#labels++}`];
    const inner = this.#nested(() => {
      body({ break: (condition) => this.#branch(end, condition), continue: (condition) => this.#branch(head, condition) });
      this.#branch(head);
    });
    this.#push(this.#module.block(end, [this.#module.loop(head, inner)], binaryen.none));
  }

  while(condition: () => I32, body: (label: Label) => void): void {
    this.loop((label) => {
      label.break(condition().eqz());
      body(label);
    });
  }

  /** `for (i = from; i < to; i += step)`, signed; `to` is read anew each round, so keep it in a local or constant. */
  forRange(range: { readonly from?: I32 | number; readonly to: I32 | number; readonly step?: number }, body: (i: Local<'i32'>, label: Label) => void): void {
    const i = this.let(operand(range.from ?? 0));
    const to = operand(range.to);
    const [end, head, next] = [`end${this.#labels}`, `loop${this.#labels}`, `next${this.#labels++}`];
    const inner = this.#nested(() => {
      const round = this.#nested(() => body(i, { break: (condition) => this.#branch(end, condition), continue: (condition) => this.#branch(next, condition) }));
      this.#push(this.#module.block(next, [round], binaryen.none));
      this.advance(i, range.step ?? 1);
      this.#branch(head, i.lt_s(to));
    });
    this.#push(this.#module.block(end, [this.#module.if(this.#emit('i32', i.lt_s(to)), this.#module.loop(head, inner))], binaryen.none));
  }

  /** Runs case `index`, else `otherwise`. */
  switch(index: I32, cases: readonly (() => void)[], otherwise: () => void): void {
    const end = `end${this.#labels}`;
    const names = [...cases.map((_, i) => `case${this.#labels}_${i}`), `default${this.#labels++}`];
    let inner = this.#module.switch(names.slice(0, -1), names[names.length - 1]!, this.#emit('i32', index));
    [...cases, otherwise].forEach((body, i) => {
      const code = this.#nested(() => { body(); this.#branch(end); });
      inner = this.#module.block(null, [this.#module.block(names[i]!, [inner], binaryen.none), code]);
    });
    this.#push(this.#module.block(end, [inner], binaryen.none));
  }

  return(value?: Value | number): void {
    const result = typeof value === 'number' ? i32(value) : value;
    this.#push(this.#module.return(result === undefined ? undefined : this.#materialiser.emit(result.code)));
  }

  /** Ends the run with a WebAssembly trap: a state our own code must not reach. */
  trap(): void {
    this.#push(this.#module.unreachable());
  }

  /** For `ModuleBuilder.define`. */
  finish(name: string, options: { readonly paramCount: number; readonly result: ValType | undefined }): void {
    const types = this.#locals.map((local) => TYPES[local.type]);
    if (options.result !== undefined) this.#push(this.#module.unreachable());
    const body = this.#module.block(null, this.#statements, options.result === undefined ? binaryen.none : binaryen.auto);
    const func = this.#module.addFunction(name, binaryen.createType(types.slice(0, options.paramCount)), resultOf(options.result), types.slice(options.paramCount), body);
    const seen = new Set<string>();
    this.#locals.forEach((local, index) => {
      if (local.name === undefined) return;
      lowLevel.Function.setLocalName(func, index, seen.has(local.name) ? `${local.name}.${index}` : local.name);
      seen.add(local.name);
    });
  }

  #store(op: string, type: ValType, address: I32, value: Value | number | bigint, offset: number): void {
    this.#push(this.#materialiser.store(op, { offset, address: this.#emit('i32', address), value: this.#emit(type, value) }));
  }

  #emit(type: ValType, value: Value | number | bigint): number {
    return this.#materialiser.emit(typeof value === 'object' ? value.code : constant(type as 'i32', value).code);
  }

  #branch(label: string, condition?: I32): void {
    this.#push(this.#module.br(label, condition === undefined ? undefined : this.#emit('i32', condition)));
  }

  #nested(body: () => void): number {
    const outer = this.#statements;
    this.#statements = [];
    body();
    const block = this.#module.block(null, this.#statements);
    this.#statements = outer;
    return block;
  }

  #push(statement: number): void {
    this.#statements.push(statement);
  }
}

function operand(value: I32 | number): I32 {
  return typeof value === 'number' ? i32(value) : value;
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

/** Multiply-add: one relaxed instruction, or two roundings where the module has no relaxed SIMD. */
function multiplyAdd(module: binaryen.Module, relaxedSimd: boolean): ReadonlyMap<string, Emitter> {
  const emitters = new Map<string, Emitter>();
  const pointer = (module as unknown as { ptr: number }).ptr;
  for (const [shape, suffix] of [['f32x4', 'F32x4'], ['f64x2', 'F64x2']] as const) {
    const { add, sub, mul } = module[shape];
    const fused = (op: RelaxedOp): Emitter => (a, b, c) => lowLevel._BinaryenSIMDTernary(pointer, lowLevel[op], a as number, b as number, c as number);
    emitters.set(`${shape}.madd`, relaxedSimd ? fused(`RelaxedMaddVec${suffix}`) : (a, b, c) => add(mul(a as number, b as number), c as number));
    emitters.set(`${shape}.nmadd`, relaxedSimd ? fused(`RelaxedNmaddVec${suffix}`) : (a, b, c) => sub(c as number, mul(a as number, b as number)));
  }
  return emitters;
}
