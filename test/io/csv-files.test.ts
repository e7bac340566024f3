/** CSV in and out: rows, values and names as they were written; what does not fit is refused with its line. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ImportError } from '../../runtime/database.js';
import { importErrorOf } from '../support/imports.js';
import { RealDatabase } from '../support/real-database.js';

let database: RealDatabase;
test.before(async () => {
  database = await RealDatabase.create({ threads: 1 });
});
test.after(() => database.close());

function file(content: string): string {
  const path = join(database.folder, 'in.csv');
  writeFileSync(path, content);
  return path;
}

/** Names with types, and the rows. */
async function imported(content: string): Promise<{ columns: string; rows: readonly (readonly string[])[] }> {
  await database.db.importFile('t', file(content), { replace: true });
  const { columns } = database.db.file.catalog.tables.get('t')!;
  return {
    columns: columns.map(({ name, dtype }) => `${name}:${dtype}`).join(' '),
    rows: await database.text('SELECT * FROM t'),
  };
}

/** The rows of a table made of `columns` after COPY FROM. */
async function copied(columns: string, content: string): Promise<readonly (readonly string[])[]> {
  await database.text(`CREATE OR REPLACE TABLE t (${columns})`);
  await database.text(`COPY t FROM '${file(content)}' (HEADER false)`);
  return database.text('SELECT * FROM t');
}

const refused = (columns: string, content: string): Promise<ImportError> =>
  importErrorOf(() => copied(columns, content));

test('an empty line is a NULL in a file of one column, and nothing in one of more', async () => {
  assert.equal(await imported('a\n1\n\n3\n\n'), { columns: 'a:i64', rows: [['1'], ['NULL'], ['3'], ['NULL']] });
  assert.equal(await copied('a INTEGER', '\n1\n\n2'), [['NULL'], ['1'], ['NULL'], ['2']]);
  assert.equal(await imported('a,b\n1,2\n\n\n3,4\n\n'), { columns: 'a:i64 b:i64', rows: [['1', '2'], ['3', '4']] });
});

test('one column with NULLs and empty texts comes back as it was', async () => {
  const values = "(VALUES (NULL), (''), ('a'), (NULL)) t(a)";
  const path = join(database.folder, 'out.csv');
  await database.db.query(`SELECT a FROM ${values}`).writeTo(path);
  assert.equal((await imported(readFileSync(path, 'utf8'))).rows, [['NULL'], [''], ['a'], ['NULL']]);
});

test('the line of a mistake counts empty lines', async () => {
  assert.is((await refused('a INTEGER', '1\n\nx\n')).details.line, 3);
  assert.is((await refused('a INTEGER, b INTEGER', '1,2\n\nx,2\n')).details.line, 3);
});

test('years before 100 are not years of the last century', async () => {
  const rows = [['0001-01-01', '0099-12-31 00:00:00']];
  assert.equal(await copied('d DATE, t TIMESTAMP', '0001-01-01,0099-12-31'), rows);
  assert.match((await refused('d DATE', '0099-02-29')).message, /'0099-02-29' is not of type DATE$/);
});

test('what is finer than a microsecond is cut, so that a time stays within its day', async () => {
  const rows = [['23:59:59.999999', '2024-12-31 23:59:59.999999', '00:00:00.5']];
  const line = '23:59:59.9999999,2024-12-31 23:59:59.999999999,00:00:00.5';
  assert.equal(await copied('a TIME, b TIMESTAMP, c TIME', line), rows);
});

test('lists are read as they are written', async () => {
  const rows = [['[1.0, -2.5, nan]'], ['NULL'], ['[0.1, 2.0, 3.0]']];
  assert.equal(await copied('v FLOAT[3]', '"[1.0, -2.5, nan]"\n\n" [0.1,2,3] "\n'), rows);
  const path = join(database.folder, 'lists.csv');
  await database.text(`COPY t TO '${path}'`);
  assert.equal(await copied('v FLOAT[3]', readFileSync(path, 'utf8').replace(/^v\n/, '')), rows);
});

test('what is not a list of that many values is refused with line and column', async () => {
  const line = '"[1, 2, 3]"\n';
  const expected: readonly (readonly [string, RegExp])[] = [
    ['1.5', /line 2, column v: '1\.5' is not a list/],
    ['"[1, 2]"', /line 2, column v: a list of 2, expected 3 values/],
    ['"[1, 2, 3, 4]"', /a list of 4, expected 3/],
    ['"[1, x, 3]"', /'x' in a list is not of type FLOAT/],
    ['"[1, NULL, 3]"', /'NULL' in a list is not of type FLOAT/],
  ];
  for (const [field, message] of expected) assert.match((await refused('v FLOAT[3]', line + field)).message, message);
});

test('blobs come back as the bytes they were', async () => {
  const path = join(database.folder, 'blob.csv');
  const sql = "SELECT * FROM (VALUES ('\\x00\\xFF'::BLOB), ('a\\x5Cx41,'::BLOB), (NULL)) t(b)";
  await database.db.query(sql).writeTo(path, { header: false });
  const before = await database.text(sql);
  assert.equal(await copied('b BLOB', readFileSync(path, 'utf8')), before);
  assert.is(before[0]![0], '\\x00\\xFF');
});

const HEADERS: readonly (readonly [string, string, number])[] = [
  ['a,,c\n1,2,3\n', 'a:i64 column1:i64 c:i64', 1],
  ['t,id\ntrue,1\nfalse,2\n', 't:bool id:i64', 2],
  ['inf,id\n1.5,1\n2.5,2\n', 'inf:f64 id:i64', 2],
  ['nan,year\n1.5,x\n,y\n', 'column0:f64 column1:utf8', 3],
  ['name,2019\nx,1\n', 'column0:utf8 column1:i64', 2],
  ['1.5\n2\n3\n', 'column0:f64', 3],
  ['nan\n1.5\n2\n', 'column0:f64', 3],
  ['__proto__,constructor\n1,2\n', '__proto__:i64 constructor:i64', 1],
  ['a,b\nx,y\n', 'a:utf8 b:utf8', 1],
  [',\n1,2\n', 'column0:i64 column1:i64', 2],
  ['true,1\nfalse,2\n', 'column0:bool column1:i64', 2],
];

test('the first line is a header when it has names and no values', async () => {
  for (const [content, columns, rowCount] of HEADERS) {
    const found = await imported(content);
    assert.equal([content, found.columns, found.rows.length], [content, columns, rowCount]);
  }
});

const DELIMITERS: readonly (readonly [string, string, number])[] = [
  ['a;b\n1;2\n', 'a:i64 b:i64', 1],
  ['a;b\r\n1,5;2\r\n', 'a:utf8 b:i64', 1],
  ['a|b|c\n1|2|3', 'a:i64 b:i64 c:i64', 1],
  ['a\tb\n1\t"x\ty\nz"\n2\t"say ""a\tb"""\n', 'a:i64 b:utf8', 2],
  ['a,b\n1;x,2\n3;y,4\n', 'a:utf8 b:i64', 2],
  ['a;b,c\n1;2,3\n', 'a;b:utf8 c:i64', 1],
  ['a b\nx;y\nz\n', 'a b:utf8', 2],
  ['a\n"x;y"\n"z;y"\n', 'a:utf8', 2],
  [`a;b\n${'1;x\n'.repeat(30_000)}`, 'a:i64 b:utf8', 30_000],
];

test('the delimiter is the one that stands equally often in each line, a comma first', async () => {
  for (const [content, columns, rowCount] of DELIMITERS) {
    const found = await imported(content);
    assert.equal([content.slice(0, 40), found.columns, found.rows.length], [content.slice(0, 40), columns, rowCount]);
  }
  const path = file('');
  writeFileSync(path, Buffer.from('\ufeffa;b\n1;2\n', 'utf16le'));
  await database.db.importFile('t', path, { replace: true });
  assert.equal(await database.text('SELECT a, b FROM t'), [['1', '2']]);
});

test('a table that is copied into says how many fields to look for', async () => {
  assert.equal(await copied('a INTEGER, b INTEGER', '1;2\n3;4\n'), [['1', '2'], ['3', '4']]);
  assert.equal(await copied('a VARCHAR', 'x;y\nz;y\n'), [['x;y'], ['z;y']]);
  const path = join(database.folder, 'in.tbl');
  writeFileSync(path, '1|x, y|\n');
  await database.text(`CREATE OR REPLACE TABLE t (a INTEGER, b VARCHAR); COPY t FROM '${path}'`);
  assert.equal(await database.text('SELECT * FROM t'), [['1', 'x, y']]);
  assert.match((await refused('a INTEGER, b INTEGER', '1;2;3\n')).message, /line 1: 1 field, expected 2/);
});

test('an import may be told delimiter, header and the text of NULL', async () => {
  const path = file('a,b;NA\n1,5;2\n');
  const read = async (options: object): Promise<readonly (readonly string[])[]> => {
    await database.db.importFile('t', path, { replace: true, ...options });
    return database.text('SELECT * FROM t');
  };
  assert.equal(await read({ delimiter: ',', header: true }), [['1', '5;2']]);
  assert.equal(await read({ delimiter: ';', header: false, nullText: 'NA' }), [['a,b', 'NULL'], ['1,5', '2']]);
  assert.equal(await read({ delimiter: '|', header: false }), [['a,b;NA'], ['1,5;2']]);
  const failures = [
    [{ delimiter: '' }, 'ExecutionError: the delimiter is empty, expected a character'],
    [{ delimiter: 5 }, 'TypeError: delimiter is 5, expected text'],
    [{ nullText: null }, 'TypeError: nullText is null, expected text'],
    [{ header: 'no' }, "RangeError: header is 'no', expected true or false"],
  ] as const;
  for (const [options, message] of failures)
    assert.is(await read(options).then(() => 'it was read', String), message);
});

test('quotes around nothing, or around the text of NULL, are NULL where no text is wanted', async () => {
  const dates = 'd,n,s\n2020-01-02,"1",""\n"","","x"\n"","3",\n';
  assert.equal(await imported(dates), {
    columns: 'd:date n:i64 s:utf8',
    rows: [['2020-01-02', '1', ''], ['NULL', 'NULL', 'x'], ['NULL', '3', 'NULL']],
  });
  await database.text('CREATE OR REPLACE TABLE t (d DATE, n INTEGER, s VARCHAR)');
  await database.text(`COPY t FROM '${file(dates)}' (HEADER)`);
  assert.equal(await database.text('SELECT count(d), count(n), count(s) FROM t'), [['1', '2', '2']]);
  await database.db.importFile('t', file('n,s\n"NA",NA\n2,"NA"\n'), { replace: true, nullText: 'NA' });
  assert.equal(await database.text('SELECT n + 1, s FROM t'), [['NULL', 'NULL'], ['3', 'NA']]);
  assert.is((await imported('a,b\n"",1\n"",2\n')).columns, 'a:utf8 b:i64');
});

test('a delimiter of backslash and t is a tab, in and out', async () => {
  const path = file('a;b\t5\n');
  const escaped = String.raw`(DELIMITER '\t', HEADER false)`;
  await database.text(`CREATE OR REPLACE TABLE t (a VARCHAR, b INTEGER); COPY t FROM '${path}' ${escaped}`);
  assert.equal(await database.text('SELECT * FROM t'), [['a;b', '5']]);
  await database.text(`COPY (SELECT 't' AS x, 1 AS y) TO '${path}' ${escaped}`);
  assert.is(readFileSync(path, 'utf8'), 't\t1\n');
  await database.db.query("SELECT 'n' AS x, 2 AS y").writeTo(path, { delimiter: '\\t' });
  assert.is(readFileSync(path, 'utf8'), 'x\ty\nn\t2\n');
});

test('a first line of the names of the columns copied into is a header, where none is spoken of', async () => {
  const rows = async (copy: string, content: string): Promise<unknown> => {
    await database.text('CREATE OR REPLACE TABLE t (a VARCHAR, "B c" VARCHAR)');
    await database.text(`COPY ${copy.replace('FILE', file(content))}`);
    return database.text('SELECT * FROM t');
  };
  assert.equal(await rows("t FROM 'FILE'", 'A, b C\nx,y\n'), [['x', 'y']]);
  assert.equal(await rows("t FROM 'FILE'", 'a,B c\n'), []);
  assert.equal(await rows("t (\"B c\", a) FROM 'FILE'", 'b c,a\nx,y\n'), [['y', 'x']]);
  assert.equal(await rows("t FROM 'FILE'", 'b c,a\nx,y\n'), [['b c', 'a'], ['x', 'y']]);
  assert.equal(await rows("t FROM 'FILE'", 'a,\nx,y\n'), [['a', 'NULL'], ['x', 'y']]);
  assert.equal(await rows("t FROM 'FILE'", 'x,y\na,B c\n'), [['x', 'y'], ['a', 'B c']]);
  assert.equal(await rows("t FROM 'FILE' (HEADER false)", 'a,B c\n'), [['a', 'B c']]);
  assert.equal(await rows("t FROM 'FILE' (HEADER)", 'other,names\nx,y\n'), [['x', 'y']]);
});

test('a field that does not fit names the SQL type, and in the first line HEADER', async () => {
  await database.text('CREATE OR REPLACE TABLE t (a BIGINT, b DECIMAL(9,2))');
  const failure = async (content: string, options = ''): Promise<string> =>
    (await importErrorOf(() => database.text(`COPY t FROM '${file(content)}' ${options}`))).message.replace(/^'.*?', /, '');
  const hint = '; if the line holds names, say HEADER';
  assert.is(await failure('id,b\n1,2\n'), `line 1, column a: 'id' is not of type BIGINT${hint}`);
  assert.is(await failure('1,price\n1,2\n'), `line 1, column b: 'price' is not of type DECIMAL(9,2)${hint}`);
  assert.is(await failure('1,2\nx,2\n'), "line 2, column a: 'x' is not of type BIGINT");
  assert.is(await failure('id,b\n1,2\n', '(HEADER false)'), "line 1, column a: 'id' is not of type BIGINT");
});

test('a line that stands alone is a header when all of it is words', async () => {
  assert.equal(await imported('a,b\n'), { columns: 'a:utf8 b:utf8', rows: [] });
  assert.equal(await imported('1,2\n'), { columns: 'column0:i64 column1:i64', rows: [['1', '2']] });
  assert.equal(await imported('a,2024-01-01'), { columns: 'column0:utf8 column1:date', rows: [['a', '2024-01-01']] });
});

test('codes that begin with a zero or a plus are texts, unless a number is asked for', async () => {
  assert.equal(await imported('zip,phone,n\n01234,+49301234,0\n90210,+1555,-05\n'), {
    columns: 'zip:utf8 phone:utf8 n:i64', rows: [['01234', '+49301234', '0'], ['90210', '+1555', '-5']],
  });
  assert.equal(await imported('a,b\n00.5,+1e3\n1.5,2\n'), {
    columns: 'a:utf8 b:utf8', rows: [['00.5', '+1e3'], ['1.5', '2']],
  });
  assert.equal(await imported('007\n1\n'), { columns: 'column0:utf8', rows: [['007'], ['1']] });
  assert.equal(await copied('a INTEGER, b DOUBLE', '007,+1.5\n'), [['7', '1.5']]);
});

test('a file that is not UTF-8 is refused with its line, and no letter replaced', async () => {
  const long = `a,b\n${'1,é\n'.repeat(300_000)}`;
  for (const [before, line] of [['a,b\n1,', 2], [long, 300_002], [`${'é'.repeat(600_000)},`, 1]] as const) {
    for (const bytes of [[0xe9], [0xe9, 0x0a, 0x31], [0xc3], [0xf0, 0x9f]]) {
      const path = file(before);
      writeFileSync(path, Buffer.from(bytes), { flag: 'a' });
      const { message, details } = await importErrorOf(() => database.db.importFile('u', path));
      assert.match(message, /bytes that are not UTF-8/);
      assert.is(details.line, line);
    }
  }
  assert.is((await imported(long)).rows.length, 300_000);
});

test('UTF-16 with its mark is read, empty texts in quotes too', async () => {
  const path = file('');
  writeFileSync(path, Buffer.from('\ufeffa,b\n"",é\n,y\n', 'utf16le'));
  await database.db.importFile('t', path, { replace: true });
  assert.equal(await database.text('SELECT * FROM t'), [['', 'é'], ['NULL', 'y']]);
});

test('NULL has the text that is asked for, in and out, and what is that text is quoted', async () => {
  const path = join(database.folder, 'nulls.csv');
  const rows = [['NULL', 'NA'], ['', 'b'], ['a', 'NULL']];
  for (const option of ["NULL 'NA'", "NULLSTR 'NA'"]) {
    await database.text(`COPY (SELECT * FROM (VALUES (NULL, 'NA'), ('', 'b'), ('a', NULL)) t(a, b)) TO '${path}' (${option})`);
    assert.is(readFileSync(path, 'utf8'), 'a,b\nNA,"NA"\n"",b\na,NA\n');
    await database.text('CREATE OR REPLACE TABLE t (a VARCHAR, b VARCHAR)');
    await database.text(`COPY t FROM '${path}' (${option}, HEADER)`);
    assert.equal(await database.text('SELECT * FROM t'), rows);
  }
});

test('lines may end in both ways in one file, and in the oldest in all of it', async () => {
  const expected = { columns: 'a:i64 b:utf8', rows: [['1', 'x'], ['2', 'y']] };
  for (const content of ['a,b\n1,x\r\n2,y\n', 'a,b\r\n1,x\n2,y\r\n', 'a,b\r1,x\r2,y\r'])
    assert.equal(await imported(content), expected);
});

test('columns that are not copied into are NULL, whatever their type', async () => {
  const types = [
    'BOOLEAN', 'TINYINT', 'BIGINT', 'REAL', 'DOUBLE', 'DECIMAL(9,2)', 'VARCHAR', 'BLOB', 'DATE', 'TIMESTAMP', 'TIME',
    'INTERVAL', 'FLOAT[3]',
  ];
  const columns = types.map((type, i) => `c${i} ${type}`).join(', ');
  await database.text(`CREATE OR REPLACE TABLE t (a INTEGER, ${columns}, b VARCHAR)`);
  await database.text(`COPY t (b, a) FROM '${file('x,1\ny,2\n')}' (HEADER false)`);
  const nulls = types.map(() => 'NULL');
  assert.equal(await database.text('SELECT * FROM t'), [['1', ...nulls, 'x'], ['2', ...nulls, 'y']]);
});

test.run();
