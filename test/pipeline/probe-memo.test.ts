/** Joins by text, whose probes remember what they found for a code, against the oracle. */
import { test } from 'uvu';
import { make } from '../../ir/build.js';
import type { Expr, JoinKind, Relation } from '../../ir/node.js';
import { call, checkAgainstOracle, col, customersScan, lit, ordersScan } from '../support/pipeline-cases.js';

const narrow = (input: Relation, names: readonly string[]): Relation =>
  make({ kind: 'project', input, exprs: names.map((name) => col(input, name)), names });
const left = narrow(ordersScan, ['id', 'name', 'small', 'amount', 'flag', 'at']);
const right = make({
  kind: 'filter',
  input: narrow(ordersScan, ['id', 'name', 'small', 'amount', 'flag', 'at']),
  predicate: call('gt', col(ordersScan, 'id'), lit(900n, 'i64')),
});
const width = left.type.columns.length;
const sameOf = (name: string, op: 'eq' | 'is_not_distinct' = 'eq'): Expr => {
  const at = col(left, name);
  if (at.kind !== 'ref') throw new Error('a column');
  return call(op, at, make({ ...at, index: at.index + width }));
};
const and = (...all: readonly Expr[]): Expr => all.reduce((a, b) => call('and', a, b));
const CONDITIONS: Readonly<Record<string, Expr>> = {
  'a text': sameOf('name'),
  'a text and a number': and(sameOf('name'), sameOf('small')),
  'a number and a text': and(sameOf('small'), sameOf('name')),
  'a text and a float with NaN': and(sameOf('name'), sameOf('amount')),
  'a text, a boolean and a time': and(sameOf('name'), sameOf('flag'), sameOf('at')),
  'a text and a computed key': and(sameOf('name'), call('eq', call('neg', col(left, 'small')), computed())),
  'a text, and a condition that is no key': and(
    sameOf('name'),
    call('lt', col(left, 'small'), make({ kind: 'ref', index: width + 2, type: col(left, 'small').type })),
  ),
  'a text that may be NULL on both sides': sameOf('name', 'is_not_distinct'),
  'two texts': and(sameOf('name'), call('eq', call('upper', col(left, 'name')), upperOfRight())),
};

function computed(): Expr {
  return call('neg', make({ kind: 'ref', index: width + 2, type: col(left, 'small').type }));
}

function upperOfRight(): Expr {
  return call('upper', make({ kind: 'ref', index: width + 1, type: col(left, 'name').type }));
}

for (const [name, on] of Object.entries(CONDITIONS)) {
  for (const join of ['inner', 'left', 'full', 'semi', 'anti'] as const satisfies readonly JoinKind[]) {
    test(`${join} join by ${name}`, () => checkAgainstOracle(make({ kind: 'join', join, left, right, on })));
  }
}

test('a second join by the same column, and one behind it', () => {
  const first = make({ kind: 'join', join: 'inner', left, right, on: sameOf('name') });
  const city = make({ kind: 'ref', index: first.type.columns.length + 1, type: customersScan.type.columns[1]!.type });
  for (const join of ['inner', 'left', 'anti'] as const) {
    const on = call('eq', col(first, 'name'), city);
    checkAgainstOracle(make({ kind: 'join', join, left: first, right: customersScan, on }));
  }
});

test('an empty side', () => {
  const empty = make({ kind: 'filter', input: right, predicate: lit(false, 'bool') });
  for (const join of ['inner', 'left', 'full', 'anti'] as const)
    checkAgainstOracle(make({ kind: 'join', join, left, right: empty, on: sameOf('name') }));
});

test.run();
