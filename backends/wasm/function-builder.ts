/**
 * Writes the body of one function: typed locals, statements and structured control over the expressions of `values.ts`.
 * Statements become code at once, in the order of the calls; see `dsl.ts` for modules.
 */
import type { Materialiser } from './materialise.js';
import {
  constant,
  i32,
  valueOf,
  type I32,
  type F32,
  type F64,
  type I64,
  type V128,
  type Value,
  type ValType,
  type ValueOf,
} from './values.js';

export type Params = Readonly<Record<string, ValType>>;
export interface Signature<P extends Params = Params, R extends ValType | undefined = ValType | undefined> {
  readonly params: P;
  readonly result: R;
}

/** A function that can be called; the callee may be defined later than its caller. */
export interface Func<P extends Params = Params, R extends ValType | undefined = ValType | undefined> extends Signature<
  P,
  R
> {
  readonly name: string;
}

type Constant<T extends ValType> = T extends 'v128' ? never : T extends 'i64' ? number | bigint : number;
export type Operand<T extends ValType> = ValueOf[T] | Constant<T>;
export type Args<P extends Params> = { readonly [K in keyof P]: Operand<P[K]> };
/** A local is the value it holds at the time it is read. */
export type Local<T extends ValType> = ValueOf[T] & { readonly local: number };
export type Locals<P extends Params> = { readonly [K in keyof P]: Local<P[K]> };

export interface NamedLocal {
  readonly type: ValType;
  readonly name: string | undefined;
}

/** The statements of a code generator. */
export interface Assembler {
  readonly local: { set(index: number, value: number): number };
  readonly i32: {
    readonly atomic: {
      store(offset: number, address: number, value: number): number;
      readonly rmw: { add(offset: number, address: number, value: number): number };
    };
  };
  readonly v128: {
    store32_lane(offset: number, align: number, lane: number, address: number, vector: number): number;
    store64_lane(offset: number, align: number, lane: number, address: number, vector: number): number;
  };
  readonly memory: {
    copy(to: number, from: number, bytes: number): number;
    fill(to: number, byte: number, bytes: number): number;
  };
  call(name: string, operands: number[], type: number): number;
  if(condition: number, yes: number, no?: number): number;
  block(label: string | null, children: number[], type?: number): number;
  loop(label: string, body: number): number;
  switch(labels: string[], otherwise: string, condition: number): number;
  br(label: string, condition?: number): number;
  return(value?: number): number;
  unreachable(): number;
}

/** Where `break` leaves a block or loop, and `continue` begins its next round. */
export interface Label {
  break(condition?: I32): void;
  continue(condition?: I32): void;
}

export class FunctionBuilder {
  readonly #module: Assembler;
  readonly #materialiser: Materialiser;
  readonly #locals: NamedLocal[] = [];
  #statements: number[] = [];
  #labels = 0;
  /** What ended regions have left to later ones, and the locals of the region under way. */
  readonly #free = new Map<ValType, number[]>();
  /** Names of the functions it calls. */
  readonly callees = new Set<string>();
  #region: { readonly type: ValType; readonly index: number }[] | undefined;

  constructor(module: Assembler, materialiser: Materialiser) {
    this.#module = module;
    this.#materialiser = materialiser;
  }

  /** A new local, 0 at first; in a region, whenever its code begins anew. */
  local<T extends ValType>(type: T, name?: string): Local<T> {
    const local = this.#unset(type, name);
    if (this.#region !== undefined) this.set(local, zeroOf(type) as unknown as Operand<T>);
    return local;
  }

  /** A new local holding `value` as it is now. */
  let<V extends Value>(value: V, name?: string): Local<V['type']> {
    const local = this.#unset(value.type as V['type'], name);
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
    i32: (address: I32, value: I32 | number, offset = 0): void =>
      this.#store('i32.store', 'i32', address, value, offset),
    i8: (address: I32, value: I32 | number, offset = 0): void =>
      this.#store('i32.store8', 'i32', address, value, offset),
    i16: (address: I32, value: I32 | number, offset = 0): void =>
      this.#store('i32.store16', 'i32', address, value, offset),
    i64: (address: I32, value: I64 | number | bigint, offset = 0): void =>
      this.#store('i64.store', 'i64', address, value, offset),
    f32: (address: I32, value: F32 | number, offset = 0): void =>
      this.#store('f32.store', 'f32', address, value, offset),
    f64: (address: I32, value: F64 | number, offset = 0): void =>
      this.#store('f64.store', 'f64', address, value, offset),
    v128: (address: I32, value: V128, offset = 0): void => this.#store('v128.store', 'v128', address, value, offset),
    lane32: (address: I32, value: V128, options: { readonly lane: number; readonly offset?: number }): void =>
      this.#push(
        this.#module.v128.store32_lane(
          options.offset ?? 0,
          4,
          options.lane,
          this.#emit('i32', address),
          this.#emit('v128', value),
        ),
      ),
    lane64: (address: I32, value: V128, options: { readonly lane: number; readonly offset?: number }): void =>
      this.#push(
        this.#module.v128.store64_lane(
          options.offset ?? 0,
          8,
          options.lane,
          this.#emit('i32', address),
          this.#emit('v128', value),
        ),
      ),
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
    const before = this.#unset('i32');
    this.#push(
      this.#module.local.set(
        before.local,
        this.#module.i32.atomic.rmw.add(offset, this.#emit('i32', address), this.#emit('i32', amount)),
      ),
    );
    return before;
  }

  /** Calls; the result, if there is one, is kept in a new local. */
  call<P extends Params, R extends ValType | undefined>(
    func: Func<P, R>,
    args: Args<P>,
  ): R extends ValType ? Local<R> : void {
    const operands = Object.entries(func.params).map(([name, type]) =>
      this.#emit(type, args[name] as Operand<ValType>),
    );
    this.callees.add(func.name);
    const call = this.#module.call(func.name, operands, this.#materialiser.typeOf(func.result));
    if (func.result === undefined) {
      this.#push(call);
      return undefined as never;
    }
    const result = this.#unset(func.result as ValType);
    this.#push(this.#module.local.set(result.local, call));
    return result as never;
  }

  if(condition: I32, then: () => void, otherwise?: () => void): void {
    const test = this.#emit('i32', condition);
    const yes = this.#nested(then);
    this.#push(this.#module.if(test, yes, otherwise === undefined ? undefined : this.#nested(otherwise)));
  }

  /** Runs `body`, whose locals later regions take over: nothing that it makes may be read behind it. */
  region(body: () => void): void {
    const outer = this.#region;
    this.#region = [];
    body();
    for (const { type, index } of this.#region) {
      const left = this.#free.get(type) ?? [];
      left.push(index);
      this.#free.set(type, left);
    }
    this.#region = outer;
  }

  /** A block that `break` leaves early. */
  block(body: (label: { readonly break: Label['break'] }) => void): void {
    const end = `end${this.#labels++}`;
    const inner = this.#nested(() => body({ break: (condition) => this.#branch(end, condition) }));
    this.#push(this.#module.block(end, [inner], this.#materialiser.none));
  }

  /** Runs `body` again and again until a `break`. */
  loop(body: (label: Label) => void): void {
    const [end, head] = [`end${this.#labels}`, `loop${this.#labels++}`];
    const inner = this.#nested(() => {
      body({
        break: (condition) => this.#branch(end, condition),
        continue: (condition) => this.#branch(head, condition),
      });
      this.#branch(head);
    });
    this.#push(this.#module.block(end, [this.#module.loop(head, inner)], this.#materialiser.none));
  }

  while(condition: () => I32, body: (label: Label) => void): void {
    this.loop((label) => {
      label.break(condition().eqz());
      body(label);
    });
  }

  /** `for (i = from; i < to; i += step)`, signed; `to` is read anew each round, so keep it in a local or constant. */
  forRange(
    range: { readonly from?: I32 | number; readonly to: I32 | number; readonly step?: number },
    body: (i: Local<'i32'>, label: Label) => void,
  ): void {
    const i = this.let(operand(range.from ?? 0));
    const to = operand(range.to);
    const [end, head, next] = [`end${this.#labels}`, `loop${this.#labels}`, `next${this.#labels++}`];
    const inner = this.#nested(() => {
      const round = this.#nested(() =>
        body(i, {
          break: (condition) => this.#branch(end, condition),
          continue: (condition) => this.#branch(next, condition),
        }),
      );
      this.#push(this.#module.block(next, [round], this.#materialiser.none));
      this.advance(i, range.step ?? 1);
      this.#branch(head, i.lt_s(to));
    });
    this.#push(
      this.#module.block(
        end,
        [this.#module.if(this.#emit('i32', i.lt_s(to)), this.#module.loop(head, inner))],
        this.#materialiser.none,
      ),
    );
  }

  /** Runs case `index`, else `otherwise`. */
  switch(index: I32, cases: readonly (() => void)[], otherwise: () => void): void {
    const end = `end${this.#labels}`;
    const names = [...cases.map((_, i) => `case${this.#labels}_${i}`), `default${this.#labels++}`];
    let inner = this.#module.switch(names.slice(0, -1), names[names.length - 1]!, this.#emit('i32', index));
    [...cases, otherwise].forEach((body, i) => {
      const code = this.#nested(() => {
        body();
        this.#branch(end);
      });
      inner = this.#module.block(null, [this.#module.block(names[i]!, [inner], this.#materialiser.none), code]);
    });
    this.#push(this.#module.block(end, [inner], this.#materialiser.none));
  }

  return(value?: Value | number): void {
    const result = typeof value === 'number' ? i32(value) : value;
    this.#push(this.#module.return(result === undefined ? undefined : this.#materialiser.emit(result.code)));
  }

  /** Ends the run with a WebAssembly trap: a state our own code must not reach. */
  trap(): void {
    this.#push(this.#module.unreachable());
  }

  /** For `ModuleBuilder.define`: the statements, and all locals, parameters first. */
  finish(result: ValType | undefined): { readonly statements: number[]; readonly locals: readonly NamedLocal[] } {
    if (result !== undefined) this.#push(this.#module.unreachable());
    return { statements: this.#statements, locals: this.#locals };
  }

  #unset<T extends ValType>(type: T, name?: string): Local<T> {
    const left = this.#region === undefined ? undefined : this.#free.get(type)?.pop();
    const index = left ?? this.#locals.length;
    if (left === undefined) this.#locals.push({ type, name });
    this.#region?.push({ type, index });
    return Object.assign(valueOf(type, { kind: 'local', type, index }), { local: index }) as unknown as Local<T>;
  }

  #store(op: string, type: ValType, address: I32, value: Value | number | bigint, offset: number): void {
    this.#push(
      this.#materialiser.store(op, { offset, address: this.#emit('i32', address), value: this.#emit(type, value) }),
    );
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

function zeroOf(type: ValType): Value {
  return type === 'v128' ? valueOf(type, { kind: 'const', type, value: new Uint8Array(16) }) : constant(type, 0);
}

function operand(value: I32 | number): I32 {
  return typeof value === 'number' ? i32(value) : value;
}
