/**
 * Set operations. UNION ALL: both arms write one buffer. The others count, for each distinct row, how often either side
 * has it, by grouping; INTERSECT and EXCEPT are then filters on the counts, and ALL repeats the row.
 */
import { make } from '../../ir/build.js';
import type { Expr, Relation, SetOperation } from '../../ir/node.js';
import type { ScalarOp } from '../../ir/scalar.js';
import { scalar, type RelationType } from '../../ir/type.js';
import { lowerAggregate } from './lower-aggregate.js';
import { after, fromSource, groupingOfAll, type Lowering, type Stream } from './lower.js';

const I64 = scalar('i64');

export function lowerSetOperation(lowering: Lowering, node: SetOperation): Stream {
  if (node.op === 'union')
    return node.all ? unionAll(lowering, node) : lowerAggregate(lowering, groupingOfAll(make({ ...node, all: true })));
  const width = node.type.columns.length;
  const counted = lowerAggregate(lowering, countSides(node));
  const [left, right] = [ref(width), ref(width + 1)];
  const columns = node.left.type.columns.map((column, index) => make({ kind: 'ref', index, type: column.type }));
  const kept = after(counted, {
    kind: 'filter',
    predicate:
      node.op === 'intersect' || node.all
        ? both(node, left, right)
        : and(more(left, int(0)), make({ kind: 'call', op: 'eq', args: [right, int(0)] })),
  });
  const repeated = node.all
    ? after(kept, {
        kind: 'repeat',
        count: node.op === 'intersect' ? call('least', left, right) : call('wrap_sub', left, right),
      })
    : kept;
  return after(repeated, { kind: 'project', exprs: columns });
}

function both(node: SetOperation, left: Expr, right: Expr): Expr {
  return node.op === 'intersect' ? and(more(left, int(0)), more(right, int(0))) : more(left, right);
}

const ref = (index: number): Expr => make({ kind: 'ref', index, type: I64 });
const int = (value: number): Expr => make({ kind: 'literal', value: BigInt(value), type: I64 });
const call = (op: ScalarOp, ...args: readonly Expr[]): Expr => make({ kind: 'call', op, args });
const more = (a: Expr, b: Expr): Expr => call('gt', a, b);
const and = (a: Expr, b: Expr): Expr => call('and', a, b);

/** Groups of the columns, with the number of rows on the left and on the right. */
function countSides(node: SetOperation): Extract<Relation, { kind: 'aggregate' }> {
  const tagged = (side: Relation, left: number): Relation =>
    make({
      kind: 'project',
      input: side,
      exprs: [
        ...side.type.columns.map((column, index) => make({ kind: 'ref', index, type: column.type })),
        int(left),
        int(1 - left),
      ],
      names: [...side.type.columns.map((column) => column.name), 'left', 'right'],
    });
  const input = make({
    kind: 'setop',
    op: 'union',
    all: true,
    left: tagged(node.left, 1),
    right: tagged(node.right, 0),
  });
  const width = node.type.columns.length;
  const groups = input.type.columns
    .slice(0, width)
    .map((column, index) => ({ expr: make({ kind: 'ref', index, type: column.type }), name: column.name }));
  const calls = ['left', 'right'].map(
    (name, i) => ({ op: 'sum', args: [ref(width + i)], distinct: false, filter: undefined, name, type: I64 }) as const,
  );
  const type: RelationType = {
    kind: 'relation',
    columns: [
      ...groups.map((group) => ({ name: group.name, type: group.expr.type })),
      ...calls.map((c) => ({ name: c.name, type: c.type })),
    ],
  };
  return make({ kind: 'aggregate', input, groups, calls, type });
}

function unionAll(lowering: Lowering, node: SetOperation): Stream {
  const rows = lowering.tuples(node.type.columns.map((column) => column.type));
  lowering.close(lowering.stream(node.left), { kind: 'buffer', rows });
  lowering.close(lowering.stream(node.right), { kind: 'buffer', rows });
  return fromSource({ kind: 'buffer', rows });
}
