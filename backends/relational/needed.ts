/**
 * Which columns of a row the rest of a pipeline reads: what must be kept of a row that waits in a tile for its model.
 */
import type { Expr } from '../../ir/node.js';
import { postorder } from '../../ir/rewrite.js';
import type { Operator, Sink } from './physical.js';

/**
 * Positions of the columns of the row that reaches `operators[0]` which the operators or the sink read; 'all' where any
 * may be.
 */
export function neededColumns(operators: readonly Operator[], sink: Sink, width: number): ReadonlySet<number> {
  const needed = walk(operators, sink);
  return needed === 'all'
    ? new Set(Array.from({ length: width }, (_, i) => i))
    : new Set([...needed].filter((index) => index < width));
}

type Needed = ReadonlySet<number> | 'all';

function walk([operator, ...rest]: readonly Operator[], sink: Sink): Needed {
  if (operator === undefined) return neededBySink(sink);
  switch (operator.kind) {
    case 'filter':
      return union(walk(rest, sink), refsOf([operator.predicate]));
    case 'project': {
      const after = walk(rest, sink);
      return refsOf(operator.exprs.filter((_, i) => after === 'all' || after.has(i)));
    }
    case 'probe': {
      const own = refsOf([...operator.keys, ...(operator.residual === undefined ? [] : [operator.residual])]);
      return upTo(operator.leftWidth, union(walk(rest, sink), own));
    }
    case 'apply': {
      const leaves = operator.node.outputs
        .flatMap((output) => postorder(output.tensor))
        .flatMap((node) => (node.kind === 'to_tensor' ? node.exprs : []));
      return upTo(operator.node.input.type.columns.length, union(walk(rest, sink), refsOf(leaves)));
    }
    case 'limit':
      return walk(rest, sink);
    case 'repeat':
      return union(walk(rest, sink), refsOf([operator.count]));
    case 'pad_left': {
      const after = walk(rest, sink);
      return after === 'all'
        ? after
        : new Set([...after].map((index) => index - operator.types.length).filter((index) => index >= 0));
    }
  }
}

function neededBySink(sink: Sink): Needed {
  if (sink.kind !== 'aggregate') return 'all';
  const { groups, calls } = sink.state;
  return refsOf([
    ...groups,
    ...calls.flatMap((call) => [...call.args, ...(call.filter === undefined ? [] : [call.filter])]),
  ]);
}

function refsOf(exprs: readonly Expr[]): ReadonlySet<number> {
  return new Set(exprs.flatMap((expr) => postorder(expr)).flatMap((node) => (node.kind === 'ref' ? [node.index] : [])));
}

function union(a: Needed, b: Needed): Needed {
  return a === 'all' || b === 'all' ? 'all' : new Set([...a, ...b]);
}

function upTo(width: number, needed: Needed): Needed {
  if (needed === 'all') return new Set(Array.from({ length: width }, (_, i) => i));
  return new Set([...needed].filter((index) => index < width));
}
