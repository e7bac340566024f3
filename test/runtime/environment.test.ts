/** What the compiler asks for while it works is loaded in few turns: each begins the compilation anew. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createEnvironment, Loaded, withLoading, type CommitLoader } from '../../runtime/environment.js';
import type { ModelVersion, TensorMeta } from '../../runtime/storage/model-store.js';

const BYTES = 28;

function tensor(name: string, blockCount: number): TensorMeta {
  const blocks = Array.from({ length: blockCount }, (_, i) => ({
    hash: `${name}-${i}`, page: 0, offset: 0, byteLength: BYTES,
  }));
  return { name, dtype: 'f32', dims: [7 * blockCount], layout: 'raw', blockBytes: BYTES, blocks };
}

function modelOf(tensors: readonly TensorMeta[]): ModelVersion {
  return { version: 1, irText: '', tensors } as unknown as ModelVersion;
}

function loaderOf(model: ModelVersion, read: string[]): CommitLoader {
  const absent = (): never => { throw new Error('was not to be asked for'); };
  return {
    table: absent,
    view: absent,
    model: async () => model,
    blocks: async (references) => {
      read.push(...references.map(({ hash }) => hash));
      return references.map(() => new Uint8Array(BYTES));
    },
  };
}

const facts = {
  tableNames: [], modelNames: ['m'], viewNames: [], memoryLimitBytes: 2 ** 28, threads: 1, calibration: undefined,
};

test('a statement that reads hundreds of weights is not compiled anew for each', async () => {
  const small = Array.from({ length: 300 }, (_, i) => tensor(`small ${i}`, 1));
  const model = modelOf([tensor('large', 40), ...small]);
  const read: string[] = [];
  const environment = createEnvironment(new Loaded(facts), loaderOf(model, read));
  let turns = 0;
  const lengths = await withLoading(() => {
    turns++;
    environment.model('m', undefined);
    return small.map(({ name }) => environment.tensor(name).blocks[0]!.byteLength);
  });
  assert.equal(lengths, small.map(() => BYTES));
  assert.ok(turns <= 12, `it was compiled ${turns} times`);
  assert.equal([...read].sort(), small.map(({ name }) => `${name}-0`).sort(), 'each once, and not the large one');
});

test('a statement that reads one weight reads only that one', async () => {
  const read: string[] = [];
  const model = modelOf([tensor('a', 1), tensor('b', 2), tensor('c', 1)]);
  const environment = createEnvironment(new Loaded(facts), loaderOf(model, read));
  await withLoading(() => {
    environment.model('m', undefined);
    return environment.tensor('b');
  });
  assert.equal(read, ['b-0', 'b-1']);
});

test.run();
