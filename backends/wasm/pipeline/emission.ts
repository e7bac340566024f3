/**
 * What the code of a plan shares: the module, the places in memory, the imports and the support functions emitted on
 * demand; and `Scope`, one function being written, with the values already computed at the point where it stands.
 *
 * Invariant of `Scope`: a remembered value is used only where its computation dominates; what is computed in a branch
 * or loop body is forgotten at its end.
 */
import type { DType } from '../../../ir/dtype.js';
import type { Expr } from '../../../ir/node.js';
import type { TensorData } from '../../../ir/tensor-data.js';
import type { HostFunction, ParameterSlot, WeightSlot } from '../../../runtime/plan.js';
import type { PlanLayout } from '../../relational/layout.js';
import type { FunctionBuilder, Func, Label, Local, ModuleBuilder } from '../dsl.js';
import { registersOf, zeroParts, type SqlValue } from '../expression/value.js';
import type { KernelTier } from '../kernel-tier.js';
import { i32, type I32, type Value, type ValType } from '../values.js';
import type { Row } from './row.js';

/** A weight as a plan asks the file for it. */
export type StoredWeight = Pick<WeightSlot, 'model' | 'hash' | 'layout'>;

/** The state of one plan's compilation. */
export interface Emission {
  readonly module: ModuleBuilder;
  readonly layout: PlanLayout;
  readonly parameters: readonly ParameterSlot[];
  readonly hostFunctions: HostFunction[];
  readonly weights: WeightSlot[];
  readonly tensors: TensorData;
  readonly tier: KernelTier;
  readonly isStored: (weight: StoredWeight) => boolean;
  /** Functions every plan may need, emitted when first asked for. */
  readonly support: Map<string, Func>;
  /** Places in local which every plan may need, allocated when first asked for. */
  readonly places: Map<string, number>;
  /** How much of the code so far takes text from the arena. */
  readonly arena: { uses: number };
}

/** A place in local that all pipelines of the plan share, such as the string arena's header. */
export function localPlace(emission: Emission, name: string, bytes: number): number {
  let offset = emission.places.get(name);
  if (offset === undefined) {
    offset = emission.layout.local.allocate(bytes);
    emission.places.set(name, offset);
  }
  return offset;
}

/** The support function `name`, defined by `define` at its first use. */
export function support<F extends Func>(emission: Emission, name: string, define: (module: ModuleBuilder) => F): F {
  const known = emission.support.get(name);
  if (known !== undefined) return known as F;
  const func = define(emission.module);
  emission.support.set(name, func);
  return func;
}

const TEXT = new TextEncoder();

/** Constant text in the module. */
export function textData(emission: Emission, text: string): { readonly address: I32; readonly length: number } {
  const bytes = TEXT.encode(text);
  return { address: bytes.length === 0 ? i32(0) : emission.module.data(bytes), length: bytes.length };
}

type Remembered = Map<object, Map<object, SqlValue>>;

/** Leaves the current row, or (`stop`) the whole run. */
export interface Flow {
  readonly next: Label['continue'];
  readonly stop: () => void;
}

export class Scope {
  readonly emission: Emission;
  readonly f: FunctionBuilder;
  readonly context: I32;
  readonly local: I32;
  readonly #morsel: I32 | undefined;
  readonly #layers: Remembered[] = [new Map()];

  constructor(
    emission: Emission,
    f: FunctionBuilder,
    base: { readonly context: I32; readonly local: I32; readonly morsel?: I32 },
  ) {
    this.emission = emission;
    this.f = f;
    this.context = base.context;
    this.local = base.local;
    this.#morsel = base.morsel;
  }

  /** Of the functions that run over a morsel. */
  get morsel(): I32 {
    if (this.#morsel === undefined) throw new Error('this function has no morsel');
    return this.#morsel;
  }

  /** The value of `key` for `owner` (an expression for a row, a column for itself), computed at its first use. */
  remember(owner: object, key: object, compute: () => SqlValue): SqlValue {
    for (const layer of this.#layers) {
      const known = layer.get(owner)?.get(key);
      if (known !== undefined) return known;
    }
    const value = compute();
    const layer = this.#layers[this.#layers.length - 1]!;
    let values = layer.get(owner);
    if (values === undefined) layer.set(owner, (values = new Map()));
    values.set(key, value);
    return value;
  }

  /** What `body` computes is forgotten at its end: for the bodies of branches and loops. */
  within(body: () => void): void {
    this.#layers.push(new Map());
    body();
    this.#layers.pop();
  }

  /** As `within`; the locals of `body` are free for others at its end. */
  region(body: () => void): void {
    this.f.region(() => this.within(body));
  }

  if(condition: I32, then: () => void, otherwise?: () => void): void {
    const branch = (body: () => void) => (): void => this.within(body);
    this.f.if(condition, branch(then), otherwise === undefined ? undefined : branch(otherwise));
  }

  loop(body: (label: Label) => void): void {
    this.f.loop((label) => this.within(() => body(label)));
  }

  forRange(range: Parameters<FunctionBuilder['forRange']>[0], body: (i: Local<'i32'>, label: Label) => void): void {
    this.f.forRange(range, (i, label) => this.within(() => body(i, label)));
  }

  /** Puts what is not yet a local or a constant in one. */
  hold<V extends Value>(value: V): V {
    return value.code.kind === 'local' || value.code.kind === 'const' || value.code.kind === 'global'
      ? value
      : (this.f.let(value) as unknown as V);
  }

  holdValue(value: SqlValue): SqlValue {
    return {
      ...value,
      parts: value.parts.map((part) => this.hold(part)),
      isNull: value.isNull === undefined ? undefined : this.hold(value.isNull),
    };
  }

  /** A value which `compute` gives only where `isNull` is 0; elsewhere it is a NULL of zeros. */
  unlessNull(dtype: DType, isNull: I32 | undefined, compute: () => SqlValue): SqlValue {
    if (isNull === undefined) return compute();
    const result = this.variable(dtype, true);
    this.if(
      isNull,
      () => this.f.set(result.isNull!, 1),
      () => this.assign(result, compute()),
    );
    return result;
  }

  /** New locals that hold a value of a dtype; NULL flags start at 0. */
  variable(dtype: DType, nullable: boolean): Variable {
    return {
      dtype,
      parts: registersOf(dtype).map((type) => this.f.local(type)),
      isNull: nullable ? this.f.local('i32') : undefined,
    };
  }

  assign(variable: Variable, value: SqlValue): void {
    variable.parts.forEach((part, i) => this.f.set(part as Local<ValType>, value.parts[i]! as never));
    if (variable.isNull !== undefined) this.f.set(variable.isNull, value.isNull ?? 0);
  }

  /** A variable in a loop or branch keeps its last value: set it to a plain zero first. */
  clear(variable: Variable, isNull: boolean): void {
    this.assign(variable, { dtype: variable.dtype, parts: zeroParts(variable.dtype), isNull: i32(isNull ? 1 : 0) });
  }
}

export interface Variable extends SqlValue {
  readonly parts: readonly (Value & { readonly local: number })[];
  readonly isNull: Local<'i32'> | undefined;
}

/** Gives the value of an expression over a row. */
export type EmitExpr = (scope: Scope, row: Row, expr: Expr) => SqlValue;
