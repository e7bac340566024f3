/**
 * A model's kernel with a memory of its own: rows are transposed into a tile, the kernel runs, its columns are
 * transposed back. Memory from 0: the module's data, weights, the table of their addresses, scratch, the tables of
 * columns, columns in, columns out, text of the tile.
 */
import type { TensorElements, TensorValue } from '../ir/tensor-data.js';
import type { ModelKernel } from './compiler.js';
import { ResourceError } from './errors.js';
import { mathImports } from './executor/math-imports.js';
import {
  arrayOf,
  heapOf,
  putColumn,
  takeColumn,
  type FixedWidth,
  type Heap,
  type RowRange,
  type TileColumn,
} from './model-columns.js';

const DATA_BASE = 1024;
const WASM_PAGE_BYTES = 65_536;
const MAX_PAGES = 65_536;
const ALIGNMENT_BYTES = 64;
/** Longest time without a turn of the event loop. */
const TURN_MS = 8;
/** UTF-8 bytes for a UTF-16 unit. */
const MOST_BYTES_PER_UNIT = 3;

type Run = (rows: number, leaves: number, outputs: number, scratch: number, weights: number) => void;

interface Places {
  readonly scratch: number;
  readonly weights: number;
  readonly featureTable: number;
  readonly outputTable: number;
  readonly features: readonly (TileColumn & { readonly input: number })[];
  readonly outputs: readonly { readonly dtype: TileColumn['dtype']; readonly columns: readonly TileColumn[] }[];
  /** Where the text of a tile begins. */
  readonly text: number;
}

export class ModelTiles {
  readonly #kernel: ModelKernel;
  readonly #memory: WebAssembly.Memory;
  readonly #places: Places;
  readonly #run: Run;
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  /** Made anew when the memory has grown. */
  #heap: Heap;
  /** Text of the module itself, by address and length: class labels, mostly. */
  readonly #texts = new Map<string, string>();

  private constructor(kernel: ModelKernel, parts: { memory: WebAssembly.Memory; places: Places; run: Run }) {
    this.#kernel = kernel;
    this.#memory = parts.memory;
    this.#heap = heapOf(parts.memory);
    this.#places = parts.places;
    this.#run = parts.run;
  }

  /** @throws ResourceError when weights and tile do not fit one WASM memory */
  static async create(kernel: ModelKernel, name: string): Promise<ModelTiles> {
    const { places, weightAddresses } = placesOf(kernel);
    const pages = Math.ceil(places.text / WASM_PAGE_BYTES) + 1;
    if (pages > MAX_PAGES) {
      throw new ResourceError(
        `model ${name} needs ${places.text} bytes, of which a memory holds ${MAX_PAGES * WASM_PAGE_BYTES}: register it in a database, which reads weights page by page`,
        {
          limit: 'wasm32 memory',
          limitBytes: MAX_PAGES * WASM_PAGE_BYTES,
          wantedBytes: places.text,
          consumer: `model ${name}`,
      });
    }
    const memory = new WebAssembly.Memory({ initial: pages, maximum: MAX_PAGES, shared: true });
    const module = new WebAssembly.Module(kernel.wasm as Uint8Array<ArrayBuffer>);
    const imports = {
      memory,
      data_base: new WebAssembly.Global({ value: 'i32' }, DATA_BASE),
      ...(await mathImports(module)),
    };
    const { exports } = new WebAssembly.Instance(module, { env: imports });
    const bytes = new Uint8Array(memory.buffer);
    const words = new Uint32Array(memory.buffer);
    kernel.weights.forEach((weight, i) => {
      bytes.set(weight.pack(), weightAddresses[i]!);
      words[places.weights / 4 + i] = weightAddresses[i]!;
    });
    writeTable(words, places.featureTable, places.features);
    writeTable(words, places.outputTable, places.outputs.flatMap((output) => output.columns));
    return new ModelTiles(kernel, { memory, places, run: exports['run'] as Run });
  }

  /** The outputs' elements; inputs are in the order of the model's, each with `rows` as its leading dim. */
  async run(inputs: readonly TensorValue[], rows: number): Promise<readonly TensorElements[]> {
    const { outputs, scratch, weights, featureTable, outputTable } = this.#places;
    const results = outputs.map(({ dtype, columns }) => arrayOf(dtype, rows * columns.length));
    let turn = performance.now();
    for (let begin = 0; begin < rows; begin += this.#kernel.tileRows) {
      const range: RowRange = { begin, count: Math.min(this.#kernel.tileRows, rows - begin) };
      this.#putInputs(inputs, range);
      this.#run(range.count, featureTable, outputTable, scratch, weights);
      outputs.forEach(({ columns }, i) => {
        for (const column of columns) this.#takeColumn(column, results[i]!, range);
      });
      if (performance.now() - turn > TURN_MS) {
        await new Promise<void>((resolve) => { setImmediate(resolve); });
        turn = performance.now();
      }
    }
    return results;
  }

  #putInputs(inputs: readonly TensorValue[], range: RowRange): void {
    let text = this.#places.text;
    for (const feature of this.#places.features) {
      const { data } = inputs[feature.input]!;
      if (feature.dtype === 'utf8') text = this.#putText(feature, data as readonly string[], { range, text });
      else putColumn(this.#heap[feature.dtype as FixedWidth], feature, data, range);
    }
  }

  /** Answers where the next text may lie. */
  #putText(
    feature: TileColumn,
    data: readonly string[],
    { range, text }: { readonly range: RowRange; readonly text: number },
  ): number {
    const first = feature.address / 4;
    let at = text;
    for (let row = 0; row < range.count; row++) {
      const value = data[(range.begin + row) * feature.width + feature.element]!;
      this.#grow(at + value.length * MOST_BYTES_PER_UNIT);
      const { bytes, i32 } = this.#heap;
      const length = bytes.write(value, at);
      i32[first + row * 2] = at;
      i32[first + row * 2 + 1] = length;
      at += length;
    }
    return at;
  }

  #takeColumn(column: TileColumn, target: TensorElements | string[], range: RowRange): void {
    if (column.dtype !== 'utf8') return takeColumn(this.#heap[column.dtype as FixedWidth], column, target, range);
    const { i32 } = this.#heap;
    const first = column.address / 4;
    for (let row = 0; row < range.count; row++) {
      const place = first + row * 2;
      (target as string[])[(range.begin + row) * column.width + column.element] = this.#text(
        i32[place]! >>> 0,
        i32[place + 1]!,
      );
    }
  }

  #text(address: number, length: number): string {
    const read = (): string => this.#decoder.decode(this.#heap.bool.slice(address, address + length));
    if (address >= DATA_BASE + this.#kernel.dataBytes) return read();
    const key = `${address} ${length}`;
    let text = this.#texts.get(key);
    if (text === undefined) this.#texts.set(key, text = read());
    return text;
  }

  #grow(bytes: number): void {
    const missing = Math.ceil(bytes / WASM_PAGE_BYTES) - this.#memory.buffer.byteLength / WASM_PAGE_BYTES;
    if (missing <= 0) return;
    this.#memory.grow(missing);
    this.#heap = heapOf(this.#memory);
  }
}

function writeTable(words: Uint32Array, table: number, columns: readonly TileColumn[]): void {
  columns.forEach(({ address }, i) => { words[table / 4 + i] = address; });
}

function placesOf(kernel: ModelKernel): { readonly places: Places; readonly weightAddresses: readonly number[] } {
  let next = align(DATA_BASE + kernel.dataBytes);
  const reserve = (bytes: number): number => {
    const address = next;
    next = align(next + bytes);
    return address;
  };
  // 8 bytes are the widest element; the padding keeps columns off the same cache sets.
  const placed = <T>(column: T): T & { readonly address: number } => ({
    ...column,
    address: reserve(kernel.tileRows * 8 + ALIGNMENT_BYTES),
  });
  const weightAddresses = kernel.weights.map(({ byteLength }) => reserve(byteLength));
  const outputColumns = kernel.outputs.reduce((sum, { columns }) => sum + columns, 0);
  const places = {
    weights: reserve(kernel.weights.length * 4),
    scratch: reserve(kernel.scratchBytes),
    featureTable: reserve(kernel.features.length * 4),
    outputTable: reserve(outputColumns * 4),
    features: kernel.features.map(placed),
    outputs: kernel.outputs.map(({ dtype, columns: width }) => ({
      dtype, columns: Array.from({ length: width }, (_, element) => placed({ dtype, width, element })),
    })),
  };
  return { places: { ...places, text: next }, weightAddresses };
}

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
}
