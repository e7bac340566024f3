/** Operators: each passes the row on to the next, which is emitted inside it. */
import { conjuncts } from '../../../ir/terms.js';
import type { Operator } from '../../relational/physical.js';
import { emitColumn, emitExpr, isTrue, nullColumnOf } from '../expression/emit.js';
import { failIf } from '../expression/site.js';
import { asI64 } from '../expression/value.js';
import { i32, i64, load, select, type I64 } from '../values.js';
import type { Flow, Scope } from './emission.js';
import { emitProbe } from './probe.js';
import type { Row } from './row.js';

export type Consume = (row: Row, flow: Flow) => void;

export function emitOperators(scope: Scope, operators: readonly Operator[], row: Row, flow: Flow, sink: Consume): void {
  const [operator, ...rest] = operators;
  if (operator === undefined) return sink(row, flow);
  const pass: Consume = (next, nextFlow) => emitOperators(scope, rest, next, nextFlow, sink);
  switch (operator.kind) {
    case 'filter':
      // The conjuncts one after the other: what a later one needs is loaded only for rows that pass the earlier.
      for (const conjunct of conjuncts(operator.predicate)) flow.next(isTrue(emitExpr(scope, row, conjunct)).eqz());
      return pass(row, flow);
    case 'project':
      return pass({ columns: operator.exprs.map((expr) => emitColumn(scope, row, expr)) }, flow);
    case 'probe':
      return emitProbe(scope, operator, { row, flow }, pass);
    case 'limit':
      return emitLimit(scope, operator, { row, flow }, pass);
    case 'repeat':
      return emitRepeat(scope, operator, { row, flow }, pass);
    case 'pad_left':
      return pass({ columns: [...operator.types.map((type) => nullColumnOf(type)), ...row.columns] }, flow);
    case 'apply':
      throw new Error('apply ends a segment');
  }
}

interface Reached {
  readonly row: Row;
  readonly flow: Flow;
}

function emitLimit(
  scope: Scope,
  { limit, offset, place }: Extract<Operator, { kind: 'limit' }>,
  { row, flow }: Reached,
  pass: Consume,
): void {
  const { f, local } = scope;
  const constantOf = (expr: typeof limit): I64 | undefined => {
    if (expr === undefined) return undefined;
    const value = emitExpr(scope, row, expr);
    const number = asI64(value.parts[0]!);
    return value.isNull === undefined ? number : select(value.isNull, i64(expr === limit ? 2n ** 62n : 0n), number);
  };
  const skipped = constantOf(offset);
  const most = constantOf(limit);
  const seen = f.let(load.i64(local, place), 'seen');
  f.store.i64(local, seen.add(1), place);
  if (skipped !== undefined) {
    failIf(scope, skipped.lt_s(0), 'LIMIT and OFFSET must not be negative');
    flow.next(seen.lt_s(skipped));
  }
  if (most === undefined) return pass(row, flow);
  failIf(scope, most.lt_s(0), 'LIMIT and OFFSET must not be negative');
  // Rows let through are compared with the limit: offset + limit might not fit 64 bits.
  const passed = skipped === undefined ? seen : f.let(seen.sub(skipped), 'passed');
  f.if(passed.ge_s(most), flow.stop);
  pass(row, flow);
  f.if(passed.add(1).ge_s(most), flow.stop);
}

function emitRepeat(
  scope: Scope,
  { count }: Extract<Operator, { kind: 'repeat' }>,
  { row, flow }: Reached,
  pass: Consume,
): void {
  const times = scope.hold(asI64(emitExpr(scope, row, count).parts[0]!).wrap());
  scope.forRange({ to: times }, (_, label) =>
    pass(row, { next: (condition) => label.continue(condition), stop: flow.stop }),
  );
  flow.next(i32(1));
}
