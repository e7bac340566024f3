/**
 * Runs an emitted plan without the executor: one thread that plays two workers, tables laid out as scan chunks, chunks
 * of the result decoded to rows. It follows `runtime/plan.ts` to the letter and is as simple as that allows.
 */
import { dtypeInfo, type DType } from '../../ir/dtype.js';
import type { ScalarOp } from '../../ir/scalar.js';
import { MEANING } from '../../ir/scalar/meaning.js';
import { castValue } from '../../ir/scalar/cast.js';
import type { Value } from '../../ir/scalar/value.js';
import type { EmittedPlan } from '../../backends/emit.js';
import {
  CHUNK_HEADER_BYTES,
  PARAM_BYTES,
  SCAN_COLUMN_WORDS,
  SCAN_HEADER_WORDS,
  type Finish,
  type OutputColumn,
  type PhysicalPlan,
  type Pipeline,
} from '../../runtime/plan.js';
import { HeapView } from './heap-view.js';

const CHUNK_ROWS = 96;
const MORSEL_ROWS = 40;
const PAGES = 256;

type Import = ((...args: number[]) => number | void) | WebAssembly.Memory | WebAssembly.Global;
type Exports = Readonly<Record<string, (...args: number[]) => number>>;

export interface RunOptions {
  readonly tables?: Readonly<Record<string, readonly (readonly Value[])[]>>;
  readonly params?: readonly Value[];
  /** The bytes of a weight slot, as its layout packs them. */
  readonly weight?: (slot: PhysicalPlan['weights'][number]) => Uint8Array;
}

export function runPlan(emitted: EmittedPlan, options: RunOptions = {}): Value[][] {
  const run = new Run(emitted, options);
  for (const pipeline of emitted.plan.pipelines) run.pipeline(pipeline);
  return run.rows;
}

class Run {
  readonly rows: Value[][] = [];
  readonly #plan: PhysicalPlan;
  readonly #memory = new WebAssembly.Memory({ initial: PAGES, maximum: 65536, shared: true });
  readonly #heap: HeapView;
  readonly #exports: Exports;
  readonly #context: number;
  readonly #locals: readonly number[];
  readonly #options: RunOptions;
  readonly #sorted = new Map<number, { pointers: number; count: number }>();

  constructor({ plan, wasm }: EmittedPlan, options: RunOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#heap = new HeapView(this.#memory);
    const dataBase = this.#heap.alloc(plan.dataBytes);
    this.#exports = new WebAssembly.Instance(new WebAssembly.Module(wasm as Uint8Array<ArrayBuffer>), {
      env: this.#imports(dataBase),
    }).exports as unknown as Exports;
    this.#context = this.#heap.alloc(plan.contextBytes);
    this.#locals = [0, 1].map(() => this.#heap.alloc(plan.localBytes));
    plan.parameters.forEach((slot, i) =>
      this.#heap.writeSlot(this.#context + slot.offset, slot.dtype, options.params![i]!),
    );
    for (const slot of plan.weights) {
      const bytes = options.weight!(slot);
      const address = this.#heap.alloc(bytes.length);
      this.#heap.bytes.set(bytes, address);
      this.#heap.view.setUint32(this.#context + slot.offset, address, true);
    }
  }

  #imports(dataBase: number): Record<string, Import> {
    const math = new Proxy(
      {},
      {
        get:
          (_, name: string) =>
          (...args: number[]) =>
            name === 'math_random'
              ? 0.5
              : MEANING[name.slice(5) as ScalarOp](
                  args,
                  args.map(() => 'f64' as const),
                ),
      },
    ) as Record<string, Import>;
    const env: Record<string, Import> = {
      memory: this.#memory,
      data_base: new WebAssembly.Global({ value: 'i32', mutable: false }, dataBase),
      alloc: (bytes: number) => this.#heap.alloc(bytes),
      emit: (chunk: number) => this.#emit(chunk),
      fail: (_: number, address: number, length: number) => {
        throw new Error(this.#heap.text(address, length));
      },
      host: (func: number, args: number, result: number) => this.#host(func, args, result),
    };
    return new Proxy(env, { get: (target, name: string) => target[name] ?? math[name] });
  }

  #host(number: number, args: number, result: number): void {
    const func = this.#plan.hostFunctions[number]!;
    const values = func.args.map((dtype, i) => this.#heap.readSlot(args + i * PARAM_BYTES, dtype));
    const value =
      func.cast === undefined
        ? MEANING[func.op as ScalarOp](values, func.args)
        : castValue(values[0]!, { from: func.args[0]!, to: func.cast.to, attempt: func.cast.attempt });
    this.#heap.writeSlot(result, func.result, value);
  }

  pipeline(pipeline: Pipeline): void {
    const started = new Set<number>();
    let turn = 0;
    for (const morsel of this.#morsels(pipeline)) {
      const local = this.#locals[pipeline.parallel ? turn++ % 2 : 0]!;
      if (pipeline.init !== undefined && !started.has(local)) this.#exports[pipeline.init]!(this.#context, local);
      started.add(local);
      if (this.#exports[pipeline.run]!(this.#context, local, morsel) === 1) break;
    }
    for (const finish of pipeline.finish) this.#finish(finish);
  }

  *#morsels(pipeline: Pipeline): Generator<number> {
    const { source } = pipeline;
    switch (source.kind) {
      case 'once':
        return yield this.#heap.alloc(16);
      case 'sorted': {
        const { pointers, count } = this.#sorted.get(source.buffer)!;
        for (let i = 0; i < count; i += MORSEL_ROWS)
          yield this.#words([pointers + i * 4, Math.min(MORSEL_ROWS, count - i)]);
        return;
      }
      case 'buffer':
        for (const chunk of this.#chunks(source.buffer))
          yield this.#words([chunk + CHUNK_HEADER_BYTES, this.#heap.u32(chunk + 4)]);
        return;
      case 'scan':
        return yield* this.#scan(source.table, source.columns);
    }
  }

  *#scan(table: string, columns: readonly number[]): Generator<number> {
    const rows = this.#options.tables![table]!;
    const schema = this.#plan.tables.find((candidate) => candidate.name === table)!.columns;
    for (let begin = 0; begin < rows.length; begin += CHUNK_ROWS) {
      const chunk = rows.slice(begin, begin + CHUNK_ROWS);
      const words = columns.flatMap((column) =>
        this.#heap.writeColumn(
          schema[column]!,
          chunk.map((row) => row[column]!),
          (begin / CHUNK_ROWS) % 2 === 0,
        ),
      );
      if (words.length !== columns.length * SCAN_COLUMN_WORDS || SCAN_HEADER_WORDS !== 3)
        throw new Error('the morsel layout has changed');
      for (let i = 0; i < chunk.length; i += MORSEL_ROWS)
        yield this.#words([i, Math.min(i + MORSEL_ROWS, chunk.length), begin / CHUNK_ROWS + 1, ...words]);
    }
  }

  #words(words: readonly number[]): number {
    const address = this.#heap.alloc(words.length * 4);
    words.forEach((word, i) => this.#heap.view.setUint32(address + i * 4, word, true));
    return address;
  }

  #chunks(buffer: number, locals = this.#locals): number[] {
    const { localOffset } = this.#plan.buffers[buffer]!;
    return locals.flatMap((local) => {
      const found: number[] = [];
      for (let chunk = this.#heap.u32(local + localOffset); chunk !== 0; chunk = this.#heap.u32(chunk))
        found.push(chunk);
      return found;
    });
  }

  #finish(finish: Finish): void {
    const [first] = this.#locals as [number];
    if (finish.kind === 'once') return void this.#exports[finish.fn]!(this.#context, first);
    const chunks = this.#chunks(finish.buffer);
    const count = chunks.reduce((sum, chunk) => sum + this.#heap.u32(chunk + 4), 0);
    const slot = this.#context + this.#plan.buffers[finish.buffer]!.slotOffset;
    switch (finish.kind) {
      case 'link': {
        const size = 2 ** Math.ceil(Math.log2(Math.max(count * 2, 2)));
        this.#heap.view.setUint32(slot, this.#heap.alloc(size * 4), true);
        this.#heap.view.setUint32(slot + 4, size - 1, true);
        for (const chunk of chunks) this.#exports[finish.fn]!(this.#context, first, chunk);
        return;
      }
      case 'merge': {
        for (const chunk of this.#chunks(finish.buffer, this.#locals.slice(1)))
          this.#exports[finish.fn]!(this.#context, first, chunk);
        for (const local of this.#locals.slice(1))
          this.#heap.bytes.fill(
            0,
            local + this.#plan.buffers[finish.buffer]!.localOffset,
            local + this.#plan.buffers[finish.buffer]!.localOffset + 64,
          );
        return;
      }
      case 'sort': {
        const [pointers, temporary] = [this.#heap.alloc(count * 4), this.#heap.alloc(count * 4)];
        let at = pointers;
        for (const chunk of chunks) at = this.#exports[finish.gather]!(chunk, at);
        this.#exports[finish.sort]!(this.#context, pointers, temporary, count);
        this.#heap.view.setUint32(slot + 8, pointers, true);
        this.#heap.view.setUint32(slot + 12, count, true);
        this.#sorted.set(finish.buffer, { pointers, count: Math.min(count, finish.limit ?? Infinity) });
        return;
      }
      default:
        throw new Error(`the test harness does not run ${finish.kind} steps`);
    }
  }

  #emit(chunk: number): void {
    const count = this.#heap.u32(chunk);
    const leaves = this.#plan.leaves.map((leaf) => ({
      dtype: leaf.dtype,
      width: leaf.width,
      at: chunk + leaf.chunkOffset,
    }));
    const value = (column: OutputColumn, row: number): Value => {
      switch (column.kind) {
        case 'leaf':
          return this.#leaf(leaves[column.leaf]!, row);
        case 'struct':
          if (column.nullLeaf !== undefined && this.#leaf(leaves[column.nullLeaf]!, row) === true) return null;
          return column.fields.map((field) => value(field, row));
        case 'map':
          return column.values.map((inner) => value(inner, row));
      }
    };
    for (let row = 0; row < count; row++) this.rows.push(this.#plan.output.map((column) => value(column, row)));
  }

  #leaf({ dtype, width, at }: { dtype: DType; width: number; at: number }, row: number): Value {
    const validity = this.#heap.u32(at + 4);
    if (validity !== 0 && ((this.#heap.bytes[validity + (row >> 3)]! >> (row & 7)) & 1) === 0) return null;
    const values = this.#heap.u32(at);
    if (dtypeInfo(dtype).physical === 'bytes') {
      const [begin, end] = [this.#heap.u32(values + row * 4), this.#heap.u32(values + row * 4 + 4)];
      const base = this.#heap.u32(at + 8);
      return dtype === 'utf8'
        ? this.#heap.text(base + begin, end - begin)
        : this.#heap.bytes.slice(base + begin, base + end);
    }
    const element = (k: number): Value =>
      this.#heap.readValue(values + (row * width + k) * dtypeInfo(dtype).widthBytes, dtype);
    return width === 1 ? element(0) : Array.from({ length: width }, (_, k) => element(k));
  }
}
