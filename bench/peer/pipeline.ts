/**
 * One streaming pipeline of DuckDB and ONNX Runtime, written as its best user would write it.
 *
 * DuckDB casts and joins, so every column arrives as the typed array the model takes; its vectors are read as they
 * lie, without a JavaScript value per field; rows are gathered into a batch whose buffers are used again; while a
 * batch is scored the next chunk is being fetched. Groups are codes, their sums two typed arrays.
 */
import { DuckDBInstance, type DuckDBConnection, type DuckDBDataChunk } from '@duckdb/node-api';
import { Tensor, type InferenceSession } from 'onnxruntime-node';
import { createOrtSession } from '../../test/support/ort.js';

export interface PipelineOptions {
  readonly databasePath: string;
  readonly modelPath: string;
  /**
   * Gives the group's code (INTEGER), then the number features (FLOAT), then the text features' codes (INTEGER).
   */
  readonly query: string;
  readonly layout: 'matrix' | 'columns';
  readonly numbers: readonly string[];
  /** The values of each text feature's codes. */
  readonly texts: readonly { readonly name: string; readonly values: readonly string[] }[];
  readonly groupCount: number;
  readonly output: string;
  readonly threads: number;
  readonly batchRows: number;
}

/** Per group code: the sum of scores and the number of rows. */
export interface GroupSums {
  readonly sums: Float64Array;
  readonly counts: Float64Array;
}

/** DuckDB's vectors hold at most this many rows. */
const CHUNK_ROWS = 2048;

export class Pipeline {
  private constructor(
    private readonly options: PipelineOptions,
    private readonly instance: DuckDBInstance,
    private readonly connection: DuckDBConnection,
    private readonly session: InferenceSession,
    private readonly batch: Batch,
  ) {}

  static async open(options: PipelineOptions): Promise<Pipeline> {
    const instance = await DuckDBInstance.create(options.databasePath, {
      threads: `${options.threads}`,
      access_mode: 'READ_ONLY',
    });
    const connection = await instance.connect();
    // A stream's buffer is 1 MB by default; with room for more, DuckDB's threads do not wait for the model.
    await connection.run("SET streaming_buffer_size = '16MB'");
    await connection.run('SET preserve_insertion_order = false');
    const session = await createOrtSession(options.modelPath, {
      intraOpNumThreads: options.threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
    });
    return new Pipeline(options, instance, connection, session, new Batch(options));
  }

  async run(): Promise<GroupSums> {
    const { groupCount, batchRows, threads } = this.options;
    const totals = { sums: new Float64Array(groupCount), counts: new Float64Array(groupCount) };
    const result = await this.connection.stream(this.options.query);
    // With one thread nothing may run beside the model: the next chunk is asked for when the batch has been scored.
    const overlaps = threads > 1;
    let pending = result.fetchChunk();
    for (;;) {
      const chunk = await pending;
      const rowCount = chunk?.rowCount ?? 0;
      if (chunk === null || rowCount === 0) break;
      this.batch.append(chunk, rowCount);
      const full = this.batch.rowCount + CHUNK_ROWS > batchRows;
      if (overlaps || !full) pending = result.fetchChunk();
      if (full) await this.score(totals);
      if (!overlaps && full) pending = result.fetchChunk();
    }
    if (this.batch.rowCount > 0) await this.score(totals);
    return totals;
  }

  private async score({ sums, counts }: GroupSums): Promise<void> {
    const { batch } = this;
    const fetched = await this.session.run(batch.feeds(), [this.options.output]);
    addScores({
      sums,
      counts,
      groups: batch.groups,
      scores: fetched[this.options.output].data as Float32Array,
      rowCount: batch.rowCount,
    });
    batch.rowCount = 0;
  }

  async close(): Promise<void> {
    await this.session.release();
    this.connection.closeSync();
    this.instance.closeSync();
  }
}

/** The rows waiting for the model, in its layout. */
class Batch {
  rowCount = 0;
  readonly groups: Int32Array;
  private readonly width: number;
  private readonly matrix: Float32Array;
  private readonly columns: readonly Float32Array[];
  private readonly texts: readonly string[][];

  constructor(private readonly options: PipelineOptions) {
    const { batchRows, numbers, texts, layout } = options;
    this.width = numbers.length;
    this.groups = new Int32Array(batchRows);
    this.matrix = new Float32Array(layout === 'matrix' ? batchRows * this.width : 0);
    this.columns = layout === 'columns' ? numbers.map(() => new Float32Array(batchRows)) : [];
    this.texts = texts.map(() => new Array<string>(batchRows).fill(''));
  }

  append(chunk: DuckDBDataChunk, rowCount: number): void {
    const start = this.rowCount;
    this.groups.set(columnOf(chunk, 0) as Int32Array, start);
    for (let feature = 0; feature < this.width; feature++) {
      const values = columnOf(chunk, 1 + feature) as Float32Array;
      if (this.options.layout === 'columns') this.columns[feature].set(values, start);
      else scatter(this.matrix, values, { first: start * this.width + feature, stride: this.width });
    }
    this.options.texts.forEach((text, index) => {
      decode(this.texts[index], columnOf(chunk, 1 + this.width + index) as Int32Array, text.values, start);
    });
    this.rowCount = start + rowCount;
  }

  feeds(): Record<string, Tensor> {
    const { rowCount, options } = this;
    if (options.layout === 'matrix') {
      return { x: new Tensor('float32', this.matrix.subarray(0, rowCount * this.width), [rowCount, this.width]) };
    }
    const feeds: Record<string, Tensor> = {};
    options.numbers.forEach((name, index) => {
      feeds[name] = new Tensor('float32', this.columns[index].subarray(0, rowCount), [rowCount, 1]);
    });
    options.texts.forEach(({ name }, index) => {
      const values = this.texts[index];
      feeds[name] = new Tensor('string', rowCount === values.length ? values : values.slice(0, rowCount), [
        rowCount,
        1,
      ]);
    });
    return feeds;
  }
}

/** The typed array behind a vector: private in its class, but what its accessors read one by one. */
function columnOf(chunk: DuckDBDataChunk, index: number): Float32Array | Int32Array {
  return (chunk.getColumnVector(index) as unknown as { readonly items: Float32Array | Int32Array }).items;
}

function scatter(
  target: Float32Array,
  values: Float32Array,
  place: { readonly first: number; readonly stride: number },
): void {
  const { first, stride } = place;
  for (let row = 0, at = first; row < values.length; row++, at += stride) target[at] = values[row];
}

function decode(target: string[], codes: Int32Array, values: readonly string[], start: number): void {
  for (let row = 0; row < codes.length; row++) target[start + row] = values[codes[row]];
}

/** Scores are [rows, 2]; the second column counts. */
function addScores(
  options: GroupSums & { readonly groups: Int32Array; readonly scores: Float32Array; readonly rowCount: number },
): void {
  const { sums, counts, groups, scores, rowCount } = options;
  for (let row = 0; row < rowCount; row++) {
    const group = groups[row];
    sums[group] += scores[2 * row + 1];
    counts[group] += 1;
  }
}
