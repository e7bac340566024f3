/**
 * The oracle's elementwise nodes: map (a scalar body over broadcast inputs) and lookup.
 * A body is compiled once into closures over its arguments; each scalar row keeps its one meaning.
 */
import type { DType } from '../../ir/dtype.js';
import type { Expr, Lookup } from '../../ir/node.js';
import { MEANING, type Meaning } from '../../ir/scalar/meaning.js';
import type { Value } from '../../ir/scalar/value.js';
import type { TensorValue } from '../../ir/tensor-data.js';
import { blank, broadcastPositions, cellsOf, type Cell } from './tensor-elements.js';
import { literalCell } from './tensor-layout.js';
import { castScalar } from './tensor-scalar.js';

type Body = (args: readonly Value[]) => Value;

function dtypeOf(expr: Expr): DType {
  if (expr.type.kind !== 'scalar') throw new Error('the body of a map holds scalars only');
  return expr.type.dtype;
}

function compileBody(expr: Expr): Body {
  switch (expr.kind) {
    case 'ref': return (args) => args[expr.index]!;
    case 'literal': { const value = expr.value as Value; return () => value; }
    case 'call': {
      const parts = expr.args.map(compileBody);
      const dtypes = expr.args.map(dtypeOf);
      const meaning: Meaning = MEANING[expr.op];
      return (args) => meaning(parts.map((part) => part(args)), dtypes);
    }
    case 'cast': {
      const [arg, from] = [compileBody(expr.arg), dtypeOf(expr.arg)];
      return (args) => castScalar(arg(args), from, expr.to);
    }
    case 'case': {
      const branches = expr.branches.map((branch) => ({
        when: compileBody(branch.when),
        then: compileBody(branch.then),
      }));
      const otherwise = compileBody(expr.otherwise);
      return (args) => (branches.find((branch) => branch.when(args) === true)?.then ?? otherwise)(args);
    }
    default: throw new Error(`the body of a map holds no ${expr.kind}`);
  }
}

/** body over `inputs`, whose elements broadcast to `dims`. */
export function evaluateBody(body: Expr, inputs: readonly TensorValue[], dims: readonly number[]): TensorValue {
  const dtype = dtypeOf(body);
  const out = blank(dtype, dims);
  const run = compileBody(body);
  const sources = inputs.map((input) => ({
    cells: cellsOf(input),
    positions: broadcastPositions(input.dims, dims),
    bool: input.dtype === 'bool',
  }));
  const args = new Array<Value>(inputs.length);
  for (let i = 0; i < out.cells.length; i++) {
    for (let j = 0; j < sources.length; j++) {
      const { cells, positions, bool } = sources[j]!;
      const cell = cells[positions[i]!]!;
      args[j] = bool ? cell === 1 : cell;
    }
    const value = run(args);
    if (value === null) throw new Error('the body of a map gave NULL');
    out.cells[i] = typeof value === 'boolean' ? (value ? 1 : 0) : (value as Cell);
  }
  return { dtype, dims, data: out.data };
}

export function evaluateLookup(node: Lookup, input: TensorValue, keys: TensorValue, values: TensorValue): TensorValue {
  const table = new Map<Cell, Cell>();
  const [keyCells, valueCells, cells] = [cellsOf(keys), cellsOf(values), cellsOf(input)];
  for (let i = 0; i < keyCells.length; i++) if (!table.has(keyCells[i]!)) table.set(keyCells[i]!, valueCells[i]!);
  const otherwise = literalCell(values.dtype, node.otherwise);
  const out = blank(values.dtype, input.dims);
  for (let i = 0; i < cells.length; i++) out.cells[i] = table.get(cells[i]!) ?? otherwise;
  return { dtype: values.dtype, dims: input.dims, data: out.data };
}
