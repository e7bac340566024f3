/**
 * A model's kernel with a memory of its own: rows are transposed into a tile, the kernel runs, its columns are
 * transposed back. Memory from 0: the module's data, weights, the table of their addresses, scratch, the tables of
 * columns, columns in, columns out, text of the tile.
 */
import type { TensorElements, TensorValue } from '../ir/tensor-data.js';
import type { ModelKernel } from './compiler.js';
import { ResourceError } from './errors.js';
import { mathImports } from './executor/math-imports.js';
import { arrayOf, putColumns, takeColumns, viewOf, type RowRange, type TileColumns } from './model-columns.js';

const DATA_BASE = 1024;
const WASM_PAGE_BYTES = 65_536;
const MAX_PAGES = 65_536;
const ALIGNMENT_BYTES = 64;
/** Longest time without a turn of the event loop. */
const TURN_MS = 8;

type Run = (rows: number, leaves: number, outputs: number, scratch: number, weights: number) => void;

interface Places {
  readonly scratch: number;
  readonly weights: number;
  readonly leafTable: number;
  readonly outputTable: number;
  readonly leaves: readonly (TileColumns & { readonly input: number })[];
  readonly outputs: readonly TileColumns[];
  /** Where the text of a tile begins. */
  readonly text: number;
}

export class ModelTiles {
  readonly #kernel: ModelKernel;
  readonly #memory: WebAssembly.Memory;
  readonly #places: Places;
  readonly #run: Run;
  readonly #decoder = new TextDecoder();
  /** Text of the module itself, by address and length: class labels, mostly. */
  readonly #texts = new Map<string, string>();

  private constructor(kernel: ModelKernel, parts: { memory: WebAssembly.Memory; places: Places; run: Run }) {
    this.#kernel = kernel;
    this.#memory = parts.memory;
    this.#places = parts.places;
    this.#run = parts.run;
  }

  /** @throws ResourceError when weights and tile do not fit one WASM memory */
  static async create(kernel: ModelKernel, name: string): Promise<ModelTiles> {
    const { places, weightAddresses } = placesOf(kernel);
    const pages = Math.ceil(places.text / WASM_PAGE_BYTES) + 1;
    if (pages > MAX_PAGES) {
      throw new ResourceError(`model ${name} needs ${places.text} bytes, of which a memory holds ${MAX_PAGES * WASM_PAGE_BYTES}: register it in a database, which reads weights page by page`, {
        limit: 'wasm32 memory', limitBytes: MAX_PAGES * WASM_PAGE_BYTES, wantedBytes: places.text, consumer: `model ${name}`,
      });
    }
    const memory = new WebAssembly.Memory({ initial: pages, maximum: MAX_PAGES, shared: true });
    const module = new WebAssembly.Module(kernel.wasm as Uint8Array<ArrayBuffer>);
    const imports = { memory, data_base: new WebAssembly.Global({ value: 'i32' }, DATA_BASE), ...(await mathImports(module)) };
    const { exports } = new WebAssembly.Instance(module, { env: imports });
    const bytes = new Uint8Array(memory.buffer);
    const words = new Uint32Array(memory.buffer);
    kernel.weights.forEach((weight, i) => {
      bytes.set(weight.pack(), weightAddresses[i]!);
      words[places.weights / 4 + i] = weightAddresses[i]!;
    });
    writeTable(words, places.leafTable, places.leaves);
    writeTable(words, places.outputTable, places.outputs);
    return new ModelTiles(kernel, { memory, places, run: exports['run'] as Run });
  }

  /** The outputs' elements; inputs are in the order of the model's, each with `rows` as its leading dim. */
  async run(inputs: readonly TensorValue[], rows: number): Promise<readonly TensorElements[]> {
    const { outputs, scratch, weights, leafTable, outputTable } = this.#places;
    const results = outputs.map(({ dtype, columns }) => arrayOf(dtype, rows * columns));
    let turn = performance.now();
    for (let begin = 0; begin < rows; begin += this.#kernel.tileRows) {
      const range: RowRange = { begin, count: Math.min(this.#kernel.tileRows, rows - begin) };
      this.#putInputs(inputs, range);
      this.#run(range.count, leafTable, outputTable, scratch, weights);
      outputs.forEach((output, i) => {
        if (output.dtype === 'utf8') this.#takeText(output, results[i] as string[], range);
        else takeColumns(this.#memory, output, results[i]!, range);
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
    for (const leaf of this.#places.leaves) {
      const { data } = inputs[leaf.input]!;
      if (leaf.dtype === 'utf8') text = this.#putText(leaf, data as readonly string[], { range, text });
      else putColumns(this.#memory, leaf, data, range);
    }
  }

  #putText(leaf: TileColumns, data: readonly string[], { range, text }: { readonly range: RowRange; readonly text: number }): number {
    const { columns } = leaf;
    let at = text;
    for (let row = 0; row < range.count; row++) {
      for (let column = 0; column < columns; column++) {
        const value = data[(range.begin + row) * columns + column]!;
        const longest = value.length * 3;
        this.#grow(at + longest);
        const length = Buffer.from(this.#memory.buffer, at, longest).write(value);
        const words = viewOf(this.#memory, 'utf8');
        const place = (leaf.address + column * leaf.strideBytes) / 4 + row * 2;
        words[place] = at;
        words[place + 1] = length;
        at += length;
      }
    }
    return at;
  }

  #takeText(output: TileColumns, target: string[], { begin, count }: RowRange): void {
    const words = new Uint32Array(this.#memory.buffer);
    for (let row = 0; row < count; row++) {
      for (let column = 0; column < output.columns; column++) {
        const place = (output.address + column * output.strideBytes) / 4 + row * 2;
        target[(begin + row) * output.columns + column] = this.#text(words[place]!, words[place + 1]!);
      }
    }
  }

  #text(address: number, length: number): string {
    const read = (): string => this.#decoder.decode(new Uint8Array(this.#memory.buffer, address, length).slice());
    if (address >= DATA_BASE + this.#kernel.dataBytes) return read();
    const key = `${address} ${length}`;
    let text = this.#texts.get(key);
    if (text === undefined) this.#texts.set(key, text = read());
    return text;
  }

  #grow(bytes: number): void {
    const missing = Math.ceil(bytes / WASM_PAGE_BYTES) - this.#memory.buffer.byteLength / WASM_PAGE_BYTES;
    if (missing > 0) this.#memory.grow(missing);
  }
}

function writeTable(words: Uint32Array, table: number, entries: readonly TileColumns[]): void {
  let at = table / 4;
  for (const { columns, address, strideBytes } of entries) {
    for (let column = 0; column < columns; column++) words[at++] = address + column * strideBytes;
  }
}

function placesOf(kernel: ModelKernel): { readonly places: Places; readonly weightAddresses: readonly number[] } {
  let next = align(DATA_BASE + kernel.dataBytes);
  const reserve = (bytes: number): number => {
    const address = next;
    next = align(next + bytes);
    return address;
  };
  const columnsOf = <T extends { readonly columns: number; readonly dtype: TileColumns['dtype'] }>(entry: T): T & TileColumns => {
    // 8 bytes are the widest element; the padding keeps columns off the same cache sets.
    const strideBytes = kernel.tileRows * 8 + ALIGNMENT_BYTES;
    return { ...entry, strideBytes, address: reserve(entry.columns * strideBytes) };
  };
  const count = (entries: readonly { readonly columns: number }[]): number => entries.reduce((sum, { columns }) => sum + columns, 0);
  const weightAddresses = kernel.weights.map(({ byteLength }) => reserve(byteLength));
  const places: Places = {
    weights: reserve(kernel.weights.length * 4),
    scratch: reserve(kernel.scratchBytes),
    leafTable: reserve(count(kernel.leaves) * 4),
    outputTable: reserve(count(kernel.outputs) * 4),
    leaves: kernel.leaves.map(columnsOf),
    outputs: kernel.outputs.map(columnsOf),
    text: next,
  };
  return { places: { ...places, text: next }, weightAddresses };
}

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
}
