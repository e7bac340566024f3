/** The oracle and the product side by side: what one is told the other is told too, and their answers are one. */
import * as assert from 'uvu/assert';
import { OracleDatabase } from './oracle-database.js';
import { RealDatabase } from './real-database.js';

export type Rows = readonly (readonly string[])[];

export class BothEngines {
  readonly oracle = new OracleDatabase();

  private constructor(readonly real: RealDatabase) {}

  /** With what the statements make. */
  static async create(statements: readonly string[]): Promise<BothEngines> {
    const engines = new BothEngines(await RealDatabase.create({ threads: 1 }));
    await engines.run(...statements);
    return engines;
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

  close(): Promise<void> {
    return this.real.close();
  }
}
