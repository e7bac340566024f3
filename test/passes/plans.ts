/** Small plans for the tests of passes, and their evaluation by the oracle. */
import { evaluateRelation } from '../../backends/reference/relation.js';
import { make } from '../../ir/build.js';
import type { DType } from '../../ir/dtype.js';
import type {
  AggregateCall,
  AggregateOp,
  Expr,
  JoinKind,
  LiteralValue,
  Relation,
  Tensor,
  Weight,
} from '../../ir/node.js';
import { print } from '../../ir/print.js';
import type { ScalarOp } from '../../ir/scalar.js';
import type { Value } from '../../ir/scalar/value.js';
import type { TensorData, TensorValue } from '../../ir/tensor-data.js';
import { relation, scalar, tensor, type RelationType } from '../../ir/type.js';
import { verify } from '../../ir/verify.js';
import { runPass } from '../../passes/driver.js';
import { NO_STATISTICS } from '../../passes/optimise.js';
import type { Decision, Pass, PassContext, Rewrite } from '../../passes/pass.js';
import { DEFAULT_RATES } from '../../passes/rates.js';
import { golden } from '../support/golden.js';

export type Row = readonly Value[];

export interface Table {
  readonly schema: RelationType;
  readonly rows: readonly Row[];
}

/** t(a, b?, c?), u(a?, d?), v(a, b?): few values, with NULLs and repeats. */
export const TABLES: { readonly [name: string]: Table } = {
  t: {
    schema: relation([
      { name: 'a', type: scalar('i32') },
      { name: 'b', type: scalar('i32', { nullable: true }) },
      { name: 'c', type: scalar('utf8', { nullable: true }) },
    ]),
    rows: [[1, 1, 'x'], [2, null, 'y'], [2, 3, null], [3, 1, 'xy'], [4, null, null], [5, 5, 'x'], [5, 5, 'x']],
  },
  u: {
    schema: relation([
      { name: 'a', type: scalar('i32', { nullable: true }) },
      { name: 'd', type: scalar('i32', { nullable: true }) },
    ]),
    rows: [[1, 10], [2, 2], [2, null], [null, 3], [5, 1], [6, 6]],
  },
  v: {
    schema: relation([{ name: 'a', type: scalar('i32') }, { name: 'e', type: scalar('i32', { nullable: true }) }]),
    rows: [[1, 1], [3, null], [3, 2], [9, 9]],
  },
};

export function scan(table: string): Relation {
  const { schema } = TABLES[table]!;
  return make({ kind: 'scan', table, schema, columns: schema.columns.map((_, index) => index) });
}

export function col(input: Relation, index: number): Expr {
  return make({ kind: 'ref', index, type: input.type.columns[index]!.type });
}

export function ref(index: number, dtype: DType = 'i32', nullable = false): Expr {
  return make({ kind: 'ref', index, type: scalar(dtype, { nullable }) });
}

export function lit(value: LiteralValue, dtype: DType = 'i32'): Expr {
  return make({ kind: 'literal', value, type: scalar(dtype, { nullable: value === null }) });
}

export function call(op: ScalarOp, ...args: readonly Expr[]): Expr {
  return make({ kind: 'call', op, args });
}

export function filter(input: Relation, predicate: Expr): Relation {
  return make({ kind: 'filter', input, predicate });
}

export function project(input: Relation, ...exprs: readonly Expr[]): Relation {
  return make({ kind: 'project', input, exprs, names: exprs.map((_, i) => `p${i}`) });
}

export function join(kind: JoinKind, left: Relation, right: Relation, on?: Expr): Relation {
  return make({ kind: 'join', join: kind, left, right, on });
}

export function aggregate(input: Relation, groups: readonly Expr[], ...calls: readonly AggregateCall[]): Relation {
  return make({ kind: 'aggregate', input, groups: groups.map((expr, i) => ({ expr, name: `g${i}` })), calls });
}

export function aggregateCall(op: AggregateOp, args: readonly Expr[], dtype: DType = 'i32'): AggregateCall {
  const nullable = op !== 'count' && op !== 'count_star';
  return {
    op,
    args,
    distinct: false,
    filter: undefined,
    name: op,
    type: scalar(nullable ? dtype : 'i64', { nullable }),
  };
}

export function subquery(mode: 'scalar' | 'exists' | 'in', inner: Relation, arg?: Expr): Expr {
  return make({ kind: 'subquery', mode, arg, relation: inner });
}

export function outer(input: Relation, index: number, depth = 1): Expr {
  return make({ kind: 'outer', depth, index, type: input.type.columns[index]!.type });
}

/** Constants of a test's models by a hash that is their name. */
export class Constants implements TensorData {
  readonly #values = new Map<string, TensorValue>();

  get(hash: string): TensorValue {
    const value = this.#values.get(hash);
    if (value === undefined) throw new Error(`no tensor ${hash}`);
    return value;
  }

  add = (value: TensorValue): string => {
    const hash = `${value.dtype}[${value.dims.join()}]:${Array.from(value.data as Iterable<unknown>, String).join()}`;
    this.#values.set(hash, value);
    return hash;
  };

  weight(dims: readonly number[], data: readonly number[]): Weight {
    return make({
      kind: 'weight',
      hash: this.add({ dtype: 'f32', dims, data: Float32Array.from(data) }),
      type: tensor('f32', dims),
    });
  }
}

export function apply(input: Relation, ...outputs: readonly Tensor[]): Relation {
  return make({
    kind: 'apply',
    input,
    model: 'm@1',
    outputs: outputs.map((output, i) => ({ name: `out${i}`, tensor: output })),
  });
}

/** Columns of a relation as an f32 tensor [n, k]. */
export function features(input: Relation, columns: readonly number[], nulls: 'nan' | 'null' = 'nan'): Tensor {
  const exprs = columns.map((index) => make({ kind: 'cast', arg: col(input, index), to: 'f32', attempt: false }));
  return make({ kind: 'to_tensor', exprs, dtype: 'f32', nulls });
}

export function evaluate(plan: Relation, tensors: TensorData = new Constants()): readonly Row[] {
  return evaluateRelation(plan, { tables: (name) => TABLES[name]!.rows, params: [], tensors });
}

/** The rows as a sorted list of texts: equal for equal bags. */
export function bag(rows: readonly Row[]): readonly string[] {
  return rows.map((row) => row.map(textOf).join(' | ')).sort();
}

function textOf(value: Value): string {
  if (Array.isArray(value)) return `[${value.map(textOf).join()}]`;
  return typeof value === 'bigint' ? `${value}n` : JSON.stringify(value) ?? String(value);
}

export interface Run {
  readonly plan: Relation;
  readonly trace: readonly Rewrite[];
  readonly decisions: readonly Decision[];
}

/** One pass alone over a plan. */
export function run(pass: Pass, plan: Relation, change: Partial<PassContext> = {}): Run {
  const trace: Rewrite[] = [];
  const decisions: Decision[] = [];
  const context: PassContext = {
    statistics: NO_STATISTICS,
    tensors: new Constants(),
    addTensor: undefined,
    budgetBytes: 2 ** 28,
    rates: DEFAULT_RATES,
    numerics: 'exact',
    record: (rewrite) => trace.push(rewrite), decide: (decision) => decisions.push(decision), ...change,
  };
  const result = runPass(plan, pass, { context, verify, isSignal: () => false, onTiming: () => undefined });
  return { plan: result, trace, decisions };
}

/** The plan before and after a pass and what it did, as a golden file of IR text. */
export function goldenPass(name: string, pass: Pass, plan: Relation, change: Partial<PassContext> = {}): Run {
  const result = run(pass, plan, change);
  const rewrites = result.trace.map((rewrite) => `${rewrite.pass} ${rewrite.rule}: ${rewrite.reason}`);
  const decisions = result.decisions.map((decision) => `${pass.name} chooses ${decision.chosen}: ${decision.reason}`);
  golden(
    `passes/${name}`,
    ['-- before', print(plan), '-- after', print(result.plan), '-- rewrites', ...rewrites, ...decisions].join('\n'),
  );
  return result;
}

export function expectUnchanged(pass: Pass, plan: Relation, change: Partial<PassContext> = {}): void {
  const result = run(pass, plan, change).plan;
  if (result !== plan) throw new Error(`${pass.name} must not fire on\n${print(plan)}\nbut gave\n${print(result)}`);
}
