/**
 * Code of an expression over a row in flight. `EMIT` has a form for every scalar primitive: joined of the families'
 * tables, so that a new row of `SCALAR` that lacks one is a type error here.
 *
 * Equal expressions are one object in the IR, so a value computed once is found again by identity.
 */
import { make } from '../../../ir/build.js';
import { dtypeInfo, isDecimal, type DType } from '../../../ir/dtype.js';
import type { Case, Expr, IntervalValue, Literal, Pack, Part } from '../../../ir/node.js';
import type { ScalarOp } from '../../../ir/scalar.js';
import { NULL_ELEMENT } from '../../../ir/scalar/errors.js';
import { scalar, withNullable, type ValueType } from '../../../ir/type.js';
import { PARAM_NULL_OFFSET } from '../../../runtime/plan.js';
import { textData, type Scope } from '../pipeline/emission.js';
import type { FlightColumn, Row } from '../pipeline/row.js';
import { scalarColumn } from '../pipeline/row.js';
import { loadParts } from '../pipeline/tuple.js';
import { constant, i32, i64, load, type I32, type Value } from '../values.js';
import { ARITHMETIC } from './arithmetic.js';
import { emitCast } from './cast.js';
import { COMPARE } from './compare.js';
import { viaHost } from './host.js';
import { LOGIC } from './logic.js';
import { MATH } from './math.js';
import type { Emit } from './site.js';
import { TEXT } from './text.js';
import { TIME } from './time.js';
import { asI32, isConstantNull, nullValue, registersOf, type SqlValue } from './value.js';
import { NoCode } from '../../no-code.js';

/** Branches of a CASE up to which each stands in the ELSE of the one before, and shares all that was computed. */
const MOST_NESTED = 32;

const EMIT: Readonly<Record<ScalarOp, Emit>> = {
  ...ARITHMETIC,
  ...COMPARE,
  ...LOGIC,
  ...MATH,
  ...TEXT,
  ...TIME,
  random: ({ scope }) => ({
    dtype: 'f64',
    parts: [scope.f.call(scope.emission.module.importFunction('math_random', { params: {}, result: 'f64' }), {})],
    isNull: undefined,
  }),
  error: viaHost('error'),
};

/** The scalar value of an expression; struct, map and tensor values are `emitColumn`'s. */
export function emitExpr(scope: Scope, row: Row, expr: Expr): SqlValue {
  return scope.remember(row, expr, () => scope.holdValue(compute(scope, row, expr)));
}

function compute(scope: Scope, row: Row, expr: Expr): SqlValue {
  switch (expr.kind) {
    case 'ref': {
      const column = row.columns[expr.index]!;
      if (column.kind !== 'scalar') return compositeFlag(scope, column);
      return column.load(scope);
    }
    case 'literal':
      return literalValue(scope, expr);
    case 'param':
      return paramValue(scope, expr);
    case 'call':
      return EMIT[expr.op]({ scope, row, call: expr, emitExpr });
    case 'cast':
      return emitCast(scope, emitExpr(scope, row, expr.arg), expr);
    case 'case':
      return caseValue(scope, row, expr);
    case 'part':
      return partValue(scope, row, expr);
    case 'pack':
      return compositeFlag(scope, emitColumn(scope, row, expr));
    case 'subquery':
    case 'outer':
      throw new Error(`no value of a ${expr.kind} is a column or parameter of its pipeline`);
  }
}

/** A composite in a scalar's place (`is_null` of a struct) counts by its NULL flag alone. */
function compositeFlag(scope: Scope, column: FlightColumn): SqlValue {
  if (column.kind === 'scalar') return column.load(scope);
  return { dtype: 'null', parts: [i32(0)], isNull: column.isNull(scope) };
}

/** An expression as a column in flight, computed when asked for. */
export function emitColumn(scope: Scope, row: Row, expr: Expr): FlightColumn {
  if (expr.kind === 'ref') return row.columns[expr.index]!;
  if (expr.kind === 'pack') {
    if (expr.type.kind === 'tensor') return packedTensor(row, expr, expr.type.dtype);
    return {
      kind: 'composite',
      parts: expr.parts.map((part) => emitColumn(scope, row, part)),
      isNull: () => undefined,
    };
  }
  if (expr.kind === 'part') {
    const column = emitColumn(scope, row, expr.arg);
    if (column.kind === 'composite') return withOuterNull(column.parts[expr.index]!, column.isNull);
    if (column.kind === 'tensor') return scalarColumn(column.dtype, (at) => column.element(at, expr.index));
  }
  if (expr.type.kind === 'scalar') return scalarColumn(expr.type.dtype, (at) => emitExpr(at, row, expr));
  if (expr.kind === 'case') return caseColumn(scope, row, expr, expr.type);
  if (expr.kind === 'literal' && expr.value === null) return nullColumnOf(expr.type);
  throw new NoCode(`no code for a ${expr.kind} that gives a ${expr.type.kind}`);
}

export function nullColumnOf(type: ValueType): FlightColumn {
  switch (type.kind) {
    case 'scalar':
      return scalarColumn(type.dtype, () => nullValue(type.dtype));
    case 'tensor':
      return {
        kind: 'tensor',
        dtype: type.dtype,
        width: type.dims.reduce<number>((a, b) => a * Number(b), 1),
        isNull: () => i32(1),
        element: () => nullValue(type.dtype),
      };
    case 'struct':
      return { kind: 'composite', parts: type.fields.map((field) => nullColumnOf(field.type)), isNull: () => i32(1) };
    case 'map':
      return { kind: 'composite', parts: type.keys.map(() => nullColumnOf(type.value)), isNull: () => i32(1) };
  }
}

/**
 * An array of expressions; an index known only when it runs chooses among all of them. Of an array that may be NULL the
 * elements are NULL together; any other holds no NULL.
 */
function packedTensor(row: Row, pack: Pack, dtype: DType): FlightColumn {
  const parts = pack.type.nullable ? pack.parts : pack.parts.map(neverNull);
  const element = (scope: Scope, index: number | I32): SqlValue => {
    if (typeof index === 'number') return emitExpr(scope, row, parts[index]!);
    const values = parts.map((part) => emitExpr(scope, row, part));
    const chosenPart = scope.variable(dtype, true);
    values.forEach((value, i) => scope.f.if(index.eq(i), () => scope.assign(chosenPart, value)));
    return chosenPart;
  };
  return {
    kind: 'tensor',
    dtype,
    width: parts.length,
    element,
    isNull: (scope) => (pack.type.nullable ? element(scope, 0).isNull : undefined),
  };
}

/** `part`, or a failure where it is NULL. */
function neverNull(part: Expr): Expr {
  if (part.type.kind !== 'scalar' || !part.type.nullable) return part;
  const message = make({ kind: 'literal', value: NULL_ELEMENT, type: scalar('utf8') });
  const failure = make({ kind: 'call', op: 'error', args: [message] });
  return make({
    kind: 'case',
    branches: [{
      when: make({ kind: 'call', op: 'is_null', args: [part] }),
      then: make({ kind: 'cast', arg: failure, to: part.type.dtype, attempt: false }),
    }],
    otherwise: part,
    type: withNullable(part.type, false),
  });
}

/** A part of a struct that is NULL is NULL. */
function withOuterNull(column: FlightColumn, outer: (scope: Scope) => I32 | undefined): FlightColumn {
  if (column.kind !== 'scalar') return column;
  return scalarColumn(column.dtype, (scope) => {
    const [value, flag] = [column.load(scope), outer(scope)];
    if (flag === undefined) return value;
    return { ...value, isNull: value.isNull === undefined ? flag : value.isNull.or(flag) };
  });
}

/** CASE over tensors: element by element, under the branches' own conditions. */
function caseColumn(scope: Scope, row: Row, expr: Case, type: ValueType): FlightColumn {
  if (type.kind !== 'tensor') throw new NoCode(`no code for a CASE that gives a ${type.kind}`);
  const columns = [...expr.branches.map((branch) => branch.then), expr.otherwise].map((result) =>
    emitColumn(scope, row, result),
  );
  const element = (at: Scope, index: number | I32): SqlValue =>
    chosen(at, row, expr, type.dtype, (branch, inner) => {
      const column = columns[branch]!;
      if (column.kind !== 'tensor') throw new Error('a CASE mixes tensors and scalars');
      return column.element(inner, index);
    });
  return {
    kind: 'tensor',
    dtype: type.dtype,
    width: type.dims.reduce<number>((a, b) => a * Number(b), 1),
    element,
    isNull: (at) => element(at, 0).isNull,
  };
}

function caseValue(scope: Scope, row: Row, expr: Case): SqlValue {
  if (expr.type.kind !== 'scalar') throw new Error(`a CASE that gives a ${expr.type.kind} in a scalar's place`);
  const results = [...expr.branches.map((branch) => branch.then), expr.otherwise];
  return chosen(scope, row, expr, expr.type.dtype, (branch, inner) => emitExpr(inner, row, results[branch]!));
}

function chosen(
  scope: Scope,
  row: Row,
  expr: Case,
  dtype: DType,
  result: (branch: number, scope: Scope) => SqlValue,
): SqlValue {
  const held = scope.variable(dtype, expr.type.nullable);
  const take = (index: number): void => {
    const value = result(index, scope);
    scope.assign(held, value.dtype === 'null' && dtype !== 'null' ? nullValue(dtype) : value);
  };
  const holds = (index: number): I32 => isTrue(emitExpr(scope, row, expr.branches[index]!.when));
  const { length } = expr.branches;
  if (length > MOST_NESTED) {
    takeInTurn(scope, length, { holds, take });
    return held;
  }
  const tryBranch = (index: number): void => {
    if (index === length) return take(index);
    scope.if(holds(index), () => take(index), () => tryBranch(index + 1));
  };
  tryBranch(0);
  return held;
}

/**
 * One branch after the other, each with the same locals. Where each stands in the ELSE of the one before, what it
 * computes joins what all later ones do: that many values the engine's compiler would make, and end the process.
 */
function takeInTurn(
  scope: Scope,
  count: number,
  branch: { readonly holds: (index: number) => I32; readonly take: (index: number) => void },
): void {
  // Evaluated in any case: what the other conditions share with it is computed once, before them.
  const first = scope.hold(branch.holds(0));
  scope.f.block((end) => {
    for (let index = 0; index < count; index++) {
      scope.region(() => {
        scope.if(index === 0 ? first : branch.holds(index), () => {
          branch.take(index);
          end.break();
        });
      });
    }
    scope.region(() => branch.take(count));
  });
}

/** 1 where a bool is true: neither false nor NULL. */
export function isTrue(value: SqlValue): I32 {
  if (isConstantNull(value)) return i32(0);
  const flag = asI32(value.parts[0]!);
  return value.isNull === undefined ? flag : flag.and(value.isNull.eqz());
}

function partValue(scope: Scope, row: Row, expr: Part): SqlValue {
  const column = emitColumn(scope, row, expr.arg);
  if (column.kind === 'tensor') return column.element(scope, expr.index);
  if (column.kind === 'scalar') throw new Error('a scalar has no parts');
  const part = withOuterNull(column.parts[expr.index]!, column.isNull);
  return compositeFlag(scope, part);
}

function paramValue(scope: Scope, expr: Extract<Expr, { kind: 'param' }>): SqlValue {
  const slot = scope.emission.parameters[expr.index];
  if (slot === undefined) throw new Error(`the plan has no parameter ${expr.index + 1}`);
  return {
    dtype: expr.type.dtype,
    parts: loadParts(scope, expr.type.dtype, scope.context, slot.offset),
    isNull: load.i8_u(scope.context, slot.offset + PARAM_NULL_OFFSET),
    stable: true,
  };
}

export function literalValue(scope: Scope, { value, type: { dtype } }: Literal): SqlValue {
  if (value === null) return nullValue(dtype);
  return { dtype, parts: literalParts(scope, value, dtype), isNull: undefined, stable: true };
}

function literalParts(scope: Scope, value: Exclude<Literal['value'], null>, dtype: DType): readonly Value[] {
  if (typeof value === 'string') {
    const text = textData(scope.emission, value);
    return [text.address, i32(text.length)];
  }
  if (value instanceof Uint8Array)
    return [value.length === 0 ? i32(0) : scope.emission.module.data(value), i32(value.length)];
  if (dtype === 'interval') {
    const { months, days, microseconds } = value as IntervalValue;
    return [i32(months), i32(days), i64(microseconds)];
  }
  const plain = typeof value === 'boolean' ? Number(value) : (value as number | bigint);
  const register = registersOf(dtype)[0]!;
  if (register === 'i64') return [i64(BigInt.asIntN(64, BigInt(plain)))];
  if (register === 'i32') return [i32(Number(plain))];
  return [constant(register, Number(plain))];
}

/** Whether the text of a dtype may be compared, hashed and stored as one (address, length). */
export function isTextual(dtype: DType): boolean {
  return !isDecimal(dtype) && dtypeInfo(dtype).physical === 'bytes';
}
