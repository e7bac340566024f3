/**
 * The oracle of the bridge: the rows' features become tensors, the model is evaluated for all rows at once, its outputs
 * become values of the rows again.
 */
import { isFloat } from '../../ir/dtype.js';
import { sizeOf } from '../../ir/infer-tensor.js';
import type { Apply, Expr, Tensor, ToTensor } from '../../ir/node.js';
import { postorder } from '../../ir/rewrite.js';
import type { Value } from '../../ir/scalar/value.js';
import type { TensorData, TensorElements, TensorValue } from '../../ir/tensor-data.js';
import { evaluateExpr, type Row, type Scope } from './expression.js';
import { evaluateTensor } from './tensor.js';
import { allocate } from './tensor-elements.js';

export interface ApplyContext {
  readonly scope: Scope;
  readonly data: TensorData;
}

export function applyModel(node: Apply, rows: readonly Row[], { scope, data }: ApplyContext): readonly Row[] {
  if (rows.length === 0) return [];
  const inputs = new Map<Tensor, TensorValue>();
  const nulls = new Map<Tensor, ReadonlySet<number>>();
  for (const leaf of new Set(node.outputs.flatMap((output) => leavesOf(output.tensor)))) {
    const features = rows.map((row) =>
      leaf.exprs.flatMap((expr) => flat(evaluateExpr(expr, row, scope), widthOf(expr))),
    );
    inputs.set(leaf, tensorOf(leaf, features));
    nulls.set(
      leaf,
      new Set(features.flatMap((values, i) => (leaf.nulls === 'null' && values.includes(null) ? [i] : []))),
    );
  }
  const cache = new Map<Tensor, TensorValue>();
  const outputs = node.outputs.map(({ tensor }) => {
    const value = evaluateTensor(tensor, { data, inputs, cache });
    const dependsOn = leavesOf(tensor).map((leaf) => nulls.get(leaf)!);
    return rows.map((_, i) =>
      dependsOn.some((set) => set.has(i)) ? null : valueOfRow(value, i, rows.length, isScalarOutput(tensor)),
    );
  });
  return rows.map((row, i) => [...row, ...outputs.map((values) => values[i]!)]);
}

function leavesOf(tensor: Tensor): readonly ToTensor[] {
  return postorder(tensor).filter((node) => node.kind === 'to_tensor');
}

function widthOf({ type }: Expr): number {
  return type.kind === 'tensor' ? sizeOf(type.dims) : 1;
}

function flat(value: Value, width: number): readonly Value[] {
  if (value === null) return new Array<Value>(width).fill(null);
  return Array.isArray(value) ? (value as readonly Value[]) : [value];
}

/** NULL is NaN in a float tensor; elsewhere a zero that the NULL rule keeps from being seen. */
function tensorOf(leaf: ToTensor, features: readonly (readonly Value[])[]): TensorValue {
  const width = features[0]!.length;
  if (leaf.dtype === 'utf8') {
    return {
      dtype: 'utf8',
      dims: [features.length, width],
      data: features.flat().map((value) => (value ?? '') as string),
    };
  }
  const data = allocate(leaf.dtype, features.length * width) as Exclude<TensorElements, readonly string[]>;
  features.flat().forEach((value, i) => {
    if (value === null) { if (isFloat(leaf.dtype)) data[i] = NaN; return; }
    data[i] = (typeof value === 'boolean' ? Number(value) : value) as never;
  });
  return { dtype: leaf.dtype, dims: [features.length, width], data };
}

/** [n] and [n, 1] are scalar columns, [n, k...] tensor columns. */
function isScalarOutput(tensor: Tensor): boolean {
  const rest = tensor.type.dims.slice(1);
  return rest.length === 0 || (rest.length === 1 && rest[0] === 1);
}

function valueOfRow(value: TensorValue, row: number, rowCount: number, isScalar: boolean): Value {
  const width = value.data.length / rowCount;
  const element = (i: number): Value => {
    const item = value.data[i]!;
    return value.dtype === 'bool' ? item !== 0 : item;
  };
  if (isScalar) return element(row);
  return Array.from({ length: width }, (_, i) => element(row * width + i));
}
