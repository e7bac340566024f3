/** The oracle's relations are DuckDB's: the same plan as nodes and as SQL, over tables full of NULLs and ties. */
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { evaluateRelation, type RelationContext } from '../../backends/reference/relation.js';
import type { Row } from '../../backends/reference/expression.js';
import { make } from '../../ir/build.js';
import type { AggregateOp, Expr, JoinKind, Relation, SortKey, WindowCall, WindowOp } from '../../ir/node.js';
import { castValue } from '../../ir/scalar/cast.js';
import { textOf } from '../../ir/scalar/text-of.js';
import type { ScalarOp } from '../../ir/scalar.js';
import { relation, scalar, type ScalarType } from '../../ir/type.js';
import { verify } from '../../ir/verify.js';

const SCHEMA = relation([
  { name: 'k', type: scalar('i32', { nullable: true }) },
  { name: 'g', type: scalar('utf8', { nullable: true }) },
  { name: 'x', type: scalar('f64', { nullable: true }) },
  { name: 'd', type: scalar('decimal(6,2)', { nullable: true }) },
]);
const T = [
  ['1', 'a', '1.5', '1.25'],
  ['2', 'a', 'nan', '2.50'],
  ['2', 'b', '-1', null],
  [null, 'b', '3', '0.01'],
  ['3', null, null, '-7.77'],
  ['5', 'c', '3', '9.99'],
  ['5', 'c', '3', '9.99'],
];
const U = [
  ['2', 'x', '0.5', '1'],
  ['2', 'y', '0.25', '2'],
  [null, 'z', '1', '3'],
  ['5', 'a', '2', null],
  ['9', 'b', null, '4'],
];

function rowsOf(texts: readonly (readonly (string | null)[])[]): readonly Row[] {
  return texts.map((row) =>
    row.map((text, i) =>
      castValue(text, { from: 'utf8', to: (SCHEMA.columns[i]!.type as ScalarType).dtype, attempt: false }),
    ),
  );
}

const tables: { readonly [name: string]: readonly Row[] } = { t: rowsOf(T), u: rowsOf(U) };
const context: RelationContext = {
  tables: (name) => tables[name]!,
  params: [],
  tensors: {
    get: () => {
      throw new Error('no weights');
    },
  },
};

const scan = (table: string): Relation => make({ kind: 'scan', table, schema: SCHEMA, columns: [0, 1, 2, 3] });
const [t, u] = [scan('t'), scan('u')];
const col = (input: Relation, index: number): Expr =>
  make({ kind: 'ref', index, type: input.type.columns[index]!.type });
const call = (op: ScalarOp, ...args: readonly Expr[]): Expr => make({ kind: 'call', op, args });
const i32 = (value: number): Expr => make({ kind: 'literal', value, type: scalar('i32') });
const i64 = (value: bigint): Expr => make({ kind: 'literal', value, type: scalar('i64') });
const key = (expr: Expr, descending = false, nullsFirst = false): SortKey => ({ expr, descending, nullsFirst });

let connection: DuckDBConnection;
test.before(async () => {
  connection = await (await DuckDBInstance.create(':memory:')).connect();
  for (const [name, rows] of [
    ['t', T],
    ['u', U],
  ] as const) {
    await connection.run(`CREATE TABLE ${name} (k INTEGER, g VARCHAR, x DOUBLE, d DECIMAL(6,2))`);
    const values = rows.map((row) => `(${row.map((text) => (text === null ? 'NULL' : `'${text}'`)).join(', ')})`);
    await connection.run(`INSERT INTO ${name} VALUES ${values.join(', ')}`);
  }
});

/** Compares as bags, or in order. */
async function same(node: Relation, sql: string, options: { ordered?: boolean } = {}): Promise<void> {
  assert.equal(
    verify(node, 'bound').map((error) => error.message),
    [],
  );
  const ours = evaluateRelation(node, context).map((row) =>
    row.map((value, i) => textOf(value, node.type.columns[i]!.type)).join(' | '),
  );
  const reader = await connection.runAndReadAll(`SELECT COALESCE(COLUMNS(*)::VARCHAR, 'NULL') FROM (${sql})`);
  const theirs = reader.getRows().map((row) => row.join(' | '));
  const order = (rows: string[]): string[] => (options.ordered === true ? rows : rows.sort());
  assert.equal(order(ours), order(theirs), sql);
}

test('joins of every kind', async () => {
  const on = call('eq', col(t, 0), make({ kind: 'ref', index: 4, type: u.type.columns[0]!.type }));
  const kinds: readonly (readonly [JoinKind, string])[] = [
    ['inner', 'JOIN'],
    ['left', 'LEFT JOIN'],
    ['right', 'RIGHT JOIN'],
    ['full', 'FULL JOIN'],
    ['semi', 'SEMI JOIN'],
    ['anti', 'ANTI JOIN'],
  ];
  for (const [join, sql] of kinds)
    await same(make({ kind: 'join', join, left: t, right: u, on }), `SELECT * FROM t ${sql} u ON t.k = u.k`);
  const less = call('and', on, call('lt', make({ kind: 'ref', index: 6, type: u.type.columns[2]!.type }), col(t, 2)));
  for (const [join, sql] of kinds)
    await same(
      make({ kind: 'join', join, left: t, right: u, on: less }),
      `SELECT * FROM t ${sql} u ON t.k = u.k AND u.x < t.x`,
    );
  await same(make({ kind: 'join', join: 'cross', left: t, right: u, on: undefined }), 'SELECT * FROM t, u');
});

const AGGREGATES: readonly (readonly [AggregateOp, number | undefined, ScalarType, string])[] = [
  ['count_star', undefined, scalar('i64'), 'count(*)'],
  ['count', 0, scalar('i64'), 'count(k)'],
  ['sum', 0, scalar('i64', { nullable: true }), 'sum(k)'],
  ['sum', 3, scalar('decimal(38,2)', { nullable: true }), 'sum(d)'],
  ['avg', 3, scalar('f64', { nullable: true }), 'avg(d)'],
  ['avg', 0, scalar('f64', { nullable: true }), 'avg(k)'],
  ['min', 2, scalar('f64', { nullable: true }), 'min(x)'],
  ['max', 2, scalar('f64', { nullable: true }), 'max(x)'],
  ['max', 1, scalar('utf8', { nullable: true }), 'max(g)'],
  ['stddev_samp', 0, scalar('f64', { nullable: true }), 'stddev_samp(k)'],
  ['var_pop', 0, scalar('f64', { nullable: true }), 'var_pop(k)'],
  ['median', 0, scalar('f64', { nullable: true }), 'median(k)'],
  ['bit_xor', 0, scalar('i32', { nullable: true }), 'bit_xor(k)'],
  ['product', 0, scalar('f64', { nullable: true }), 'product(k)'],
];

test('aggregates: grouped, of everything, of nothing, distinct, filtered', async () => {
  const positive = call('gt', col(t, 3), make({ kind: 'literal', value: 100n, type: scalar('decimal(6,2)') }));
  for (const [distinct, filter] of [
    [false, undefined],
    [true, undefined],
    [false, positive],
  ] as const) {
    const calls = AGGREGATES.map(([op, index, type], i) => ({
      op,
      args: index === undefined ? [] : [col(t, index)],
      distinct: distinct && index !== undefined,
      filter,
      name: `c${i}`,
      type,
    }));
    const list = AGGREGATES.map(
      ([, index, , sql]) =>
        (distinct && index !== undefined ? sql.replace('(', '(DISTINCT ') : sql) + (filter ? ' FILTER (d > 1)' : ''),
    ).join(', ');
    await same(make({ kind: 'aggregate', input: t, groups: [], calls }), `SELECT ${list} FROM t`);
    await same(
      make({ kind: 'aggregate', input: t, groups: [{ expr: col(t, 1), name: 'g' }], calls }),
      `SELECT g, ${list} FROM t GROUP BY g`,
    );
    const none = make({
      kind: 'filter',
      input: t,
      predicate: make({ kind: 'literal', value: false, type: scalar('bool') }),
    });
    await same(make({ kind: 'aggregate', input: none, groups: [], calls }), `SELECT ${list} FROM t WHERE false`);
    await same(
      make({ kind: 'aggregate', input: none, groups: [{ expr: col(t, 1), name: 'g' }], calls }),
      `SELECT g, ${list} FROM t WHERE false GROUP BY g`,
    );
  }
});

test('groups of floats: NaN is one group, NULL is one group', () =>
  same(
    make({ kind: 'aggregate', input: t, groups: [{ expr: col(t, 2), name: 'x' }], calls: [] }),
    'SELECT x FROM t GROUP BY x',
  ));

test('sorting puts NULLs where it is told and NaN last', async () => {
  for (const descending of [false, true])
    for (const nullsFirst of [false, true]) {
      const keys = [
        key(col(t, 2), descending, nullsFirst),
        key(col(t, 0), !descending, !nullsFirst),
        key(col(t, 3), false),
      ];
      const sql = `SELECT * FROM t ORDER BY x ${descending ? 'DESC' : 'ASC'} NULLS ${nullsFirst ? 'FIRST' : 'LAST'}, k ${descending ? 'ASC' : 'DESC'} NULLS ${nullsFirst ? 'LAST' : 'FIRST'}, d NULLS LAST`;
      await same(make({ kind: 'sort', input: t, keys, limit: undefined }), sql, { ordered: true });
      await same(make({ kind: 'sort', input: t, keys, limit: 3 }), `${sql} LIMIT 3`, { ordered: true });
      const sorted = make({ kind: 'sort', input: t, keys, limit: undefined });
      await same(make({ kind: 'limit', input: sorted, limit: i64(2n), offset: i64(3n) }), `${sql} LIMIT 2 OFFSET 3`, {
        ordered: true,
      });
    }
});

test('set operations count duplicates and treat NULLs as equal', async () => {
  const one = (input: Relation): Relation => make({ kind: 'project', input, exprs: [col(input, 0)], names: ['k'] });
  for (const op of ['union', 'intersect', 'except'] as const)
    for (const all of [false, true]) {
      await same(
        make({ kind: 'setop', op, all, left: one(t), right: one(u) }),
        `SELECT k FROM t ${op} ${all ? 'ALL' : ''} SELECT k FROM u`,
      );
    }
  await same(make({ kind: 'distinct', input: t }), 'SELECT DISTINCT * FROM t');
});

test('subqueries: IN and NOT IN with NULLs, EXISTS, scalar, correlated', async () => {
  const k = (input: Relation): Relation => make({ kind: 'project', input, exprs: [col(input, 0)], names: ['k'] });
  const known = make({ kind: 'filter', input: u, predicate: call('is_not_null', col(u, 0)) });
  const inside = (inner: Relation): Expr => make({ kind: 'subquery', mode: 'in', arg: col(t, 0), relation: k(inner) });
  const where = (predicate: Expr): Relation => make({ kind: 'filter', input: t, predicate });
  await same(where(inside(u)), 'SELECT * FROM t WHERE k IN (SELECT k FROM u)');
  await same(where(call('not', inside(u))), 'SELECT * FROM t WHERE k NOT IN (SELECT k FROM u)');
  await same(where(call('not', inside(known))), 'SELECT * FROM t WHERE k NOT IN (SELECT k FROM u WHERE k IS NOT NULL)');
  const outer = make({ kind: 'outer', depth: 1, index: 0, type: t.type.columns[0]!.type });
  const matching = make({ kind: 'filter', input: u, predicate: call('eq', col(u, 0), outer) });
  const exists = make({ kind: 'subquery', mode: 'exists', arg: undefined, relation: matching });
  await same(where(exists), 'SELECT * FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.k = t.k)');
  await same(where(call('not', exists)), 'SELECT * FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.k = t.k)');
  const total = make({
    kind: 'aggregate',
    input: matching,
    groups: [],
    calls: [
      {
        op: 'sum',
        args: [col(u, 2)],
        distinct: false,
        filter: undefined,
        name: 's',
        type: scalar('f64', { nullable: true }),
      },
    ],
  });
  const value = make({ kind: 'subquery', mode: 'scalar', arg: undefined, relation: total });
  await same(
    make({ kind: 'project', input: t, exprs: [col(t, 0), value], names: ['k', 's'] }),
    'SELECT k, (SELECT sum(x) FROM u WHERE u.k = t.k) FROM t',
  );
  assert.throws(
    () =>
      evaluateRelation(
        make({
          kind: 'project',
          input: t,
          exprs: [make({ kind: 'subquery', mode: 'scalar', arg: undefined, relation: k(u) })],
          names: ['k'],
        }),
        context,
      ),
    /More than one row/,
  );
});

function windowed(op: WindowOp, args: readonly Expr[], type: ScalarType, extra: Partial<WindowCall> = {}): Relation {
  const base = {
    op,
    args,
    partition: [],
    order: [key(col(t, 0)), key(col(t, 3)), key(col(t, 1))],
    frame: undefined,
    name: 'w',
    type,
  };
  return make({ kind: 'window', input: t, calls: [{ ...base, ...extra }] });
}

const ORDER = 'ORDER BY k NULLS LAST, d NULLS LAST, g NULLS LAST';
const maybe = (dtype: 'i32' | 'i64' | 'f64' | 'decimal(6,2)' | 'decimal(38,2)'): ScalarType =>
  scalar(dtype, { nullable: true });

test('window functions of position', async () => {
  for (const op of ['rank', 'dense_rank', 'percent_rank', 'cume_dist'] as const) {
    const type = scalar(op.endsWith('rank') && op !== 'percent_rank' ? 'i64' : 'f64');
    await same(
      windowed(op, [], type, { order: [key(col(t, 0))] }),
      `SELECT *, ${op}() OVER (ORDER BY k NULLS LAST) FROM t`,
    );
    await same(
      windowed(op, [], type, { order: [key(col(t, 0), true, true)], partition: [col(t, 1)] }),
      `SELECT *, ${op}() OVER (PARTITION BY g ORDER BY k DESC NULLS FIRST) FROM t`,
    );
  }
  await same(windowed('ntile', [i64(3n)], scalar('i64')), `SELECT *, ntile(3) OVER (${ORDER}) FROM t`);
  await same(windowed('lag', [col(t, 3)], maybe('decimal(6,2)')), `SELECT *, lag(d) OVER (${ORDER}) FROM t`);
  await same(
    windowed('lead', [col(t, 0), i64(2n), i32(-1)], maybe('i32')),
    `SELECT *, lead(k, 2, -1) OVER (${ORDER}) FROM t`,
  );
});

test('window frames', async () => {
  const current = { kind: 'current', offset: 0 } as const;
  const unbounded = { kind: 'unbounded', offset: 0 } as const;
  const at = (offset: number) => ({ kind: 'offset', offset }) as const;
  const frames = [
    ['ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING', { unit: 'rows', start: at(-1), end: at(1) }],
    ['ROWS BETWEEN UNBOUNDED PRECEDING AND 2 PRECEDING', { unit: 'rows', start: unbounded, end: at(-2) }],
    ['RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING', { unit: 'range', start: current, end: unbounded }],
    ['RANGE BETWEEN 1 PRECEDING AND 2 FOLLOWING', { unit: 'range', start: at(-1), end: at(2) }],
    ['GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING', { unit: 'groups', start: at(-1), end: at(1) }],
  ] as const;
  for (const [sql, frame] of frames)
    for (const descending of [false, true]) {
      const order = [key(col(t, 0), descending)];
      const over = `OVER (ORDER BY k ${descending ? 'DESC' : 'ASC'} NULLS LAST ${sql})`;
      // Counts and sums do not depend on the order of peers, where frames are of rows they do.
      if (frame.unit === 'rows') {
        const all = [key(col(t, 0)), key(col(t, 3)), key(col(t, 1))];
        await same(
          windowed('sum', [col(t, 0)], maybe('i64'), { frame, order: all }),
          `SELECT *, sum(k) OVER (${ORDER} ${sql}) FROM t`,
        );
        await same(
          windowed('last_value', [col(t, 3)], maybe('decimal(6,2)'), { frame, order: all }),
          `SELECT *, last_value(d) OVER (${ORDER} ${sql}) FROM t`,
        );
        continue;
      }
      await same(
        windowed('sum', [col(t, 3)], maybe('decimal(38,2)'), { frame, order }),
        `SELECT *, sum(d) ${over} FROM t`,
      );
      await same(windowed('count', [col(t, 0)], scalar('i64'), { frame, order }), `SELECT *, count(k) ${over} FROM t`);
    }
  await same(
    windowed('sum', [col(t, 3)], maybe('decimal(38,2)'), { order: [key(col(t, 0))] }),
    'SELECT *, sum(d) OVER (ORDER BY k NULLS LAST) FROM t',
  );
  await same(
    windowed('sum', [col(t, 3)], maybe('decimal(38,2)'), { order: [], partition: [col(t, 1)] }),
    'SELECT *, sum(d) OVER (PARTITION BY g) FROM t',
  );
});

test('a series ends where it is told, in both directions', async () => {
  for (const [start, stop, step] of [
    [1n, 10n, 3n],
    [10n, 1n, -3n],
    [1n, 0n, 1n],
    [5n, 5n, 1n],
  ] as const) {
    const bounds = { start: i64(start), stop: i64(stop), step: i64(step) };
    await same(
      make({ kind: 'series', ...bounds, inclusive: true }),
      `SELECT * FROM generate_series(${start}, ${stop}, ${step})`,
    );
    await same(
      make({ kind: 'series', ...bounds, inclusive: false }),
      `SELECT * FROM range(${start}, ${stop}, ${step})`,
    );
  }
});

test('a guard keeps an error from being reached', () => {
  const fails = call('eq', call('add', i32(2 ** 31 - 1), col(t, 0)), i32(0));
  const guarded = call('and', make({ kind: 'literal', value: false, type: scalar('bool') }), fails);
  assert.equal(evaluateRelation(make({ kind: 'filter', input: t, predicate: guarded }), context), []);
  assert.throws(() => evaluateRelation(make({ kind: 'filter', input: t, predicate: fails }), context), /Overflow/);
});

test.run();
