/**
 * The constant tensors of a model, by content hash: in memory, or still in their file.
 *
 * Invariant: the hash of a weight is BLAKE3-256 of its bytes as `ir/tensor-bytes.ts` defines them, whether they were
 * hashed in memory or as a stream.
 */
import { createBLAKE3, type IHasher } from 'hash-wasm';
import type { DType } from '../../ir/dtype.js';
import type { TensorData, TensorValue } from '../../ir/tensor-data.js';
import { encodeTensor } from '../../ir/tensor-bytes.js';

/** One weight, wherever it lies. */
export interface WeightSource {
  readonly dtype: DType;
  readonly dims: readonly number[];
  /** Length of the bytes that `read` gives. */
  readonly byteLength: number;
  /** `length` bytes from `offset`, of the little-endian row-major bytes. */
  readonly read: (offset: number, length: number) => Promise<Uint8Array>;
  /** The whole tensor in memory. */
  readonly load: () => TensorValue;
}

const HASH_CHUNK_BYTES = 1 << 20;

/** The weights of one import. */
export class WeightStore implements TensorData {
  readonly #sources = new Map<string, WeightSource>();
  readonly #streamed = new Set<string>();
  readonly #hasher: IHasher;

  private constructor(hasher: IHasher) {
    this.#hasher = hasher;
  }

  static async create(): Promise<WeightStore> {
    return new WeightStore(await createBLAKE3());
  }

  /** Keeps a tensor and gives its hash. */
  add(value: TensorValue): string {
    const bytes = encodeTensor(value);
    this.#hasher.init();
    this.#hasher.update(bytes);
    const hash = this.#hasher.digest('hex');
    if (!this.#sources.has(hash)) {
      const { dtype, dims } = value;
      this.#sources.set(hash, {
        dtype, dims, byteLength: bytes.byteLength, load: () => value,
        read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
      });
    }
    return hash;
  }

  /** Hashes a source as a stream and keeps it without its data. */
  async addSource(source: WeightSource): Promise<string> {
    this.#hasher.init();
    for (let offset = 0; offset < source.byteLength; offset += HASH_CHUNK_BYTES) {
      this.#hasher.update(await source.read(offset, Math.min(HASH_CHUNK_BYTES, source.byteLength - offset)));
    }
    const hash = this.#hasher.digest('hex');
    if (!this.#sources.has(hash)) {
      this.#sources.set(hash, source);
      this.#streamed.add(hash);
    }
    return hash;
  }

  /** Whether the weight's data is in memory already. */
  isHeld(hash: string): boolean {
    return !this.#streamed.has(hash);
  }

  source(hash: string): WeightSource {
    const source = this.#sources.get(hash);
    if (source === undefined) throw new Error(`no weight ${hash}`);
    return source;
  }

  get(hash: string): TensorValue {
    return this.source(hash).load();
  }
}
