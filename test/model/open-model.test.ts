/** A model by itself: the flights models beside ONNX Runtime, kernels of every dtype, and what is refused. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openModel, ModelInputError, type ModelTensor } from '../../runtime/database.js';
import { seeded } from '../../bench/support/random.js';
import { onnxModel, type ModelSpec } from '../support/onnx-model.js';
import { runOrt, type OrtTensor, type OrtValues } from '../support/ort.js';

const FLIGHTS = fileURLToPath(new URL('../../../examples/flights/', import.meta.url));
/** What flights have of each. */
const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  month: [1, 12],
  day: [1, 31],
  hour: [5, 23],
  dep_delay: [-20, 200],
  distance: [100, 5000],
  temp: [10, 100],
  wind_speed: [0, 40],
  visib: [0, 10], precip: [0, 1], pressure: [985, 1040], plane_year: [1960, 2013], seats: [2, 450], engines: [1, 4],
};
const NUMBERS = Object.keys(RANGES);
const TEXTS: Readonly<Record<string, readonly string[]>> = {
  carrier: ['UA', 'DL', 'B6', '??'], origin: ['EWR', 'JFK', 'LGA'], dest: ['IAH', 'MIA', 'København', ''],
};
/** More than one tile, the last not full. */
const ROW_COUNT = 777;

function flightInputs(names: readonly string[]): Record<string, ModelTensor> {
  const random = seeded(3);
  const dims = [ROW_COUNT, 1];
  const column = (name: string): ModelTensor => {
    const texts = TEXTS[name];
    if (texts !== undefined)
      return {
        type: 'string',
        dims,
        data: Array.from({ length: ROW_COUNT }, () => texts[Math.floor(random() * texts.length)]!),
      };
    const [low, high] = RANGES[name]!;
    return {
      type: 'float32',
      dims,
      data: Float32Array.from({ length: ROW_COUNT }, () => (random() < 0.1 ? NaN : low + random() * (high - low))),
    };
  };
  return Object.fromEntries(names.map((name) => [name, column(name)]));
}

const ortInputs = (inputs: Readonly<Record<string, ModelTensor>>): Record<string, OrtTensor> =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, { dims, data }]) => [name, { dims, values: data as OrtValues }]),
  );

for (const [name, columns] of [
  ['late_logistic', [...NUMBERS, ...Object.keys(TEXTS)]],
  ['late_gbdt', NUMBERS],
  ['late_mlp', NUMBERS],
] as const) {
  test(`${name} runs as a kernel and agrees with ONNX Runtime: labels exact, probabilities within 1e-5`, async () => {
    await using model = await openModel(`${FLIGHTS}${name}.onnx`);
    assert.is(model.backend, 'kernel');
    assert.equal(new Set(model.inputs.map((input) => input.name)), new Set(columns));
    const inputs = flightInputs(columns);
    const expected = await runOrt(readFileSync(`${FLIGHTS}${name}.onnx`), ortInputs(inputs));
    for (const [output, { dims, data }] of Object.entries(await model.run(inputs))) {
      const peer = expected[output]!;
      assert.equal(dims, peer.dims);
      if (data instanceof BigInt64Array) assert.equal([...data], [...(peer.values as BigInt64Array)]);
      else
        assert.is(
          Math.max(0, ...(data as Float32Array).map((value, i) => Math.abs(value - Number(peer.values[i])) - 1e-5)),
          0,
          output,
        );
    }
    assert.match(model.explain(), /backend: kernel/);
  });
}

test('a ZipMap gives the tensor of its values and the keys', async () => {
  await using model = await openModel(`${FLIGHTS}late_logistic.onnx`);
  const outputs = await model.run(flightInputs([...NUMBERS, ...Object.keys(TEXTS)]));
  const zipped = Object.values(outputs).find((output) => output.keys !== undefined)!;
  assert.equal(zipped.keys, [0n, 1n]);
  assert.equal(zipped.dims, [ROW_COUNT, 2]);
});

const sum: ModelSpec = {
  nodes: [{ op: 'Add', inputs: ['x', 'y'], outputs: ['z'] }],
  inputs: { x: { dtype: 'f32', dims: ['rows', 2] }, y: { dtype: 'f32', dims: ['rows', 2] } },
  outputs: { z: 'f32' },
};
const pair = (rows: number): ModelTensor => ({
  type: 'float32',
  dims: [rows, 2],
  data: new Float32Array(rows * 2).fill(1),
});

async function refusal(run: () => Promise<unknown>): Promise<ModelInputError> {
  try {
    await run();
  } catch (error) {
    if (error instanceof ModelInputError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

test('inputs that do not fit are refused with what was found and expected', async () => {
  await using model = await openModel(onnxModel(sum));
  const cases: readonly (readonly [string, Record<string, ModelTensor>, RegExp])[] = [
    ['missing', { x: pair(1) }, /needs the input y of float32\[n, 2\]/],
    ['unknown', { x: pair(1), y: pair(1), w: pair(1) }, /no input w: expected x, y/],
    [
      'type',
      { x: pair(1), y: { type: 'float64', dims: [1, 2], data: new Float64Array(2) } },
      /is float64, expected float32/,
    ],
    [
      'dims',
      { x: pair(1), y: { type: 'float32', dims: [2], data: new Float32Array(2) } },
      /dims \[2\], expected \[n, 2\]/,
    ],
    [
      'dims',
      { x: pair(1), y: { type: 'float32', dims: [1, 3], data: new Float32Array(3) } },
      /dims \[1, 3\], expected \[n, 2\]/,
    ],
    ['dims', { x: pair(1), y: pair(2) }, /expected n = 1 at axis 0, as in input x/],
    [
      'data',
      { x: pair(1), y: { type: 'float32', dims: [1, 2], data: new Float32Array(3) } },
      /found 3 elements, expected 2/,
    ],
    [
      'data',
      { x: pair(1), y: { type: 'float32', dims: [1, 2], data: new Float64Array(2) } },
      /found Float64Array, expected Float32Array/,
    ],
    [
      'type',
      { x: pair(1), y: { type: 'float' as 'float32', dims: [1, 2], data: new Float32Array(2) } },
      /found float, expected one of float32/,
    ],
  ];
  for (const [code, inputs, message] of cases) {
    const error = await refusal(() => model.run(inputs));
    assert.is(error.code, code);
    assert.match(error.message, message);
  }
  assert.equal([...(await model.run({ x: pair(1), y: pair(1) }))['z']!.data as Float32Array], [2, 2]);
});

test('sizes and constants that are none, or for what the model lacks, are refused', async () => {
  const failure = (options: object): Promise<string> =>
    openModel(onnxModel({ ...sum, inputs: { x: { dtype: 'f32', dims: ['rows', 'width'] }, y: sum.inputs['y']! } }),
      options).then(() => 'it was opened', String);
  const cases: readonly (readonly [object, string])[] = [
    [{ sizes: 5 }, 'TypeError: sizes is 5, expected an object'],
    [{ sizes: { width: '2' } }, "RangeError: sizes.width is '2', expected a whole number from 1"],
    [{ sizes: { width: 1.5 } }, 'RangeError: sizes.width is 1.5, expected a whole number from 1'],
    [{ sizes: { widht: 2 } }, "ModelError: model model: sizes has 'widht', which is no symbolic dim of the model: "
      + "expected rows, n, width; did you mean 'width'?"],
    [{ constants: null }, 'it was opened'],
    [{ constants: [1] }, 'TypeError: constants is of type Array, expected an object'],
    [{ constants: { x: null } }, 'TypeError: constants.x is null, expected an object'],
    [{ constants: { constructor: pair(1) } },
      "ModelError: model model: constants has 'constructor', which is no input of the model: expected x, y"],
    [{ sizes: { width: 2, n: 3 } }, 'it was opened'],
    [{ sizes: { rows: 3 }, constants: { y: pair(3) } }, 'it was opened'],
  ];
  for (const [options, message] of cases) assert.is(await failure(options), message);
});

test('no rows give no rows, and runs at once do not disturb each other', async () => {
  await using model = await openModel(onnxModel(sum));
  assert.equal((await model.run({ x: pair(0), y: pair(0) }))['z']!.dims, [0, 2]);
  const sizes = [1, 5000, 3, 257];
  const results = await Promise.all(sizes.map((rows) => model.run({ x: pair(rows), y: pair(rows) })));
  assert.equal(results.map((result) => result['z']!.dims[0]), sizes);
  assert.ok(results.every((result) => (result['z']!.data as Float32Array).every((value) => value === 2)));
});

test('text longer than the memory makes it grow', async () => {
  await using model = await openModel(onnxModel({
      nodes: [
        {
          op: 'LabelEncoder',
          domain: 'ai.onnx.ml',
          inputs: ['x'],
          outputs: ['y'],
          attributes: { keys_strings: ['a'], values_strings: ['b'], default_string: '?' },
        },
      ],
    inputs: { x: { dtype: 'utf8', dims: ['n', 1] } }, outputs: { y: 'utf8' },
  }));
  assert.is(model.backend, 'kernel', model.reasons.join());
  const data = ['a', 'x'.repeat(300_000), 'a', 'é'.repeat(100_000)];
  assert.equal((await model.run({ x: { type: 'string', dims: [4, 1], data } }))['y']!.data, ['b', '?', 'b', '?']);
});

test('a model that mixes rows runs by the reference evaluator and says so', async () => {
  await using model = await openModel(onnxModel({
    nodes: [{ op: 'Softmax', inputs: ['x'], outputs: ['y'], attributes: { axis: 0 } }],
    inputs: { x: { dtype: 'f32', dims: ['n', 1] } }, outputs: { y: 'f32' },
  }));
  assert.is(model.backend, 'reference');
  assert.match(model.reasons.join(), /mixes rows/);
  assert.match(model.explain(), /backend: reference evaluator[\s\S]*mixes rows/);
  const { y } = await model.run({ x: { type: 'float32', dims: [2, 1], data: new Float32Array(2) } });
  assert.equal([...y!.data as Float32Array], [0.5, 0.5]);
});

test('a closed model does not run', async () => {
  const model = await openModel(onnxModel(sum));
  await model.close();
  const message = await model.run({ x: pair(1), y: pair(1) }).then(() => 'it ran', (error: Error) => error.message);
  assert.match(message, /is closed/);
});

test.run();
