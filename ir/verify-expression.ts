/** Whether an expression is well formed over the columns of its row and of the enclosing rows. */
import type { Call, Case, Expr, Pack, Part, Subquery } from './node.js';
import { canCast } from './scalar/cast.js';
import { typeOfCall } from './scalar.js';
import { printType, unreachable, withNullable, type ScalarType, type ValueType } from './type.js';
import { below, dtypeOfExpr, fits, type Path, type Rows, type Verifier } from './verify-scope.js';

/** The node itself; its parts are visited by the caller. */
export function verifyExpr(expr: Expr, rows: Rows, path: Path, verifier: Verifier): void {
  const fail = (problem: string): void => verifier.fail(expr, path, problem);
  switch (expr.kind) {
    case 'ref': return verifyReference(expr, rows[0], fail);
    case 'outer': return verifyReference(expr, rows[expr.depth], fail);
    case 'param':
      if (!Number.isInteger(expr.index) || expr.index < 0)
        fail(`found parameter ${expr.index}, expected a place from 0`);
      return;
    case 'literal':
      if (expr.value === null && !expr.type.nullable) fail(`found NULL, expected a value of ${printType(expr.type)}`);
      if (!fits(expr.value, expr.type.dtype))
        fail(`found a ${typeof expr.value}, expected a value of ${expr.type.dtype}`);
      return;
    case 'call': return verifyCall(expr, fail);
    case 'cast': {
      const from = dtypeOfExpr(expr.arg);
      if (from === undefined) fail(`found ${printType(expr.arg.type)}, expected a scalar to cast`);
      else if (!canCast(from, expr.to)) fail(`found a cast from ${from} to ${expr.to}, expected one that exists`);
      if (expr.type.dtype !== expr.to) fail(`found type ${printType(expr.type)}, expected ${expr.to}`);
      return;
    }
    case 'case': return verifyCase(expr, fail);
    case 'pack': return verifyPack(expr, fail);
    case 'part': return verifyPart(expr, fail);
    case 'subquery': return verifySubquery(expr, fail);
    default: return unreachable(expr);
  }
}

type Fail = (problem: string) => void;

function verifyReference(
  node: Extract<Expr, { kind: 'ref' | 'outer' }>,
  columns: Rows[number] | undefined,
  fail: Fail,
): void {
  if (columns === undefined) {
    if (node.kind === 'ref') return fail('found a reference, expected none: there is no row here');
    return fail(`found depth ${node.depth}, expected an enclosing query`);
  }
  const column = columns[node.index];
  if (column === undefined) return fail(`found column ${node.index}, expected one of ${columns.length}`);
  const [own, wanted] = [printType(node.type), printType(column.type)];
  if (own !== wanted) fail(`found type ${own}, expected that of column ${node.index} (${column.name}), ${wanted}`);
}

function verifyCall(node: Call, fail: Fail): void {
  const scalars = node.args.flatMap((arg): ScalarType[] => (arg.type.kind === 'scalar' ? [arg.type] : []));
  // Composites are compared and chosen among, but have no dtype that SCALAR could type.
  if (scalars.length < node.args.length) return;
  const type = typeOfCall(node.op, scalars);
  const given = scalars.map((arg) => arg.dtype).join(', ');
  if (type === undefined) return fail(`found ${node.op}(${given}), expected arguments that fit`);
  if (node.type.kind !== 'scalar' || node.type.dtype !== type.dtype) fail(
    `found type ${printType(node.type)}, expected ${printType(type)} of ${node.op}(${given})`,
  );
  else if (type.nullable && !node.type.nullable) {
    fail(`found type ${printType(node.type)}, expected ${printType(type)}: an argument may be NULL`);
  }
}

function verifyCase(node: Case, fail: Fail): void {
  const wanted = printType(withNullable(node.type, true));
  for (const branch of node.branches) if (dtypeOfExpr(branch.when) !== 'bool') fail(
    `found a condition of ${printType(branch.when.type)}, expected bool`,
  );
  for (const result of [...node.branches.map((branch) => branch.then), node.otherwise]) {
    if (printType(withNullable(result.type, true)) !== wanted) fail(
      `found a result of ${printType(result.type)}, expected ${printType(node.type)}`,
    );
    else if (result.type.nullable && !node.type.nullable) {
      fail(`found a result that may be NULL, expected ${printType(node.type)}`);
    }
  }
}

function partTypes(type: ValueType): readonly ValueType[] | undefined {
  if (type.kind === 'struct') return type.fields.map((field) => field.type);
  return type.kind === 'map' ? type.keys.map(() => type.value) : undefined;
}

function verifyPack(node: Pack, fail: Fail): void {
  const wanted = partTypes(node.type);
  if (wanted === undefined) {
    if (node.type.kind !== 'tensor') fail(`found type ${printType(node.type)}, expected a struct, a map or a tensor`);
    return;
  }
  if (wanted.length !== node.parts.length) return fail(`found ${node.parts.length} parts, expected ${wanted.length}`);
  node.parts.forEach((part, i) => {
    if (printType(withNullable(part.type, true)) !== printType(withNullable(wanted[i]!, true))) {
      fail(`found part ${i} of ${printType(part.type)}, expected ${printType(wanted[i]!)}`);
    }
  });
}

function verifyPart(node: Part, fail: Fail): void {
  const whole = node.arg.type;
  if (whole.kind === 'scalar') return fail(`found a part of ${printType(whole)}, expected a struct, a map or a tensor`);
  if (whole.kind === 'tensor') {
    if (dtypeOfExpr(node) !== whole.dtype) fail(`found type ${printType(node.type)}, expected ${whole.dtype}`);
    return;
  }
  const wanted = partTypes(whole)![node.index];
  if (wanted === undefined) return fail(`found part ${node.index}, expected one of ${printType(whole)}`);
  if (printType(withNullable(node.type, true)) !== printType(withNullable(wanted, true))) {
    fail(`found type ${printType(node.type)}, expected ${printType(wanted)}`);
  }
}

function verifySubquery(node: Subquery, fail: Fail): void {
  const columns = node.relation.type.columns;
  if ((node.mode === 'in') !== (node.arg !== undefined)) {
    fail(`found ${node.arg === undefined ? 'no' : 'an'} argument, expected ${node.mode === 'in' ? 'one' : 'none'}`);
  }
  if (node.mode === 'exists') return;
  if (columns.length !== 1) return fail(`found a subquery of ${columns.length} columns, expected 1`);
  const dtype = columns[0]!.type.kind === 'scalar' ? columns[0]!.type.dtype : undefined;
  const wanted = node.mode === 'in' ? node.arg && dtypeOfExpr(node.arg) : node.type.dtype;
  if (dtype !== wanted) fail(`found a subquery of ${printType(columns[0]!.type)}, expected ${wanted ?? 'a scalar'}`);
}

/** The body of a tensor `map` or an activation: a pure function of elements. */
export function verifyBody(body: Expr, inputs: Rows[number], path: Path, verifier: Verifier): void {
  if (
    body.kind !== 'ref' &&
    body.kind !== 'literal' &&
    body.kind !== 'call' &&
    body.kind !== 'cast' &&
    body.kind !== 'case'
  ) {
    verifier.fail(body, path, `found a ${body.kind}, expected ref, literal, call, cast or case in a body`);
    return;
  }
  verifyExpr(body, [inputs], path, verifier);
  partsOf(body).forEach((part, i) => verifyBody(part, inputs, below(path, `.${i}`), verifier));
}

function partsOf(body: Expr): readonly Expr[] {
  switch (body.kind) {
    case 'call': return body.args;
    case 'cast': return [body.arg];
    case 'case': return [...body.branches.flatMap((branch) => [branch.when, branch.then]), body.otherwise];
    default: return [];
  }
}
