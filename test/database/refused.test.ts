/** What is valid SQL, but has no code yet, is refused by the compiler as the user's error, not as a fault of ours. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CompileError } from '../../frontend/diagnostics.js';
import { RealDatabase } from '../support/real-database.js';

let database: RealDatabase;
test.before(async () => {
  database = await RealDatabase.create();
  await database.text('CREATE TABLE t (a INTEGER, v FLOAT[3])');
  await database.text('INSERT INTO t VALUES (1, [1, 2, 3])');
});
test.after(() => database.close());

const REFUSED: readonly (readonly [string, RegExp])[] = [
  [
    'SELECT * FROM t LEFT JOIN t u ON u.a = t.a AND EXISTS (SELECT 1 FROM t w WHERE w.a > t.a)',
    /subquery .* not supported in this place yet/,
  ],
  [
    'SELECT sum(a) OVER (ORDER BY a RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t',
    /frames of range with an offset are not supported yet/,
  ],
  ['SELECT v, count(*) FROM t GROUP BY v', /grouping by "v", .* is not supported yet/],
  ['SELECT 1 FROM t JOIN t u ON u.v = t.v', /./],
];

for (const [sql, message] of REFUSED) {
  test(sql, async () => {
    try {
      await database.text(sql);
    } catch (error) {
      assert.instance(error, CompileError);
      assert.match((error as Error).message, message);
      return;
    }
    assert.unreachable('it ran');
  });
}

const UNPLACED = '(SELECT a FROM t w WHERE w.a = t.a UNION SELECT 1)';
const PLACES: readonly (readonly [sql: string, message: RegExp, place: string])[] = [
  [`SELECT 1,\n (SELECT max(a) FROM t x WHERE x.a = t.a), ${UNPLACED} FROM t`, /^a subquery that/, UNPLACED.slice(1, -1)],
  [`SELECT a FROM t WHERE EXISTS ${UNPLACED}`, /^a subquery that/, UNPLACED.slice(1, -1)],
  [`SELECT a + 1 <= ALL ${UNPLACED} FROM t`, /^a subquery that/, `a + 1 <= ALL ${UNPLACED}`],
  ['SELECT (a IN (SELECT 1)) IN (SELECT true) FROM t', /^IN \(subquery\)/, '(a IN (SELECT 1)) IN (SELECT true)'],
  ['SELECT * FROM t WHERE a NOT IN (SELECT a FROM t WHERE random() < 1)', /^IN \(subquery\)/,
    'a NOT IN (SELECT a FROM t WHERE random() < 1)'],
];
for (const [sql, message, place] of PLACES) {
  test(`the place of what is refused: ${sql.replace('\n', '')}`, async () => {
    const error = await database.text(sql).then(() => assert.unreachable('it ran'), (e: unknown) => e);
    assert.instance(error, CompileError);
    const { span, details, line, column } = error as CompileError;
    assert.match((error as CompileError).message, message);
    assert.is(sql.slice(span?.start, span?.end), place);
    assert.is(details.source, sql);
    const before = sql.slice(0, sql.indexOf(place)).split('\n');
    assert.equal([line, column], [before.length, before.at(-1)!.length + 1]);
  });
}

test('what a view holds is refused in the text of the view', async () => {
  await database.text(`CREATE VIEW odd AS SELECT ${UNPLACED} AS x FROM t`);
  const error = await database.text('SELECT x FROM odd').then(() => assert.unreachable('it ran'), (e: unknown) => e);
  assert.instance(error, CompileError);
  const { message, details, span } = error as CompileError;
  assert.match(message, /^view "odd": a subquery that .* \(line 1, column 9\)$/);
  assert.is(details.source?.slice(span?.start, span?.end), UNPLACED.slice(1, -1));
});

/** Lists of the grammar that nest once they are parsed. */
const CHAINS: readonly (readonly [claim: string, sql: (count: number) => string])[] = [
  ['signs', (count) => `SELECT ${'- '.repeat(count)}a FROM t`],
  ['complements', (count) => `SELECT ${'~ '.repeat(count)}a FROM t`],
  ['casts', (count) => `SELECT a${'::BIGINT::INTEGER'.repeat(count / 2)} FROM t`],
  ['subscripts', (count) => `SELECT CAST(a AS VARCHAR)${'[1]'.repeat(count)} FROM t`],
  ['set operations', (count) => `SELECT 1${' UNION SELECT 1'.repeat(count)}`],
];
for (const [claim, sql] of CHAINS) {
  test(`a chain of ${claim} is answered, or refused as too long where the stack does not hold it`, async () => {
    assert.equal(await database.text(sql(4)), [['1']]);
    for (const count of [5_000, 50_000]) {
      try {
        assert.equal(await database.text(sql(count)), [['1']]);
      } catch (error) {
        assert.instance(error, CompileError);
        assert.match((error as Error).message, /too many operators, set operations or joins in one chain/);
      }
    }
  });
}

test.run();
