/**
 * Expressions as the binder builds them: `make` with the small simplifications that keep bound plans readable: a cast
 * of a literal is a literal, a part of a pack is the part, a bare NULL or parameter takes the type asked for.
 */
import { make } from '../../ir/build.js';
import { dtypeInfo, type DType } from '../../ir/dtype.js';
import type { Expr, Literal, LiteralValue, Ref } from '../../ir/node.js';
import { canCast, castValue } from '../../ir/scalar/cast.js';
import { ValueError } from '../../ir/scalar/errors.js';
import type { ScalarOp } from '../../ir/scalar.js';
import { scalar, sqlTypeName, withNullable, type ValueType } from '../../ir/type.js';
import { CompileError, type Span } from '../diagnostics.js';

export function ref(index: number, type: ValueType): Ref {
  return make({ kind: 'ref', index, type });
}

export function literal(value: LiteralValue, dtype: DType): Literal {
  return make({ kind: 'literal', value, type: scalar(dtype, { nullable: value === null }) });
}

export const text = (value: string): Literal => literal(value, 'utf8');
export const i64 = (value: bigint | number): Literal => literal(BigInt(value), 'i64');
export const bool = (value: boolean): Literal => literal(value, 'bool');
export const nullOf = (dtype: DType): Literal => literal(null, dtype);

export function call(op: ScalarOp, ...args: readonly Expr[]): Expr {
  return make({ kind: 'call', op, args });
}

/** The dtype of a scalar expression; `undefined` of tensors, structs and maps. */
export function dtypeOf(expr: Expr): DType | undefined {
  return expr.type.kind === 'scalar' ? expr.type.dtype : undefined;
}

export function typeName(expr: Expr): string {
  const name = sqlTypeName(expr.type);
  return name === '"NULL"' ? 'NULL' : name;
}

/** A NULL, a parameter without a type, or what is made of them, as a column of `SELECT NULL AS x`: all types fit. */
export function isUntyped(expr: Expr): boolean {
  return dtypeOf(expr) === 'null';
}

export function isTextLiteral(expr: Expr): expr is Literal {
  return expr.kind === 'literal' && expr.type.dtype === 'utf8' && expr.value !== null;
}

export interface CastOptions {
  readonly attempt?: boolean;
  /** Where the user wrote it; an implicit cast of a literal that cannot be is blamed on this place. */
  readonly span?: Span | undefined;
}

/**
 * `expr` as `to`: itself where it is, folded where it is a literal, else a `cast` node. CompileError where no value can
 * be cast.
 */
export function castTo(expr: Expr, to: DType, options: CastOptions = {}): Expr {
  const from = dtypeOf(expr);
  if (from === to) return expr;
  if (from === undefined || !canCast(from, to)) {
    throw new CompileError(`cannot cast ${typeName(expr)} to ${dtypeInfo(to).sql}`, { span: options.span });
  }
  if (expr.kind === 'param' && from === 'null')
    return make({ kind: 'param', index: expr.index, type: scalar(to, { nullable: true }) });
  if (expr.kind === 'literal') {
    const folded = foldCast(expr, from, to, options);
    if (folded !== undefined) return folded;
  }
  return make({ kind: 'cast', arg: expr, to, attempt: options.attempt ?? false });
}

/** `undefined`: the value cannot be cast and the user asked for the cast, so that it fails when (and if) it runs. */
function foldCast(expr: Literal, from: DType, to: DType, options: CastOptions): Literal | undefined {
  if (expr.value === null) return nullOf(to);
  try {
    return literal(castValue(expr.value, { from, to, attempt: options.attempt ?? false }) as LiteralValue, to);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    return undefined;
  }
}

/** A cast that the user did not write: of a literal it must succeed now. */
export function coerceTo(expr: Expr, to: DType, span: Span | undefined): Expr {
  const result = castTo(expr, to, { span });
  if (expr.kind === 'literal' && result.kind === 'cast') {
    throw new CompileError(`${JSON.stringify(String(expr.value))} is not a valid ${dtypeInfo(to).sql}`, { span });
  }
  return result;
}

/** `when ? then : otherwise`, both of one type. */
export function choose(when: Expr, then: Expr, otherwise: Expr): Expr {
  return caseOf([{ when, then }], otherwise);
}

export function caseOf(branches: readonly { readonly when: Expr; readonly then: Expr }[], otherwise: Expr): Expr {
  const results = [...branches.map((branch) => branch.then), otherwise];
  const type = withNullable(results[0]!.type, results.some((result) => result.type.nullable));
  return make({ kind: 'case', branches, otherwise, type });
}

export function pack(parts: readonly Expr[], type: ValueType): Expr {
  return make({ kind: 'pack', parts, type });
}

/** Part `index` of a struct, map or tensor. */
export function part(arg: Expr, index: number): Expr {
  if (arg.kind === 'pack') return arg.parts[index]!;
  return make({ kind: 'part', arg, index, type: partType(arg.type, index) });
}

function partType(type: ValueType, index: number): ValueType {
  switch (type.kind) {
    case 'struct': return withNullable(type.fields[index]!.type, type.nullable || type.fields[index]!.type.nullable);
    case 'map': return withNullable(type.value, type.nullable || type.value.nullable);
    case 'tensor': {
      const dims = type.dims.slice(1);
      return dims.length === 0
        ? scalar(type.dtype, { nullable: type.nullable })
        : { kind: 'tensor', dtype: type.dtype, dims, nullable: type.nullable };
    }
    case 'scalar': throw new Error('a scalar has no parts');
  }
}

export function conjunction(exprs: readonly Expr[]): Expr | undefined {
  return exprs.length === 0 ? undefined : exprs.reduce((a, b) => call('and', a, b));
}

export function disjunction(exprs: readonly Expr[]): Expr {
  return exprs.reduce((a, b) => call('or', a, b));
}

/** The text of a text literal. */
export function fromText(expr: Expr): string | undefined {
  return expr.kind === 'literal' && typeof expr.value === 'string' ? expr.value : undefined;
}
