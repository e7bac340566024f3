/** The generated WebAssembly text of one kernel a family; and the calibration's shape. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { calibrateTier } from '../../backends/wasm/calibrate.js';
import { ModuleBuilder } from '../../backends/wasm/dsl.js';
import { emitDense } from '../../backends/wasm/kernels/dense.js';
import { emitCodes } from '../../backends/wasm/kernels/lookup.js';
import { emitMap } from '../../backends/wasm/kernels/map.js';
import { emitTopK } from '../../backends/wasm/kernels/rank.js';
import { emitReduce } from '../../backends/wasm/kernels/reduce.js';
import { emitTake } from '../../backends/wasm/kernels/take.js';
import { emitTrees } from '../../backends/wasm/kernels/tree.js';
import { emitTreeMasks } from '../../backends/wasm/kernels/tree-masks.js';
import { make } from '../../ir/build.js';
import { scalar } from '../../ir/type.js';
import { golden } from '../support/golden.js';
import { enableSimd } from '../../runtime/executor/simd.js';

enableSimd();

const x = make({ kind: 'ref', index: 0, type: scalar('f32') });
const FOREST = { features: 4, input: 'f32', combine: 'sum', base: [0] } as const;
const FAMILIES: Readonly<Record<string, (module: ModuleBuilder) => unknown>> = {
  dense: (module) =>
    emitDense(module, { dtype: 'f32', shape: { width: 2, vectors: 1 }, init: 'bias', activation: undefined }),
  map: (module) =>
    emitMap(module, 'map', {
      body: make({ kind: 'call', op: 'mul', args: [x, make({ kind: 'ref', index: 1, type: scalar('f32') })] }),
      operands: [
        { kind: 'columns', dtype: 'f32' },
        { kind: 'constants', dtype: 'f32', textBase: undefined },
      ],
    }),
  reduce: (module) => emitReduce(module, 'reduce', { op: 'argmax', dtype: 'f32', length: 3, last: false }),
  codes: (module) => emitCodes(module, 'codes', { dtype: 'utf8', values: ['EWR', 'JFK', 'LGA'] }),
  take: (module) => emitTake(module, 'take', { positions: 'i64', dtype: 'f32', size: 3 }),
  topk: (module) => emitTopK(module, 'topk', { dtype: 'f32', length: 5, k: 2, largest: true, part: 'values' }),
  trees: (module) =>
    emitTrees(module, 'trees', {
      layout: {
        kind: 'trees',
        dtype: 'f32',
        node: 'compact',
        missing: 'no',
        leaf: 'single',
        targets: 1,
        trees: 10,
        nodes: 70,
        leafRows: 0,
      },
      ...FOREST,
      lockstep: 2,
    }),
  'tree-masks': (module) =>
    emitTreeMasks(module, 'trees', {
      layout: {
        kind: 'tree-masks',
        dtype: 'f32',
        targets: 1,
        trees: 10,
        nodes: 70,
        maskBytes: 1,
        allMaskBytes: 10,
        features: 4,
        columns: 5,
        turned: 1,
        entries: 30,
        splits: 30,
        narrowEntries: 30,
        byteLength: 4608,
      },
      ...FOREST,
    }),
};
for (const [family, emit] of Object.entries(FAMILIES)) {
  test(`the text of ${family}`, () => {
    const module = new ModuleBuilder({ relaxedSimd: family === 'dense' });
    emit(module);
    const text = module.text();
    module.dispose();
    golden(`wasm/${family}.wat`, text);
  });
}

test('calibration chooses one of the shapes it measured, and is plain data', () => {
  const calibration = calibrateTier();
  assert.equal(JSON.parse(JSON.stringify(calibration)), calibration);
  assert.ok(
    calibration.measured.some(
      ({ shape, relaxedSimd }) =>
        shape.width === calibration.tier.dense.width && relaxedSimd === calibration.tier.relaxedSimd,
    ),
  );
  assert.ok(calibration.measured.every(({ gflops }) => gflops > 0));
});

test.run();
