/** The oracle and the product side by side: what one is told the other is told too, and their answers are one. */
import type { test } from 'uvu';
import * as assert from 'uvu/assert';
import { OracleDatabase } from './oracle-database.js';
import { RealDatabase } from './real-database.js';

export type Rows = readonly (readonly string[])[];

const TABLE = [
  'CREATE TABLE t (id INTEGER, e DECIMAL(9,2))',
  'INSERT INTO t VALUES (1, 1.25), (2, 1.26), (3, 1.5)',
];

export class BothEngines {
  readonly oracle = new OracleDatabase();
  #real: RealDatabase | undefined;

  private constructor() {}

  /** There from the first test of a file to the last, with a table t of three rows. */
  static during(tests: Pick<typeof test, 'before' | 'after'>): BothEngines {
    const engines = new BothEngines();
    tests.before(async () => {
      engines.#real = await RealDatabase.create({ threads: 1 });
      await engines.run(...TABLE);
    });
    tests.after(() => engines.real.close());
    return engines;
  }

  get real(): RealDatabase {
    if (this.#real === undefined) throw new Error('there is no database before the first test');
    return this.#real;
  }

  async run(...statements: readonly string[]): Promise<void> {
    for (const sql of statements) {
      this.oracle.run(sql);
      await this.real.text(sql);
    }
  }

  async answers(cases: Readonly<Record<string, Rows>>): Promise<void> {
    for (const [sql, rows] of Object.entries(cases)) {
      assert.equal(this.oracle.text(sql), rows, `${sql}: the oracle`);
      assert.equal(await this.real.text(sql), rows, sql);
    }
  }

  /** Neither engine gives an answer. */
  async fails(statements: readonly string[], message: RegExp): Promise<void> {
    for (const sql of statements) {
      assert.throws(() => this.oracle.text(sql), message, `${sql}: the oracle`);
      const error = await this.real.text(sql).then((rows) => new Error(`found ${JSON.stringify(rows)}`), (e: Error) => e);
      assert.match(error.message, message, sql);
    }
  }
}
