/**
 * How long the stages of a compilation take, printed; no bound in milliseconds, for machines differ. Statements that
 * would take hours if time grew with more than their size must end.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { emitPlan } from '../../backends/emit.js';
import { SIMD128_TIER } from '../../backends/wasm/kernel-tier.js';
import { bindStatement } from '../../frontend/sql/bind.js';
import { parseStatements } from '../../frontend/sql/parse.js';
import { optimise } from '../../passes/optimise.js';
import { pairModel } from '../support/model-graphs.js';
import { OracleDatabase } from '../support/oracle-database.js';
import { Constants } from './plans.js';

const SQL = `SELECT f.id, a.name, (predict(fraud, amount => f.delay + w.temp, age => p.seats)).probabilities[1] AS p
  FROM flights f JOIN weather w ON w.origin = f.origin AND w.at = f.at
  JOIN planes p ON p.tail = f.tail JOIN airlines a ON a.carrier = f.carrier
  WHERE f.delay <= 0 AND (predict(fraud, amount => f.delay + w.temp, age => p.seats)).label = 1 ORDER BY p DESC LIMIT 10`;
const ROUNDS = 12;
const COMPARED = 4;

const database = new OracleDatabase();
database.run(`
  CREATE TABLE flights (id BIGINT, origin VARCHAR, at TIMESTAMP, tail VARCHAR, carrier VARCHAR, delay REAL);
  CREATE TABLE weather (origin VARCHAR, at TIMESTAMP, temp REAL);
  CREATE TABLE planes (tail VARCHAR, seats INTEGER);
  CREATE TABLE airlines (carrier VARCHAR, name VARCHAR);
`);
database.addModel('fraud', pairModel());

interface Times {
  readonly bind: number;
  readonly passes: number;
  readonly verify: number;
  readonly emit: number;
  readonly all: number;
  /** Of all threads: what V8 optimises beside them counts. */
  readonly processor: number;
}

function compile(sql: string): Times {
  const processor = process.cpuUsage();
  const start = performance.now();
  const bound = bindStatement(parseStatements(sql)[0]!, database, { source: sql });
  if (bound.kind !== 'query') throw new Error(`expected a query, found ${bound.kind}`);
  const afterBind = performance.now();
  const tensors = new Constants();
  const { plan, timings } = optimise(bound.plan, { tensors, budgetBytes: 2 ** 28 });
  const afterPasses = performance.now();
  emitPlan(plan, { sql, parameters: [], tensors, tier: SIMD128_TIER }).dispose();
  const end = performance.now();
  const { user, system } = process.cpuUsage(processor);
  const passes = timings.reduce((sum, { ms }) => sum + ms, 0);
  return {
    bind: afterBind - start,
    passes,
    verify: afterPasses - afterBind - passes,
    emit: end - afterPasses,
    all: end - start,
    processor: user + system,
  };
}

test('a compilation is not slowed by those before it', () => {
  const rounds = Array.from({ length: ROUNDS }, () => compile(SQL));
  const [first] = rounds;
  const warm = [...rounds].sort((a, b) => a.all - b.all)[0]!;
  const text = (times: Times): string =>
    Object.entries(times)
      .filter(([stage]) => stage !== 'processor')
      .map(([stage, ms]) => `${stage} ${(ms as number).toFixed(1)}`)
      .join(', ');
  console.log(`  four-way join with a model, ms: first ${text(first!)}; warm ${text(warm)}`);
  const least = (some: readonly Times[]): number => Math.min(...some.map(({ processor }) => processor));
  // The engine is still warming up in the earlier ones.
  const growth = least(rounds.slice(-COMPARED)) / least(rounds.slice(1, 1 + COMPARED));
  assert.ok(growth < 2, `the last compilations take ${growth.toFixed(1)} times as long as the first ones`);
});

function nested(levels: number, wrap: (inner: string, level: number) => string, start: string): string {
  return Array.from({ length: levels }, (_, level) => level).reduce(wrap, start);
}

function listed(count: number, item: (i: number) => string, separator: string): string {
  return Array.from({ length: count }, (_, i) => item(i)).join(separator);
}

test('parts that nested functions hold twice are looked at once', () => {
  const nullifs = nested(40, (inner, level) => `nullif(${inner}, ${level})`, 'id');
  compile(`SELECT a.name, max(${nullifs}) FROM flights f JOIN airlines a ON a.carrier = f.carrier GROUP BY a.name`);
  const betweens = nested(40, (inner, level) => `(CAST(${inner} AS INTEGER) BETWEEN 0 AND ${level})`, 'seats');
  compile(`SELECT tail FROM (SELECT * FROM planes ORDER BY seats LIMIT 10) WHERE ${betweens}`);
  compile(`SELECT seats + 1 AS x0, ${listed(40, (i) => `x${i} + x${i} AS x${i + 1}`, ', ')} FROM planes`);
});

test('parts that are held twice are looked at once where queries, groups, windows and models ask about them', () => {
  const twice = (start: string): string => nested(40, (inner, level) => `nullif(${inner}, ${level})`, start);
  const risk = (amount: string): string => `(predict(fraud, amount => ${amount}, age => seats)).label`;
  compile(`SELECT ${twice(risk('CAST(tail AS REAL)'))}, CASE WHEN seats > 1 THEN ${twice(risk('1 / seats'))} END FROM planes`);
  compile(`SELECT ${twice('seats')} AS x, count(*) FROM planes GROUP BY ALL ORDER BY x`);
  compile(`SELECT sum(seats) OVER (ORDER BY ${twice('seats')}), max(${twice('seats')}) OVER () FROM planes`);
  const other = 'FROM planes o WHERE o.tail = p.tail';
  for (const part of [
    twice(`(SELECT max(o.seats) ${other})`),
    `(SELECT max(${twice('o.seats')}) + sum(${twice('p.seats')}) FROM planes o)`,
    `${twice('p.seats')} IN (SELECT o.seats FROM planes o)`,
    `${twice('p.seats')} > ANY (SELECT o.seats ${other})`,
  ]) compile(`SELECT ${part} FROM planes p`);
  const doubled = `p.seats AS x0, ${listed(40, (i) => `x${i} + x${i} AS x${i + 1}`, ', ')}`;
  compile(`SELECT 1 FROM (SELECT ${doubled}, o.tail FROM planes p LEFT JOIN planes o ON o.tail = p.tail) WHERE x40 > 1`);
});

test('tables of WITH and views that hold the one before twice are compiled once', () => {
  const levels = (next: (before: string) => string, condition = ''): void => {
    const tables = listed(20, (i) => `q${i + 1} AS (${next(`q${i}`)})`, ', ');
    compile(`WITH q0 AS (SELECT seats, tail FROM planes), ${tables} SELECT * FROM q20 ${condition}`);
  };
  const join = (q: string): string => `SELECT x.tail, y.seats FROM ${q} x JOIN ${q} y ON x.tail = y.tail`;
  levels(join);
  levels(join, "WHERE tail > 'N' AND seats < 7");
  levels((q) => `SELECT x.tail, max(y.seats) AS seats FROM ${q} x JOIN ${q} y ON x.tail = y.tail GROUP BY x.tail`);
  levels((q) => `SELECT x.tail, y.seats FROM ${q} x LEFT JOIN ${q} y ON x.tail = y.tail ORDER BY 2 LIMIT 9`);
  levels((q) => `SELECT tail, seats FROM ${q} UNION ALL SELECT tail, seats + 1 FROM ${q}`, 'WHERE seats > 3');
  levels((q) => `SELECT tail, seats FROM ${q} WHERE seats > (SELECT avg(seats) FROM ${q})`);
  database.run('CREATE VIEW v0 AS SELECT seats, tail FROM planes');
  for (let i = 0; i < 20; i++) database.run(`CREATE VIEW v${i + 1} AS ${join(`v${i}`)}`);
  compile('SELECT * FROM v20');
});

test('conditions of a thousand terms are compiled', () => {
  compile(`SELECT * FROM planes WHERE ${listed(1000, (i) => `seats <> ${i}`, ' AND ')}`);
  compile(`SELECT * FROM planes WHERE NOT (${listed(1000, (i) => `seats = ${i}`, ' OR ')})`);
  compile(`SELECT * FROM planes WHERE ${listed(1000, (i) => `seats = ${i} AND tail = 'N${i}'`, ' OR ')}`);
});

test.run();
