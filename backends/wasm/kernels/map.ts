/**
 * The elementwise kernel: for each of `count` output columns, body(inputs...) over the rows, four at a time.
 *
 * An operand is a table of column addresses (one a column, or one for all), a table of constants in the data segment,
 * or one constant. Bodies that tile programs cannot compute are found by `unsupportedIn` before anything is emitted.
 */
import type { Expr } from '../../../ir/node.js';
import type { FunctionBuilder, Func, ModuleBuilder } from '../dsl.js';
import { f32x4, f64x2, i64x2 } from '../lanes.js';
import { load, type I32, type I64, type V128 } from '../values.js';
import { CAST_QUAD } from './cast-quad.js';
import {
  constantQuad,
  isQuadDType,
  loadQuad,
  selectQuad,
  splatFrom,
  storeQuad,
  WIDTH_BYTES,
  ROWS_PER_QUAD,
  type Quad,
  type QuadDType,
} from './quad.js';
import { SCALAR_QUAD, type QuadContext } from './scalar-quad.js';

/** Text in the data segment: where it lies and how long it is. */
export interface TextConstant {
  readonly address: I32;
  readonly byteLength: number;
}

export type OperandShape =
  | { readonly kind: 'columns'; readonly dtype: QuadDType }
  /** One column for every output column. */
  | { readonly kind: 'column'; readonly dtype: QuadDType }
  /** One constant for each output column; utf8 as (offset, byte length) from `textBase`. */
  | { readonly kind: 'constants'; readonly dtype: QuadDType; readonly textBase: I32 | undefined }
  | { readonly kind: 'constant'; readonly dtype: QuadDType; readonly value: number | bigint | boolean | TextConstant };

/** Why a body cannot be computed here; empty when it can. */
export function unsupportedIn(body: Expr): readonly string[] {
  const found = new Set<string>();
  const visit = (expr: Expr): void => {
    if (expr.type.kind !== 'scalar' || !isQuadDType(expr.type.dtype)) {
      found.add(`elements of ${expr.type.kind === 'scalar' ? expr.type.dtype : expr.type.kind}`);
      return;
    }
    switch (expr.kind) {
      case 'ref':
      case 'literal':
        return;
      case 'call':
        if (SCALAR_QUAD[expr.op] === undefined) found.add(`scalar ${expr.op}`);
        return expr.args.forEach(visit);
      case 'cast':
        visit(expr.arg);
        if (expr.arg.type.kind === 'scalar' && castOf(expr.arg.type.dtype, expr.to) === undefined)
          found.add(`cast ${expr.arg.type.dtype} to ${expr.to}`);
        return;
      case 'case':
        expr.branches.forEach((branch) => {
          visit(branch.when);
          visit(branch.then);
        });
        return visit(expr.otherwise);
      default:
        found.add(`expression ${expr.kind}`);
    }
  };
  visit(body);
  return [...found];
}

function castOf(from: string, to: string): ((context: QuadContext, quad: Quad) => Quad) | undefined {
  if (from === to) return (_, quad) => quad;
  return (CAST_QUAD as Readonly<Record<string, Readonly<Record<string, (context: QuadContext, quad: Quad) => Quad>>>>)[
    from
  ]?.[to];
}

/** Computes `body`, each subexpression once. */
export function emitBody(context: QuadContext, body: Expr, inputs: readonly Quad[]): Quad {
  const done = new Map<Expr, Quad>();
  const visit = (expr: Expr): Quad => {
    const known = done.get(expr);
    if (known !== undefined) return known;
    const quad = compute(expr);
    done.set(expr, quad);
    return quad;
  };
  const compute = (expr: Expr): Quad => {
    switch (expr.kind) {
      case 'ref':
        return inputs[expr.index]!;
      case 'literal':
        return literalQuad(context, expr);
      case 'call':
        return emitPower(context, expr, visit) ?? SCALAR_QUAD[expr.op]!(context, ...expr.args.map(visit));
      case 'cast':
        return castOf((expr.arg.type as { dtype: string }).dtype, expr.to)!(context, visit(expr.arg));
      case 'case':
        return expr.branches.reduceRight(
          (otherwise, branch) => selectQuad(context.f, visit(branch.when), visit(branch.then), otherwise),
          visit(expr.otherwise),
        );
      default:
        throw new Error(`a map's body has no ${expr.kind}`);
    }
  };
  return visit(body);
}

function literalQuad({ f, module }: QuadContext, { type, value }: Extract<Expr, { kind: 'literal' }>): Quad {
  if (type.dtype !== 'utf8') return constantQuad(type.dtype as 'f32', value as number | bigint | boolean);
  const bytes = new TextEncoder().encode(value as string);
  return textQuad(
    f,
    module
      .data(bytes.length === 0 ? new Uint8Array(1) : bytes)
      .extend_u()
      .or(BigInt(bytes.length) << 32n),
  );
}

/** x^2, x^3 and x^0.5 without a call. */
function emitPower(
  context: QuadContext,
  expr: Extract<Expr, { kind: 'call' }>,
  visit: (expr: Expr) => Quad,
): Quad | undefined {
  if (expr.op !== 'pow') return undefined;
  const [base, exponent] = expr.args;
  if (exponent?.kind !== 'literal') return undefined;
  const mul = SCALAR_QUAD.mul!;
  const x = visit(base!);
  if (exponent.value === 2) return mul(context, x, x);
  if (exponent.value === 3) return mul(context, mul(context, x, x), x);
  return exponent.value === 0.5 ? SCALAR_QUAD.sqrt!(context, x) : undefined;
}

const PARAMS = { output: 'i32', count: 'i32', rows: 'i32' } as const;
export type MapFunc = Func<Record<string, 'i32'>, undefined>;

/** Emits the function `(output table, count, rows, in0, in1, ...)`; constants written in the code have no parameter. */
export function emitMap(
  module: ModuleBuilder,
  name: string,
  kernel: { readonly body: Expr; readonly operands: readonly OperandShape[] },
): MapFunc {
  const { body, operands } = kernel;
  const dtype = (body.type as { dtype: QuadDType }).dtype;
  const names = operands.map((_, i) => `in${i}`);
  const params: Record<string, 'i32'> = { ...PARAMS };
  operands.forEach((operand, i) => {
    if (operand.kind !== 'constant') params[names[i]!] = 'i32';
  });
  return module.define(name, { params }, (f, locals) => {
    const { output, count, rows } = locals;
    const context: QuadContext = { f, module };
    const literals = operands.map((operand) => (operand.kind === 'constant' ? constantOf(f, operand) : undefined));
    f.forRange({ to: count! }, (j) => {
      const out = f.let(load.i32(output!.add(j.shl(2))), 'out');
      const columns = operands.map((operand, i) => {
        const table = locals[names[i]!];
        if (operand.kind === 'columns') return f.let(load.i32(table!.add(j.shl(2))));
        return operand.kind === 'column' ? f.let(load.i32(table!)) : undefined;
      });
      const splats = operands.map((operand, i) =>
        operand.kind === 'constants'
          ? constantAt(f, operand, locals[names[i]!]!.add(j.mul(WIDTH_BYTES[operand.dtype])))
          : literals[i],
      );
      f.forRange({ to: rows!, step: ROWS_PER_QUAD }, (row) => {
        const inputs = operands.map(
          (operand, i) =>
            splats[i] ?? loadQuad(f, operand.dtype, f.let(columns[i]!.add(row.mul(WIDTH_BYTES[operand.dtype])))),
        );
        const result = emitBody(context, body, inputs);
        storeQuad(f, f.let(out.add(row.mul(WIDTH_BYTES[dtype]))), result);
      });
    });
  });
}

function constantOf(f: FunctionBuilder, operand: Extract<OperandShape, { kind: 'constant' }>): Quad {
  const { value } = operand;
  if (typeof value === 'object') return textQuad(f, value.address.extend_u().or(BigInt(value.byteLength) << 32n));
  const quad = constantQuad(operand.dtype as 'f32', value);
  return { dtype: quad.dtype, parts: quad.parts.map((part) => f.let(part)) };
}

function constantAt(f: FunctionBuilder, operand: Extract<OperandShape, { kind: 'constants' }>, address: I32): Quad {
  if (operand.dtype !== 'utf8') return splatFrom(f, operand.dtype, address);
  return textQuad(f, load.i64(address).add(operand.textBase!.extend_u()));
}

function textQuad(f: FunctionBuilder, pair: I64): Quad {
  const part = f.let(i64x2.splat(pair));
  return { dtype: 'utf8', parts: [part, part] };
}

/** Whether a body is so short that a dense kernel applies it to its sums in registers. */
export function isCheap(body: Expr): boolean {
  let operators = 0;
  const visit = (expr: Expr): boolean => {
    if (expr.kind === 'ref' || expr.kind === 'literal') return true;
    if (expr.kind !== 'call' || !['max', 'min', 'add', 'sub', 'mul', 'neg', 'abs'].includes(expr.op)) return false;
    operators++;
    return expr.args.every(visit);
  };
  return visit(body) && operators <= 4;
}

/**
 * A cheap body over registers of f32 or f64, each literal in one register for all of them.
 * max(x, c) is `pmax`, one instruction: it keeps the NaN of x as max does, and differs only in max(-0, 0) being -0.
 */
export function applyCheap(context: QuadContext, body: Expr, registers: readonly V128[]): readonly V128[] {
  const dtype = (body.type as { dtype: 'f32' | 'f64' }).dtype;
  const lanes = dtype === 'f32' ? f32x4 : f64x2;
  const literals = new Map<Expr, V128>();
  const literal = (expr: Extract<Expr, { kind: 'literal' }>): V128 => {
    const known = literals.get(expr) ?? context.f.let(lanes.splat(Number(expr.value)));
    literals.set(expr, known);
    return known;
  };
  const apply = (x: V128): V128 => {
    const visit = (expr: Expr): V128 => {
      if (expr.kind === 'ref') return x;
      if (expr.kind === 'literal') return literal(expr);
      if (expr.kind !== 'call') throw new Error(`a cheap body has no ${expr.kind}`);
      const bound = expr.op === 'max' ? expr.args.find((arg) => arg.kind === 'literal') : undefined;
      if (bound !== undefined && !Number.isNaN(Number(bound.value)))
        return lanes.pmax(visit(expr.args.find((arg) => arg !== bound) ?? bound), literal(bound));
      return SCALAR_QUAD[expr.op]!(context, ...expr.args.map((arg): Quad => ({ dtype, parts: [visit(arg)] })))
        .parts[0]!;
    };
    return visit(body);
  };
  return registers.map(apply);
}

/** A name for a cheap body, equal only for equal bodies: `max(x, 0)` is `relu`, `x * 0.5` is `mul_x_0p5`. */
export function cheapName(body: Expr): string {
  const name = (expr: Expr): string => {
    if (expr.kind === 'call') return [expr.op, ...expr.args.map(name)].join('_');
    return expr.kind === 'literal'
      ? String(expr.value).replaceAll('.', 'p').replaceAll('-', 'n').replaceAll('+', '')
      : 'x';
  };
  const text = name(body);
  return text === 'max_x_0' || text === 'max_0_x' ? 'relu' : text;
}
