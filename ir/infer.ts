/**
 * The type of a node from its fields. Families: expressions and relations here, tensors in `infer-tensor.ts`.
 * A node that cannot have a type is our mistake (frontends check first and blame the user's text): it throws.
 */
import type { DType } from './dtype.js';
import { inferTensorType } from './infer-tensor.js';
import type { Apply, Cast, Expr, Join, Node, Relation, SetOperation, Tensor, ToTensor } from './node.js';
import { postorder } from './rewrite.js';
import { typeOfCall } from './scalar.js';
import {
  relation,
  scalar,
  withNullable,
  type Column,
  type Dim,
  type RelationType,
  type ScalarType,
  type Type,
  type ValueType,
} from './type.js';

export function inferType(node: Node): Type {
  switch (node.kind) {
    case 'call': return typeOfCallNode(node.op, node.args);
    case 'cast': return inferCast(node);
    case 'subquery': return inferSubquery(node);
    case 'scan': return relation(node.columns.map((index) => node.schema.columns[index]!));
    case 'filter':
    case 'sort':
    case 'limit':
    case 'distinct': return node.input.type;
    case 'project': return relation(node.exprs.map((expr, i) => ({ name: node.names[i]!, type: expr.type })));
    case 'join': return inferJoin(node);
    case 'aggregate':
      return relation([
        ...node.groups.map((group) => ({ name: group.name, type: group.expr.type })),
        ...node.calls.map((call) => ({ name: call.name, type: call.type })),
      ]);
    case 'window':
      return relation([
        ...node.input.type.columns,
        ...node.calls.map((call) => ({ name: call.name, type: call.type })),
      ]);
    case 'setop': return inferSetOperation(node);
    case 'series': return relation([{ name: 'generate_series', type: scalar('i64') }]);
    case 'apply': return inferApply(node);
    case 'blocked': {
      const feature = node.input.type.columns[node.feature]!.type;
      const last = node.layers.at(-1)!.weight.type;
      const type = rowType(last.dtype, [last.dims[1]!], feature.nullable);
      return relation([...node.input.type.columns, { name: node.name, type }]);
    }
    case 'ref': case 'literal': case 'param': case 'outer': case 'pack': case 'part': case 'case': case 'values':
      throw new Error(`${node.kind} needs an explicit type`);
    default: return inferTensorType(node);
  }
}

function typeOfCallNode(op: Parameters<typeof typeOfCall>[0], args: readonly Expr[]): ScalarType {
  const types = args.map((arg) =>
    arg.type.kind === 'scalar' ? arg.type : scalar('null', { nullable: arg.type.nullable }),
  );
  const type = typeOfCall(op, types);
  if (type === undefined) throw new Error(`no typing of ${op}(${types.map((t) => t.dtype).join(', ')})`);
  return type;
}

function inferCast(node: Omit<Cast, 'type'>): ScalarType {
  return scalar(node.to, { nullable: node.arg.type.nullable || node.attempt });
}

function inferSubquery(node: { mode: 'scalar' | 'exists' | 'in'; relation: Relation }): ScalarType {
  if (node.mode === 'exists') return scalar('bool');
  if (node.mode === 'in') return scalar('bool', { nullable: true });
  const type = node.relation.type.columns[0]!.type;
  if (type.kind !== 'scalar') throw new Error('a scalar subquery gives a scalar');
  return withNullable(type, true);
}

function inferJoin(node: Pick<Join, 'join' | 'left' | 'right'>): RelationType {
  const left = node.left.type.columns;
  const right = node.right.type.columns;
  switch (node.join) {
    case 'semi':
    case 'anti': return relation(left);
    case 'inner':
    case 'cross': return relation([...left, ...right]);
    case 'left': return relation([...left, ...nullable(right)]);
    case 'right': return relation([...nullable(left), ...right]);
    case 'full': return relation([...nullable(left), ...nullable(right)]);
  }
}

function nullable(columns: readonly Column[]): readonly Column[] {
  return columns.map((column) => ({ name: column.name, type: withNullable(column.type, true) }));
}

function inferSetOperation(node: Pick<SetOperation, 'op' | 'left' | 'right'>): RelationType {
  const right = node.right.type.columns;
  return relation(node.left.type.columns.map((column, i) => ({
    name: column.name,
      type:
        node.op === 'union' ? withNullable(column.type, column.type.nullable || right[i]!.type.nullable) : column.type,
  })));
}

function inferApply(apply: Pick<Apply, 'input' | 'outputs'>): RelationType {
  return relation([
    ...apply.input.type.columns,
    ...apply.outputs.map((output) => ({ name: output.name, type: columnTypeOf(output.tensor) })),
  ]);
}

/**
 * The column type of a model output of shape [n], [n, 1] or [n, k...]. NULL when a `nulls: 'null'` feature may be NULL.
 */
function columnTypeOf(tensor: Tensor): ValueType {
  return rowType(tensor.type.dtype, tensor.type.dims.slice(1), dependsOnNullable(tensor));
}

function rowType(dtype: DType, dims: readonly Dim[], nullable: boolean): ValueType {
  if (dims.length === 0 || (dims.length === 1 && dims[0] === 1)) return scalar(dtype, { nullable });
  return { kind: 'tensor', dtype, dims, nullable };
}

function dependsOnNullable(root: Tensor): boolean {
  return postorder(root).some((node) => node.kind === 'to_tensor' && node.nulls === 'null' && hasNullable(node));
}

function hasNullable(leaf: ToTensor): boolean {
  return leaf.exprs.some((expr) => expr.type.nullable);
}
