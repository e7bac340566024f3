/**
 * Turns expression descriptions into the expressions of a code generator, whose expressions are single-use:
 * a fresh one at each use. Generator operators are found by name: 'f32.convert_s.i64' is target.f32.convert_s.i64.
 */
import type { Code, ValType } from './values.js';

export type Emitter = (...args: (number | bigint | ArrayLike<number>)[]) => number;

/** The part of a module under construction that is used here beside its operators. */
export interface Target {
  readonly local: { get(index: number, type: number): number };
  readonly global: { get(name: string, type: number): number };
  readonly v128: { const(bytes: ArrayLike<number>): number };
  readonly i8x16: { shuffle(a: number, b: number, bytes: ArrayLike<number>): number };
  select(condition: number, yes: number, no: number): number;
}

export type TargetTypes = Readonly<Record<ValType | 'none', number>>;

export class Materialiser {
  readonly #target: Target;
  readonly #types: TargetTypes;
  readonly #emitters: Map<string, Emitter>;

  /** `composed`: operators that are not one method of the target. */
  constructor(target: Target, types: TargetTypes, composed: ReadonlyMap<string, Emitter>) {
    this.#target = target;
    this.#types = types;
    this.#emitters = new Map(composed);
  }

  get none(): number {
    return this.#types.none;
  }

  typeOf(type: ValType | undefined): number {
    return this.#types[type ?? 'none'];
  }

  emit(code: Code): number {
    switch (code.kind) {
      case 'const':
        return code.type === 'v128'
          ? this.#target.v128.const(code.value as Uint8Array)
          : this.#emitter(`${code.type}.const`)(code.value);
      case 'local':
        return this.#target.local.get(code.index, this.#types[code.type]);
      case 'global':
        return this.#target.global.get(code.name, this.#types[code.type]);
      case 'op':
        return this.#emitter(code.op)(...code.args.map((arg) => this.emit(arg)));
      case 'lane':
        return this.#emitter(code.op)(
          this.emit(code.args[0]!),
          code.lane,
          ...code.args.slice(1).map((arg) => this.emit(arg)),
        );
      case 'shuffle':
        return this.#target.i8x16.shuffle(this.emit(code.args[0]!), this.emit(code.args[1]!), code.lanes);
      case 'load':
        return code.op.includes('.atomic.')
          ? this.#emitter(code.op)(code.offset, this.emit(code.address))
          : this.#emitter(code.op)(code.offset, alignmentOf(code.op), this.emit(code.address));
      case 'loadLane':
        return this.#emitter(code.op)(
          code.offset,
          alignmentOf(code.op),
          code.lane,
          this.emit(code.address),
          this.emit(code.vector),
        );
      case 'select':
        return this.#target.select(this.emit(code.condition), this.emit(code.yes), this.emit(code.no));
    }
  }

  store(op: string, parts: { readonly offset: number; readonly address: number; readonly value: number }): number {
    return this.#emitter(op)(parts.offset, alignmentOf(op), parts.address, parts.value);
  }

  /** 'f32.convert_s.i64' is module.f32.convert_s.i64. */
  #emitter(op: string): Emitter {
    const known = this.#emitters.get(op);
    if (known !== undefined) return known;
    let found: unknown = this.#target;
    for (const name of op.split('.')) found = (found as Record<string, unknown> | undefined)?.[name];
    if (typeof found !== 'function') throw new Error(`binaryen has no operator ${op}`);
    const emitter = found as Emitter;
    this.#emitters.set(op, emitter);
    return emitter;
  }
}

/** The natural alignment, a hint only; 0 lets binaryen find it, which it does not for part loads of a v128. */
function alignmentOf(op: string): number {
  const part = /^v128\.load(\d+)(x\d)?/.exec(op);
  if (part === null) return 0;
  return part[2] === undefined ? Number(part[1]) / 8 : 8;
}
