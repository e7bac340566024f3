/** Statements on the product itself whose answers were wrong once. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ExecutionError } from '../../runtime/database.js';
import { onnxModel, type NodeSpec } from '../support/onnx-model.js';
import { RealDatabase } from '../support/real-database.js';

let database: RealDatabase;
test.before(async () => { database = await RealDatabase.create(); });
test.after(() => database.close());

/** The rows of the last statement, columns parted by a bar. */
async function answer(sql: string): Promise<readonly string[]> {
  return (await database.text(sql)).map((row) => row.join('|'));
}

test('arrays are ordered by the first elements that differ', async () => {
  await answer(
    'CREATE TABLE arrays (a INTEGER, v FLOAT[3]); INSERT INTO arrays VALUES (1, [1, 2, 3]), (2, [1, 1, 1]), (3, [1, 2, 0])',
  );
  assert.equal(await answer('SELECT a FROM arrays ORDER BY v'), ['2', '3', '1']);
  assert.equal(await answer('SELECT a FROM arrays ORDER BY v DESC LIMIT 2'), ['1', '3']);
});

test('a text that begins with a byte order mark keeps it in every function', async () => {
  await answer("CREATE TABLE marked AS SELECT chr(65279) || 'É' AS s");
  const calls = ['lower(s)', "replace(s, 'x', 'y')", 'reverse(s)', "trim(s, 'x')", "regexp_replace(s, 'x', 'y')"];
  const lengths = calls.map((call) => `length(${call})`).join();
  assert.equal(await answer(`SELECT length(s), ascii(s), ${lengths} FROM marked`), ['2|65279|2|2|2|2|2']);
});

test('a NULL array stays NULL when it is cast, and a NULL element is refused, not written as 0', async () => {
  await answer('CREATE TABLE held (a INTEGER, v FLOAT[2]); INSERT INTO held VALUES (1, [1, 2]), (2, [3, 4])');
  const cast = 'SELECT h.a, o.v::DOUBLE[2], (o.v::DOUBLE[2])[1] FROM held h LEFT JOIN held o ON h.a = o.a + 1 ORDER BY h.a';
  assert.equal(await answer(cast), ['1|NULL|NULL', '2|[1.0, 2.0]|1.0']);
  assert.equal(await answer('SELECT [a, nullif(a, 2)][2] FROM held ORDER BY a'), ['1', 'NULL']);
  for (const sql of [
    'SELECT [1, NULL]',
    'SELECT [a, nullif(a, 2)] FROM held',
    'INSERT INTO held VALUES (3, [1, NULL])',
    'INSERT INTO held SELECT a, [a, nullif(a, 1)] FROM held',
    'UPDATE held SET v = [1, nullif(a, 1)]',
  ]) {
    try {
      await answer(sql);
      assert.unreachable(`${sql} was run`);
    } catch (error) {
      assert.instance(error, ExecutionError, sql);
      assert.match((error as Error).message, /found NULL as an element of an array/, sql);
    }
  }
  assert.equal(await answer('SELECT * FROM held ORDER BY a'), ['1|[1.0, 2.0]', '2|[3.0, 4.0]']);
});

test('small integers and booleans are text with their sign, whatever was text before', async () => {
  await answer(
    'CREATE TABLE small (a SMALLINT, b TINYINT, c BOOLEAN, d USMALLINT); INSERT INTO small VALUES (-9, -7, false, 65535), (32767, 100, true, 0)',
  );
  const row =
    'concat(CAST(12345678 + a AS VARCHAR)), CAST(a AS VARCHAR), CAST(b AS VARCHAR), CAST(c AS VARCHAR), CAST(d AS VARCHAR)';
  assert.equal(await answer(`SELECT ${row} FROM small`), ['12345669|-9|-7|false|65535', '12378445|32767|100|true|0']);
});

test('floats print as DuckDB prints them', async () => {
  const floats = ['-0.0', '1e20', '1e16', '123456789012345.0', '0.0001', '0.00001', '1.5e-7', '0.1'];
  const found = await answer(
    `SELECT ${floats.map((text) => `'${text}'::DOUBLE`).join(', ')}, 'nan'::DOUBLE, '-inf'::FLOAT, '1e20'::FLOAT, '0.1'::FLOAT`,
  );
  assert.equal(found, ['-0.0|1e+20|1e+16|123456789012345.0|0.0001|1e-05|1.5e-07|0.1|nan|-inf|1e+20|0.1']);
});

test('a model that mixes rows is refused, and one of a fixed batch serves any number of rows', async () => {
  const model = (op: string, attributes: Record<string, number>): Uint8Array => onnxModel({
      nodes: [{ op, inputs: ['x'], outputs: ['y'], attributes }],
      inputs: { x: { dtype: 'f32', dims: [4, 2] } },
      outputs: { y: 'f32' },
  });
  try {
    await database.db.createModel('mixing', model('Softmax', { axis: 0 }));
    assert.unreachable('it was registered');
  } catch (error) {
    assert.match((error as Error).message, /not a function of rows/);
  }
  await database.db.createModel('fixed', model('Softmax', { axis: 1 }));
  assert.equal(await answer('SELECT (predict(fixed, 0, 0))[1] FROM range(3)'), ['0.5', '0.5', '0.5']);
});

test('a NULL feature is NaN to trees, behind a scaler too; where a sum comes between it gives NULL', async () => {
  const trees: NodeSpec = {
    op: 'TreeEnsembleRegressor', domain: 'ai.onnx.ml', inputs: ['features'], outputs: ['y'],
    attributes: {
      nodes_treeids: [0n, 0n, 0n], nodes_nodeids: [0n, 1n, 2n], nodes_featureids: [1n, 0n, 0n],
      nodes_modes: ['BRANCH_LEQ', 'LEAF', 'LEAF'], nodes_values: Float32Array.of(0, 0, 0),
      nodes_truenodeids: [1n, 0n, 0n], nodes_falsenodeids: [2n, 0n, 0n], nodes_missing_value_tracks_true: [1n, 0n, 0n],
      target_treeids: [0n, 0n], target_nodeids: [1n, 2n], target_ids: [0n, 0n], target_weights: Float32Array.of(10, 20),
    },
  };
  const before: Readonly<Record<string, NodeSpec>> = {
    scaled: {
      op: 'Scaler', domain: 'ai.onnx.ml', inputs: ['x'], outputs: ['features'],
      attributes: { offset: Float32Array.of(1, 2), scale: Float32Array.of(3, 4) },
    },
    summed: { op: 'CumSum', inputs: ['x', 'axis'], outputs: ['features'] },
  };
  await answer('CREATE TABLE gaps (i INTEGER, a DOUBLE, b DOUBLE); INSERT INTO gaps VALUES (1, 0, NULL), (2, 0, 5)');
  for (const [name, node] of Object.entries(before)) {
    await database.db.createModel(name, onnxModel({
      nodes: [node, trees], inputs: { x: { dtype: 'f32', dims: ['N', 2] } }, outputs: { y: 'f32' },
      initializers: { axis: { dtype: 'i64', dims: [], data: BigInt64Array.of(1n) } },
    }));
  }
  assert.equal(
    await answer('SELECT i, predict(scaled, a, b), predict(summed, a, b) FROM gaps ORDER BY i'),
    ['1|10.0|NULL', '2|20.0|20.0'],
  );
});

test('a NULL element of an array that feeds a model gives NULL, as a NULL column does', async () => {
  await database.db.createModel('doubled', onnxModel({
    nodes: [{ op: 'Add', inputs: ['x', 'x'], outputs: ['y'] }],
    inputs: { x: { dtype: 'f32', dims: ['N', 2] } },
    outputs: { y: 'f32' },
  }));
  const from = 'FROM (SELECT i, nullif(i, 1) AS j FROM range(3) AS r(i)) q';
  for (const call of ['predict(doubled, i, j)', 'predict(doubled, [i, j])', 'predict(doubled, x => [i, j])'])
    assert.equal(await answer(`SELECT ${call} ${from}`), ['[0.0, 0.0]', 'NULL', '[4.0, 4.0]'], call);
});

test('the first row of a correlated subquery is that of its ORDER BY, whatever is selected', async () => {
  await answer('CREATE TABLE bids (k INTEGER, b INTEGER, w VARCHAR)');
  await answer("INSERT INTO bids VALUES (1, 5, 'x'), (1, 9, 'y'), (1, 7, 'z'), (2, 3, 'v')");
  const first = '(SELECT w FROM bids WHERE bids.k = r.i ORDER BY b DESC LIMIT 1)';
  assert.equal(await answer(`SELECT i, ${first} FROM range(3) AS r(i) ORDER BY i`), ['0|NULL', '1|y', '2|v']);
});

test('models read the rows around a subquery, and subqueries are features', async () => {
  await database.db.createModel('weighed', onnxModel({
    nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
    inputs: { x: { dtype: 'f32', dims: ['N', 2] } },
    outputs: { y: 'f32' },
    initializers: { w: { dtype: 'f32', dims: [2, 1], data: Float32Array.of(1, 10) } },
  }));
  await answer('CREATE TABLE marks (k INTEGER, b INTEGER); INSERT INTO marks VALUES (0, 2), (0, 3), (2, 7)');
  const rows = 'FROM range(3) AS r(i)';
  const inside = '(SELECT max(predict(weighed, r.i, m.b)) FROM marks m WHERE m.k = r.i)';
  assert.equal(await answer(`SELECT i, ${inside} ${rows} ORDER BY i`), ['0|30.0', '1|NULL', '2|72.0']);
  const feature = 'predict(weighed, i, (SELECT max(b) FROM marks m WHERE m.k = r.i))';
  assert.equal(await answer(`SELECT i, ${feature} ${rows} ORDER BY i`), ['0|30.0', '1|NULL', '2|72.0']);
  assert.equal(await answer(`SELECT i ${rows} WHERE ${feature} > 50`), ['2']);
  const beside = '(SELECT predict(weighed, count(*), r.i) FROM marks m WHERE m.k = r.i)';
  assert.equal(await answer(`SELECT i, ${beside} ${rows} ORDER BY i`), ['0|2.0', '1|10.0', '2|21.0']);
});

test('predictions of no rows are aggregated and ordered', async () => {
  await database.db.createModel('pair', onnxModel({
    nodes: [{ op: 'Softmax', inputs: ['x'], outputs: ['y'], attributes: { axis: 1 } }],
    inputs: { x: { dtype: 'f32', dims: [4, 2] } },
    outputs: { y: 'f32' },
  }));
  const p = '(predict(pair, i, 0))[1]';
  const none = 'FROM range(3) AS r(i) WHERE 1 = 0';
  assert.equal(await answer(`SELECT max(${p}), count(${p}) ${none}`), ['NULL|0']);
  assert.equal(await answer(`SELECT i, max(${p}) ${none} GROUP BY i`), []);
  assert.equal(await answer(`SELECT row_number() OVER (ORDER BY ${p}) ${none}`), []);
  assert.equal(await answer(`SELECT max(p[1]) FROM (SELECT predict(pair, i, 0) AS p FROM range(3) AS r(i) LIMIT 0)`), [
    'NULL',
  ]);
});

test('columns of one name have each its own type', async () => {
  const columns = "CAST(1.5 AS DECIMAL(12,3)) AS e, CAST(2.5 AS DECIMAL(9,2)) AS e, DATE '2020-01-01' AS d, 7 AS d";
  assert.equal(await answer(`SELECT ${columns}`), ['1.500|2.50|2020-01-01|7']);
  for await (const batch of database.db.query(`SELECT ${columns}`))
    assert.equal(batch.schema.fields.map((field) => field.type), [0, 1, 2, 3].map((i) => batch.getChildAt(i)!.type));
});

test('a filter that tells equal keys apart is asked of what DISTINCT, groups, partitions and EXCEPT give', async () => {
  await answer(
    `CREATE TABLE zeros (i INTEGER, x DOUBLE, s INTERVAL);
     INSERT INTO zeros VALUES (1, 0.0, INTERVAL '1 month'), (2, '-0.0'::DOUBLE, INTERVAL '30 days'), (3, 2, NULL)`,
  );
  const negative = "CAST(x AS VARCHAR) = '-0.0'";
  const count = async (from: string, where: string): Promise<string> =>
    (await answer(`SELECT count(*) FROM (${from}) q WHERE ${where}`))[0]!;
  // One of the two zeros stands for both, so one of the filters keeps it and the other drops it.
  for (const from of ['SELECT DISTINCT x FROM zeros', 'SELECT x, count(*) FROM zeros GROUP BY x']) {
    const found = [await count(from, negative), await count(from, "CAST(x AS VARCHAR) = '0.0'")];
    assert.equal(found.sort(), ['0', '1'], from);
  }
  const months = 'SELECT DISTINCT s FROM zeros';
  const kept = [await count(months, "CAST(s AS VARCHAR) = '1 month'"), await count(months, "CAST(s AS VARCHAR) = '30 days'")];
  assert.equal(kept.sort(), ['0', '1']);
  const numbered = 'SELECT x, count(*) OVER (PARTITION BY x) AS n FROM zeros';
  assert.equal(await answer(`SELECT n FROM (${numbered}) q WHERE ${negative}`), ['2']);
  assert.is(await count('SELECT 0.0::DOUBLE AS x EXCEPT SELECT x FROM zeros', "CAST(x AS VARCHAR) = '0.0'"), '0');
  assert.is(await count("SELECT '-0.0'::DOUBLE AS x EXCEPT SELECT x FROM zeros WHERE i = 1", negative), '0');
  assert.is(await count('SELECT x FROM zeros UNION ALL SELECT x FROM zeros', negative), '2');
  assert.is(await count('SELECT DISTINCT x FROM zeros', 'x = 0 AND x IS NOT NULL'), '1');
});

test.run();
