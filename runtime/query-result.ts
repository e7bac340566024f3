/** The result of a statement: Arrow record batches when iterated; rows or a count when asked for. */
import type { RecordBatch, Schema } from 'apache-arrow';
import type { Outcome } from './session.js';

export class QueryResult implements AsyncIterable<RecordBatch> {
  private outcome: Promise<Outcome> | undefined;

  constructor(private readonly start: () => Promise<Outcome>) {}

  /** The columns; runs statements other than queries. `undefined` when the statement gives no rows. */
  async schema(): Promise<Schema | undefined> {
    const outcome = await this.begin();
    if (outcome.kind === 'done') return undefined;
    const { resultSchema } = await import('./executor/arrow.js');
    return resultSchema(outcome.plan.output, outcome.plan.leaves);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RecordBatch, void, undefined> {
    const outcome = await this.begin();
    if (outcome.kind === 'done') return;
    const { plan } = outcome;
    const arrow = import('./executor/arrow.js');
    arrow.catch(() => undefined);
    for await (const chunk of outcome.chunks()) {
      const { resultSchema, toRecordBatch } = await arrow;
      yield toRecordBatch({ chunk, schema: resultSchema(plan.output, plan.leaves), output: plan.output, leaves: plan.leaves });
    }
  }

  /** All rows as objects by column name; meant for small results. */
  async toArray(): Promise<Record<string, unknown>[]> {
    const rows: Record<string, unknown>[] = [];
    for await (const batch of this) for (const row of batch) rows.push(row.toJSON());
    return rows;
  }

  /** Runs to the end. Answers the rows changed by INSERT, UPDATE, DELETE, COPY, CREATE TABLE AS; the rows given by a query. */
  async run(): Promise<number> {
    const outcome = await this.begin();
    if (outcome.kind === 'done') return outcome.changed;
    let rows = 0;
    for await (const chunk of outcome.chunks()) rows += chunk.rowCount;
    return rows;
  }

  private begin(): Promise<Outcome> {
    this.outcome ??= this.start();
    return this.outcome;
  }
}
