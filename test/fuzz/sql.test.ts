/** Whatever is typed, the frontend answers with a valid plan or a CompileError. Seeded: a failure can be repeated. */
import { test } from 'uvu';
import { CompileError } from '../../frontend/diagnostics.js';
import { bindStatement } from '../../frontend/sql/bind.js';
import { parseStatements } from '../../frontend/sql/parse.js';
import { verify } from '../../ir/verify.js';
import { pairModel, sumModel } from '../support/model-graphs.js';
import { OracleDatabase } from '../support/oracle-database.js';

const database = new OracleDatabase();
database.run('CREATE TABLE t (a INTEGER, b DOUBLE, c VARCHAR, d DATE, e DECIMAL(9,2), v FLOAT[2])');
database.addModel('m', sumModel(2));
database.addModel('fraud', pairModel());

const WORDS =
  `SELECT FROM WHERE GROUP BY HAVING ORDER LIMIT AND OR NOT IN IS NULL LIKE BETWEEN CASE WHEN THEN ELSE END CAST AS JOIN LEFT ON
  USING UNION ALL
  DISTINCT WITH VALUES INSERT INTO CREATE TABLE EXISTS OVER PARTITION INTERVAL DATE t a b c d e v m fraud x
  predict sum count avg max abs length coalesce rank
  ( ) ( ) , , . * + - / % = < > <> || :: => [ ] @ ; ? $1 1 2 1.5 'x' '2013-01-01' "q" INTEGER VARCHAR DECIMAL FLOAT[2]`.split(
    /\s+/,
  );

function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function check(sql: string): void {
  try {
    for (const statement of parseStatements(sql)) {
      const bound = bindStatement(statement, database, { source: sql });
      const [wrong] = 'plan' in bound && bound.plan !== undefined ? verify(bound.plan, 'bound') : [];
      if (wrong !== undefined) throw new Error(`the plan is wrong: ${wrong.message}`);
    }
  } catch (error) {
    if (error instanceof CompileError) { error.render(); return; }
    throw new Error(`${sql.slice(0, 2000)}\n${(error as Error).stack}`);
  }
}

test('random words', () => {
  const random = generator(1);
  const pick = (): string => WORDS[Math.floor(random() * WORDS.length)]!;
  for (let i = 0; i < 3000; i++)
    check(`${random() < 0.7 ? 'SELECT ' : ''}${Array.from({ length: 1 + Math.floor(random() * 14) }, pick).join(' ')}`);
});

const ATOMS = [
  'a',
  'b',
  'c',
  'd',
  'e',
  'v',
  '1',
  '1.5',
  "'x'",
  'NULL',
  'true',
  '?',
  'count(*)',
  "DATE '2013-01-01'",
  'INTERVAL 1 DAY',
  '(SELECT max(a) FROM t)',
  'predict(m, a, b)',
  'predict(fraud, t.*)',
  '[1, 2]',
];
const OPERATORS = [
  '+',
  '-',
  '*',
  '/',
  '//',
  '%',
  '=',
  '<',
  '<>',
  'AND',
  'OR',
  '||',
  'LIKE',
  'IS DISTINCT FROM',
  '^',
  '&',
];
const CALLS = [
  'abs',
  'sum',
  'min',
  'length',
  'coalesce',
  'round',
  'year',
  'greatest',
  'NOT',
  '-',
  'lower',
  'string_agg',
];

test('random expressions that parse', () => {
  const random = generator(2);
  const pick = (list: readonly string[]): string => list[Math.floor(random() * list.length)]!;
  const expression = (depth: number): string => {
    const kind = random();
    if (depth === 0 || kind < 0.3) return pick(ATOMS);
    if (kind < 0.6) return `(${expression(depth - 1)} ${pick(OPERATORS)} ${expression(depth - 1)})`;
    if (kind < 0.75) return `${pick(CALLS)}(${expression(depth - 1)})`;
    if (kind < 0.8)
      return `CAST(${expression(depth - 1)} AS ${pick(['INTEGER', 'VARCHAR', 'DOUBLE', 'DATE', 'DECIMAL(4,1)', 'FLOAT[2]'])})`;
    if (kind < 0.85)
      return `CASE WHEN ${expression(depth - 1)} THEN ${expression(depth - 1)} ELSE ${expression(depth - 1)} END`;
    if (kind < 0.9) return `${expression(depth - 1)} IN (${expression(depth - 1)}, ${expression(depth - 1)})`;
    if (kind < 0.95) return `${expression(depth - 1)} BETWEEN ${expression(depth - 1)} AND ${expression(depth - 1)}`;
    return `sum(${expression(depth - 1)}) OVER (PARTITION BY ${expression(depth - 1)} ORDER BY ${expression(depth - 1)})`;
  };
  for (let i = 0; i < 3000; i++) {
    const where = random() < 0.4 ? ` WHERE ${expression(2)}` : '';
    const group = random() < 0.3 ? ` GROUP BY ${expression(1)}` : '';
    check(
      `SELECT ${expression(3)}, ${expression(2)} FROM t${where}${group}${random() < 0.3 ? ` ORDER BY ${expression(2)}` : ''}`,
    );
  }
});

test('bytes', () => {
  const random = generator(3);
  for (let i = 0; i < 1000; i++)
    check(Array.from({ length: 12 }, () => String.fromCharCode(32 + Math.floor(random() * 200))).join(''));
});

test('nesting deeper than any query is refused, not crashed', () => {
  for (const depth of [100, 200, 20_000]) check(`SELECT ${'('.repeat(depth)}1${')'.repeat(depth)}`);
  for (const op of ['+', 'OR', '||'])
    check(`SELECT ${Array.from({ length: 20_000 }, () => 'a').join(` ${op} `)} FROM t`);
  check(`SELECT a FROM t WHERE a IN (${Array.from({ length: 20_000 }, (_, i) => i).join(', ')})`);
});

test.run();
