/**
 * What explain says of pipelines, as text: columns and conditions by name, joins by their keys, models with their
 * kernels.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { emitPlan } from '../../backends/emit.js';
import { exprText } from '../../backends/relational/expression-text.js';
import { SIMD128_TIER } from '../../backends/wasm/kernel-tier.js';
import { bindStatement } from '../../frontend/sql/bind.js';
import { parseStatements } from '../../frontend/sql/parse.js';
import { make } from '../../ir/build.js';
import type { ModelGraph, Weight } from '../../ir/node.js';
import { tensor } from '../../ir/type.js';
import { optimise, type Optimised } from '../../passes/optimise.js';
import { call, Constants, lit, ref } from '../passes/plans.js';
import { golden } from '../support/golden.js';
import { pairModel } from '../support/model-graphs.js';
import { OracleDatabase } from '../support/oracle-database.js';

const constants = new Constants();
const database = new OracleDatabase(constants);
database.run(`
  CREATE TABLE sales (id BIGINT, shop INTEGER, item INTEGER, amount DOUBLE, sold DATE, price DECIMAL(9,2));
  CREATE TABLE shops (shop INTEGER, city VARCHAR);
  CREATE TABLE items (item INTEGER, name VARCHAR, weight REAL);
`);
database.addModel('fraud', pairModel());
database.addModel('score', denseModel([3, 4, 1]));

/** Two dense layers with a ReLU between them. */
function denseModel([inputs, hidden, outputs]: readonly [number, number, number]): ModelGraph {
  const weight = (rows: number, columns: number): Weight =>
    constants.weight([rows, columns], Array.from({ length: rows * columns }, (_, at) => at / 8 - 1));
  const input = make({ kind: 'input', name: 'x', type: tensor('f32', ['N', inputs]) });
  const sums = make({ kind: 'matmul', left: input, right: weight(inputs, hidden) });
  const relu = make({ kind: 'map', body: call('max', ref(0, 'f32'), lit(0, 'f32')), inputs: [sums] });
  const output = make({ kind: 'matmul', left: relu, right: weight(hidden, outputs) });
  return { name: 'score', inputs: [input], outputs: [{ name: 'y', tensor: output, map: undefined }] };
}

const ROWS: { readonly [table: string]: number } = { sales: 1_000_000, shops: 200, items: 5_000 };

function optimised(sql: string, budgetBytes: number): Optimised {
  const bound = bindStatement(parseStatements(sql)[0]!, database, { source: sql });
  assert.is(bound.kind, 'query');
  const statistics = { rows: (table: string) => ROWS[table], column: () => undefined };
  return optimise((bound as Extract<typeof bound, { kind: 'query' }>).plan, {
    tensors: constants,
    statistics,
    budgetBytes,
  });
}

function explained(sql: string, budgetBytes = 2 ** 28): string {
  const { plan, decisions } = optimised(sql, budgetBytes);
  const emitted = emitPlan(plan, { sql, parameters: [], tensors: constants, tier: SIMD128_TIER });
  const pipelines = emitted.plan.pipelines.flatMap(({ name, parallel, explain }) =>
    [parallel ? name : `${name} (serial)`, ...explain.map((line) => `  ${line}`)]);
  const chosen = decisions.map(
    ({ node, chosen: representation, reason }) => `${node.kind}: ${representation} -- ${reason}`,
  );
  return [
    '-- query',
    sql,
    '-- pipelines',
    ...pipelines,
    ...(chosen.length === 0 ? [] : ['-- representations', ...chosen]),
  ].join('\n');
}

const QUERIES: readonly (readonly [name: string, sql: string, budgetBytes?: number])[] = [
  ['filter-aggregate', `SELECT shop, count(*) AS n, sum(amount * 2) FILTER (WHERE price > 9.99) AS total
FROM sales WHERE sold >= DATE '2024-01-31' AND (amount > 1.5 OR item IS NULL) GROUP BY shop`],
  ['three-way-join', `SELECT s.id, upper(c.city) AS city, i.name
FROM items i JOIN sales s ON s.item = i.item LEFT JOIN shops c ON c.shop = s.shop AND c.city <> i.name
WHERE lower(i.name) LIKE 'a%'`],
  ['predict-select-where', `SELECT id, (predict(fraud, amount => amount, age => item)).probabilities[1] AS p
FROM sales WHERE shop = 7 AND (predict(fraud, amount => amount, age => item)).label = 1`],
  ['top-k', 'SELECT id, amount FROM sales ORDER BY amount DESC NULLS LAST, id LIMIT 10 OFFSET 5'],
  ['blocked-model', 'SELECT id, predict(score, shop, item, amount) AS p FROM sales', 16],
  ['window', 'SELECT id, rank() OVER (PARTITION BY shop ORDER BY amount DESC) AS place FROM sales'],
];

for (const [name, sql, budgetBytes] of QUERIES)
  test(`explain of ${name}`, () => golden(`explain/${name}`, explained(sql, budgetBytes)));

test('parentheses stand where they are needed, and only there', () => {
  const [a, b, c] = [ref(0), ref(1), ref(2)];
  const names = ['a', 'b', 'c'];
  assert.is(exprText(call('mul', call('add', a, b), c), names), '(a + b) * c');
  assert.is(exprText(call('add', call('mul', a, b), c), names), 'a * b + c');
  assert.is(exprText(call('sub', a, call('sub', b, c)), names), 'a - (b - c)');
  assert.is(exprText(call('not', call('and', call('eq', a, b), call('lt', b, c))), names), 'NOT (a = b AND b < c)');
});

test('literals are as SQL writes them', () => {
  assert.is(exprText(lit("it's", 'utf8'), []), "'it''s'");
  assert.is(exprText(lit(-5n, 'decimal(9,2)'), []), '-0.05');
  assert.is(exprText(lit(19_753, 'date'), []), "DATE '2024-01-31'");
  assert.is(exprText(lit(null), []), 'NULL');
  assert.is(exprText(ref(3), ['a']), '#4');
});

test('a long expression is cut', () => {
  assert.is(exprText(lit('x'.repeat(500), 'utf8'), []).length, 100);
});

test.run();
