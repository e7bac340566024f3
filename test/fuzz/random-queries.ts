/**
 * Random queries over the tables of `TABLES_SQL`: joins, subqueries, grouping, windows, set operations, every common
 * type, NULLs everywhere. A seed enters, a text leaves. A query that has LIMIT orders by all its columns, so its answer
 * is one.
 */
import { seeded } from '../../bench/support/random.js';

const nullable = (every: number, value: string): string => `CASE WHEN n % ${every} = 0 THEN NULL ELSE ${value} END`;

function tableSql(name: string, rows: number): string {
  return `CREATE TABLE ${name} AS SELECT n AS id, ${nullable(11, 'CAST(n % 37 AS INTEGER)')} AS i, CAST(n * 7 % 23 - 9 AS SMALLINT) AS s,
    ${nullable(13, "'name ' || CAST(n % 9 AS VARCHAR)")} AS x, ${nullable(7, "CASE n % 6 WHEN 0 THEN '' WHEN 1 THEN 'Łódź' WHEN 2 THEN 'København' ELSE 'w' || CAST(n % 5 AS VARCHAR) END")} AS y,
    ${nullable(17, 'CAST(n % 41 AS DOUBLE) * 0.25 - 4')} AS d, ${nullable(19, 'CAST(CAST(n * 991 % 20000 AS DOUBLE) / 100 - 70 AS DECIMAL(9,2))')} AS e,
    ${nullable(5, 'n % 2 = 0')} AS f, DATE '2013-01-01' + CAST(n * 37 % 400 AS INTEGER) AS day,
    ${nullable(23, "TIMESTAMP '2013-01-01 00:00:00' + CAST(n % 900 AS INTEGER) * INTERVAL '3723 seconds'")} AS at
    FROM (SELECT range AS n FROM range(${rows}))`;
}

const MOST_JOINS = 2;
/** More than one row group, and a last one that is short. */
const BIG_ROWS = 70_001;

export const TABLES_SQL: readonly string[] = [
  tableSql('few', 43), tableSql('several', 317), tableSql('big', BIG_ROWS),
  'CREATE TABLE nothing AS SELECT * FROM few WHERE id < 0',
];

type Type = 'int' | 'double' | 'decimal' | 'text' | 'bool' | 'date' | 'timestamp';
interface Column { readonly name: string; readonly type: Type }

const COLUMNS: readonly Column[] = [
  { name: 'id', type: 'int' },
  { name: 'i', type: 'int' },
  { name: 's', type: 'int' },
  { name: 'x', type: 'text' },
  { name: 'y', type: 'text' },
  { name: 'd', type: 'double' },
  { name: 'e', type: 'decimal' },
  { name: 'f', type: 'bool' },
  { name: 'day', type: 'date' },
  { name: 'at', type: 'timestamp' },
];
const TYPES: readonly Type[] = ['int', 'int', 'double', 'decimal', 'text', 'bool', 'date', 'timestamp'];

const LITERALS: Readonly<Record<Type, readonly string[]>> = {
  int: ['0', '1', '2', '-3', '7', '20', 'NULL::INTEGER'],
  double: ['0.5::DOUBLE', '-1.25::DOUBLE', '3::DOUBLE', 'NULL::DOUBLE'],
  decimal: ['0.00', '12.50', '-3.75', '100.01', 'NULL::DECIMAL(9,2)'],
  text: ["''", "'w1'", "'name 3'", "'Łódź'", "'z'", 'NULL::VARCHAR'],
  bool: ['true', 'false', 'NULL::BOOLEAN'],
  date: ["DATE '2013-03-05'", "DATE '2012-02-29'", 'NULL::DATE'],
  timestamp: ["TIMESTAMP '2013-01-10 12:30:00'", 'NULL::TIMESTAMP'],
};

interface Source { readonly sql: string; readonly columns: readonly Column[] }

export function randomQuery(seed: number, table: 'big' | 'small'): string {
  const query = new Generator(seeded(seed), table).query(table === 'big' ? 1 : 2);
  return query.sql;
}

class Generator {
  #names = 0;

  constructor(private readonly random: () => number, private readonly size: 'big' | 'small') {}

  query(depth: number): Source {
    const choice = this.random();
    const core =
      choice < 0.12 && depth > 0
        ? this.#setOperation(depth)
        : choice < 0.5
          ? this.#grouped(depth)
          : choice < 0.62
            ? this.#windowed(depth)
            : this.#plain(depth);
    const order = core.columns
      .map((_, i) => `${i + 1}${this.#chance(0.4) ? ' DESC' : ''}${this.#chance(0.3) ? ' NULLS FIRST' : ''}`)
      .join(', ');
    if (this.#chance(0.25)) {
      const limit = `LIMIT ${this.#below(12)}${this.#chance(0.3) ? ` OFFSET ${this.#below(5)}` : ''}`;
      return { ...core, sql: `SELECT * FROM (${core.sql}) ORDER BY ${order} ${limit}` };
    }
    return core;
  }

  // ---------------------------------------------------------------- shapes

  #plain(depth: number): Source {
    const from = this.#from(depth);
    const items = Array.from({ length: 1 + this.#below(4) }, () =>
      this.#chance(0.12) ? this.#subqueryItem(from) : this.#item(from, this.#pick(TYPES), 2),
    );
    const distinct = this.#chance(0.15) ? 'DISTINCT ' : '';
    return this.#select(`SELECT ${distinct}`, items, `FROM ${from.sql}${this.#where(from)}`);
  }

  #grouped(depth: number): Source {
    const from = this.#from(depth);
    const keys = Array.from({ length: this.#below(3) }, () => this.#item(from, this.#pick(TYPES), 1));
    const calls = Array.from({ length: 1 + this.#below(3) }, () => this.#aggregate(from));
    const groups = keys.length === 0 ? '' : ` GROUP BY ${keys.map((_, i) => i + 1).join(', ')}`;
    const having = this.#chance(0.2) ? ` HAVING count(*) > ${this.#below(4)}` : '';
    return this.#select('SELECT ', [...keys, ...calls], `FROM ${from.sql}${this.#where(from)}${groups}${having}`);
  }

  #windowed(depth: number): Source {
    const from = this.#from(depth);
    const [key] = [this.#column(from, 'int')];
    const partition = this.#chance(0.6)
      ? `PARTITION BY ${this.#expr(from, this.#pick(['int', 'text', 'bool'] as const), 0)} `
      : '';
    const total = from.columns.map((column) => column.name).join(', ');
    const order = `ORDER BY ${this.#chance(0.5) ? `${key} DESC, ` : ''}${total}`;
    const frame = this.#pick([
      '',
      '',
      ' ROWS BETWEEN 2 PRECEDING AND CURRENT ROW',
      ' ROWS BETWEEN 1 PRECEDING AND 3 FOLLOWING',
      ' ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING',
    ]);
    const text = this.#pick([
      `row_number() OVER (${partition}${order})`,
      `rank() OVER (${partition}ORDER BY ${key})`,
      `dense_rank() OVER (${partition}ORDER BY ${key})`,
      `sum(${key}) OVER (${partition}${order}${frame})`, `count(${key}) OVER (${partition}${order}${frame})`,
      `lag(${key}) OVER (${partition}${order})`,
      `lead(${key}, 2) OVER (${partition}${order})`,
      `min(${key}) OVER (${partition})`,
      `first_value(${key}) OVER (${partition}${order}${frame})`, `max(${key}) OVER (${partition}${order}${frame})`,
    ]);
    const items = [
      this.#item(from, 'int', 0),
      this.#item(from, this.#pick(TYPES), 1),
      { sql: text, type: 'int' as const },
    ];
    return this.#select('SELECT ', items, `FROM ${from.sql}${this.#where(from)}`);
  }

  #setOperation(depth: number): Source {
    const types = Array.from({ length: 1 + this.#below(2) }, () => this.#pick(TYPES));
    const side = (): Source => {
      const from = this.#from(depth - 1);
      return this.#select(
        'SELECT ',
        types.map((type) => this.#item(from, type, 1)),
        `FROM ${from.sql}${this.#where(from)}`,
      );
    };
    const [left, right] = [side(), side()];
    const operator = this.#pick(['UNION', 'UNION ALL', 'EXCEPT', 'INTERSECT', 'EXCEPT ALL', 'INTERSECT ALL']);
    return { sql: `(${left.sql}) ${operator} (${right.sql})`, columns: left.columns };
  }

  #select(head: string, items: readonly { sql: string; type: Type }[], tail: string): Source {
    const columns = items.map(({ type }) => ({ name: `c${this.#names++}`, type }));
    return { sql: `${head}${items.map(({ sql }, i) => `${sql} AS ${columns[i]!.name}`).join(', ')} ${tail}`, columns };
  }

  // ---------------------------------------------------------------- sources

  #from(depth: number): Source {
    let from = this.#base(depth);
    for (let joins = 0; joins < MOST_JOINS && this.#chance(0.45); joins++) from = this.#join(from);
    return from;
  }

  #join(left: Source): Source {
    const right = this.#base(0, ['few', 'few', 'several', 'nothing']);
    const kind = this.#pick(['JOIN', 'JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN']);
    const type = this.#pick(['int', 'int', 'text', 'date'] as const);
    const equal = `${this.#column(left, type)} = ${this.#column(right, type)}`;
    const both = { sql: `${left.sql} ${kind} ${right.sql} ON `, columns: [...left.columns, ...right.columns] };
    return { ...both, sql: `${both.sql}${equal}${this.#chance(0.3) ? ` AND ${this.#predicate(both, 1, false)}` : ''}` };
  }

  #base(
    depth: number,
    tables: readonly string[] = this.size === 'big' ? ['big'] : ['few', 'several', 'several', 'nothing'],
  ): Source {
    const alias = `t${this.#names++}`;
    if (depth > 0 && this.size === 'small' && this.#chance(0.3)) {
      const inner = this.query(depth - 1);
      return {
        sql: `(${inner.sql}) ${alias}`,
        columns: inner.columns.map(({ name, type }) => ({ name: `${alias}.${name}`, type })),
      };
    }
    return {
      sql: `${this.#pick(tables)} ${alias}`,
      columns: COLUMNS.map(({ name, type }) => ({ name: `${alias}.${name}`, type })),
    };
  }

  #where(from: Source): string {
    return this.#chance(0.6) ? ` WHERE ${this.#predicate(from, 2, true)}` : '';
  }

  // ---------------------------------------------------------------- expressions

  #item(from: Source, type: Type, depth: number): { sql: string; type: Type } {
    return { sql: this.#expr(from, type, depth), type };
  }

  #aggregate(from: Source): { sql: string; type: Type } {
    const int = (): string => this.#expr(from, 'int', 1);
    const filter = this.#chance(0.2) ? ` FILTER (WHERE ${this.#predicate(from, 1, false)})` : '';
    const distinct = this.#chance(0.15) ? 'DISTINCT ' : '';
    const drawn = this.#pick(TYPES);
    const [sql, type] = this.#pick<readonly [string, Type]>([
      ['count(*)', 'int'],
      [`count(${distinct}${this.#expr(from, drawn, 1)})`, 'int'],
      [`sum(${distinct}${int()})`, 'int'],
      [`avg(${int()})`, 'double'],
      [`sum(${this.#expr(from, 'decimal', 0)})`, 'decimal'],
      [`min(${this.#expr(from, drawn, 1)})`, drawn],
      [`max(${this.#expr(from, drawn, 1)})`, drawn],
      [`sum(${this.#expr(from, 'double', 0)})`, 'double'],
      [`bool_and(${this.#predicate(from, 1, false)})`, 'bool'],
      [`bool_or(${this.#expr(from, 'bool', 0)})`, 'bool'],
    ]);
    return { sql: `${sql}${filter}`, type };
  }

  #column(from: Source, type: Type): string {
    const found = from.columns.filter((column) => column.type === type);
    return found.length === 0 ? this.#pick(LITERALS[type]) : this.#pick(found).name;
  }

  #expr(from: Source, type: Type, depth: number): string {
    if (depth <= 0) return this.#chance(0.85) ? this.#column(from, type) : this.#pick(LITERALS[type]);
    const own = (other: Type = type): string => this.#expr(from, other, depth - 1);
    if (this.#chance(0.12))
      return `CASE WHEN ${this.#predicate(from, depth - 1, false)} THEN ${own()} ELSE ${own()} END`;
    if (this.#chance(0.1)) return `coalesce(${own()}, ${own()})`;
    if (this.#chance(0.4)) return own();
    switch (type) {
      case 'int': return this.#pick([
          `(${own()} + ${own()})`,
          `(${own()} - ${own()})`,
          `(${own()} * 3)`,
          `abs(${own()})`,
          `(${own()} % 7)`,
          `(${own()} // 3)`,
          `length(${own('text')})`,
          `greatest(${own()}, ${own()})`,
          `nullif(${own()}, 2)`,
          `year(${own('date')})`,
          `CAST(${own('bool')} AS INTEGER)`,
          `CAST(${own('double')} AS INTEGER)`,
      ]);
      case 'double':
        return this.#pick([
          `(${own()} + ${own()})`,
          `(${own()} * 0.5::DOUBLE)`,
          `abs(${own()})`,
          `floor(${own()})`,
          `CAST(${own('int')} AS DOUBLE)`,
          `-${own()}`,
        ]);
      case 'decimal':
        return this.#pick([
          `(${own()} + ${own()})`,
          `(${own()} - 1.25)`,
          `abs(${own()})`,
          `CAST(${own('int')} % 1000 AS DECIMAL(9,2))`,
        ]);
      case 'text': return this.#pick([
          `upper(${own()})`,
          `lower(${own()})`,
          `substring(${own()}, 2, 3)`,
          `(${own()} || ${own()})`,
          `replace(${own()}, 'a', 'bb')`,
          `trim(${own()})`,
        `CAST(${own('int')} AS VARCHAR)`, `CAST(${own('date')} AS VARCHAR)`, `reverse(${own()})`,
      ]);
      case 'bool': return this.#predicate(from, depth, false);
      case 'date':
        return this.#pick([`(${own()} + 3)`, `CAST(${own('timestamp')} AS DATE)`, `greatest(${own()}, ${own()})`]);
      case 'timestamp':
        return this.#pick([
          `(${own()} + INTERVAL '90 minutes')`,
          `CAST(${own('date')} AS TIMESTAMP)`,
          `date_trunc('hour', ${own()})`,
        ]);
    }
  }

  #predicate(from: Source, depth: number, subqueries: boolean): string {
    const type = this.#pick(TYPES);
    const value = (): string => this.#expr(from, type, depth - 1);
    const deeper = (): string => this.#predicate(from, depth - 1, subqueries);
    const choice = this.random();
    if (depth > 0 && choice < 0.2) return `(${deeper()} AND ${deeper()})`;
    if (depth > 0 && choice < 0.32) return `(${deeper()} OR ${deeper()})`;
    if (depth > 0 && choice < 0.38) return `NOT ${deeper()}`;
    if (choice < 0.46) return `${value()} IS ${this.#chance(0.5) ? 'NOT ' : ''}NULL`;
    if (choice < 0.52)
      return `${value()} IN (${this.#pick(LITERALS[type])}, ${this.#pick(LITERALS[type])}, ${value()})`;
    if (choice < 0.57) return `${value()} BETWEEN ${this.#pick(LITERALS[type])} AND ${value()}`;
    if (choice < 0.62)
      return `${this.#expr(from, 'text', 0)} LIKE ${this.#pick(["'n%'", "'%1'", "'_'", "'%a%e%'", "'Ł_dź'"])}`;
    if (choice < 0.66) return `${value()} IS DISTINCT FROM ${value()}`;
    if (subqueries && choice < 0.8) return this.#subquery(from);
    return `${value()} ${this.#pick(['=', '<>', '<', '<=', '>', '>='])} ${value()}`;
  }

  /** A subquery as a value: its aggregate, its first row, whether it has a row. */
  #subqueryItem(from: Source): { sql: string; type: Type } {
    const inner = this.#base(0, ['few', 'nothing']);
    const where = this.#chance(0.8)
      ? ` WHERE ${this.#column(inner, 'int')} ${this.#pick(['=', '=', '<', '>='])} ${this.#column(from, 'int')}`
      : '';
    const value = this.#column(inner, 'int');
    const all = inner.columns.map((column) => column.name).join(', ');
    const [sql, type] = this.#pick<readonly [string, Type]>([
      [`(SELECT ${this.#pick(['min', 'max', 'count', 'sum'])}(${value}) FROM ${inner.sql}${where})`, 'int'],
      [
        `(SELECT ${value} FROM ${inner.sql}${where} ORDER BY ${all} LIMIT 1${this.#chance(0.3) ? ' OFFSET 1' : ''})`,
        'int',
      ],
      [`EXISTS (SELECT 1 FROM ${inner.sql}${where})`, 'bool'],
      [
        `${this.#column(from, 'int')} ${this.#chance(0.4) ? 'NOT ' : ''}IN (SELECT ${value} FROM ${inner.sql}${where})`,
        'bool',
      ],
    ]);
    return { sql, type };
  }

  #subquery(from: Source): string {
    const inner = this.#base(0, ['few', 'several', 'nothing']);
    const type = this.#pick(['int', 'int', 'text', 'date'] as const);
    const correlated = this.#chance(0.6)
      ? ` WHERE ${this.#column(inner, type)} ${this.#pick(['=', '=', '<'])} ${this.#column(from, type)}`
      : '';
    switch (this.#below(4)) {
      case 0: return `${this.#chance(0.4) ? 'NOT ' : ''}EXISTS (SELECT 1 FROM ${inner.sql}${correlated})`;
      case 1:
        return `${this.#column(from, 'int')} ${this.#chance(0.4) ? 'NOT ' : ''}IN (SELECT ${this.#column(inner, 'int')} FROM ${inner.sql}${correlated})`;
      case 2:
        return `${this.#column(from, 'int')} >= (SELECT ${this.#pick(['min', 'max', 'count'])}(${this.#column(inner, 'int')}) FROM ${inner.sql}${correlated})`;
      default: return `(SELECT count(*) FROM ${inner.sql}${correlated}) > 1`;
    }
  }

  #pick<T>(items: readonly T[]): T { return items[Math.floor(this.random() * items.length)]!; }
  #chance(probability: number): boolean { return this.random() < probability; }
  #below(bound: number): number { return Math.floor(this.random() * bound); }
}
