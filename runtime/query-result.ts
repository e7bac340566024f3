/** The result of a statement: Arrow record batches when iterated; rows or a count when asked for. */
import type { RecordBatch, Schema } from 'apache-arrow';
import { requireOneOf, requireOptions, requireText } from './arguments.js';
import { ExecutionError } from './errors.js';
import { WRITE_OPTIONS, requireCsvOptions, type WriteOptions } from './options.js';
import { TEXT_STYLES, textBatch, textColumns, type TextBatch, type TextColumn, type TextStyle } from './result-text.js';
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
      yield toRecordBatch({
        chunk,
        schema: resultSchema(plan.output, plan.leaves),
        output: plan.output,
        leaves: plan.leaves,
      });
    }
  }

  /**
   * All rows as objects by column name; meant for small results. Values are Arrow's, but a DECIMAL is the nearest
   * number: in the record batches it is its digits without the point, and the scale is in the schema.
   */
  async toArray(): Promise<Record<string, unknown>[]> {
    const rows: Record<string, unknown>[] = [];
    const { rowsOf } = await import('./executor/arrow.js');
    for await (const batch of this) for (const row of rowsOf(batch)) rows.push(row);
    return rows;
  }

  /** The columns with the names of their SQL types; `undefined` when the statement gives no rows. */
  async columns(): Promise<readonly TextColumn[] | undefined> {
    const outcome = await this.begin();
    if (outcome.kind === 'done') return undefined;
    return textColumns(outcome.plan);
  }

  /** The values as SQL prints them, or as JSON; faster to the first row than record batches. */
  async *text(style: TextStyle = 'sql'): AsyncGenerator<TextBatch, void, undefined> {
    requireOneOf('style', style, TEXT_STYLES);
    const outcome = await this.begin();
    if (outcome.kind === 'done') return;
    for await (const chunk of outcome.chunks()) yield textBatch(chunk, outcome.plan, style);
  }

  /**
   * Writes the rows to a file that appears when it is whole. Answers their number. @throws ImportError for a name
   * without a known format; ExecutionError for a statement that gives no rows, or a delimiter or text for NULL that
   * cannot be one; StorageError when it cannot be written; RangeError for another format
   */
  async writeTo(path: string, options: WriteOptions = {}): Promise<number> {
    requireText('path', path);
    requireOptions('options', options, WRITE_OPTIONS);
    const [{ writeFile }, { FILE_FORMATS, formatOf, readDelimiter, requireNullText }] = await Promise.all([
      import('./io/writer.js'), import('./io/source.js'),
    ]);
    requireCsvOptions(options);
    const { header = true, nullText = '' } = options;
    if (options.format !== undefined) requireOneOf('format', options.format, FILE_FORMATS);
    const delimiter = readDelimiter(options.delimiter ?? ',');
    requireNullText(nullText, delimiter);
    const format = formatOf(path, options.format === undefined ? {} : { format: options.format });
    if ((await this.begin()).kind === 'done')
      throw new ExecutionError(`the statement was run, and gives no rows to write to '${path}'`);
    const { rowCount } = await writeFile({ path, header, delimiter, nullText, format, result: this });
    return rowCount;
  }

  /**
   * Runs to the end. Answers the rows changed by INSERT, UPDATE, DELETE, COPY, CREATE TABLE AS; the rows given by a
   * query.
   */
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
