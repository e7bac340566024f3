/** Trees cut down to what tells rows apart: the same leaves, fewer splits, and left alone where that does not pay. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ModuleBuilder } from '../../backends/wasm/dsl.js';
import { readForest, TREE_TENSORS } from '../../backends/wasm/kernels/forest.js';
import {
  BLOCK_ROWS,
  ENTRY_BYTES,
  maskParts,
  packMasks,
  planMasks,
  TREE,
  type TreeMaskLayout,
} from '../../backends/wasm/kernels/tree-masks-layout.js';
import { emitNarrow, narrowParts } from '../../backends/wasm/kernels/tree-narrow.js';
import { grow, USUAL, type Forest } from './forests.js';
import { run } from './instantiate.js';
import { leaf, random, Weights } from './tile.js';

const BLOCKS = 4;

interface Packed {
  readonly layout: TreeMaskLayout;
  readonly bytes: Uint8Array;
}

function packed(part: Partial<Forest>): Packed {
  const shape = { ...USUAL, trees: 30, thresholds: 40, ...part };
  const data = new Weights();
  const node = grow(data, leaf(shape.dtype, shape.features), shape);
  const forest = readForest(
    TREE_TENSORS.map((field) => {
      const tensor = node[field];
      if (tensor.kind !== 'weight') throw new Error(`${field} is no weight`);
      return data.get(tensor.hash);
    }),
    shape.dtype,
  );
  const layout = planMasks(forest, shape.targets)!;
  return { layout, bytes: packMasks(forest, layout) };
}

/** Where trees lie, as they were packed or as they were cut down. */
interface Trees {
  readonly bytes: Uint8Array;
  readonly trees: number;
  readonly entries: number;
  readonly leaves: number;
}

/** The weights a row finds, tree by tree; `codeOf` gives its code in a column. */
function weightsOf({ bytes, ...at }: Trees, layout: TreeMaskLayout, codeOf: (column: number) => number): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  let { entries, leaves } = at;
  return Array.from({ length: layout.trees }, (_, tree) => {
    const header = at.trees + tree * TREE.bytes;
    const width = bytes[header + TREE.maskBytes]!;
    const mask = Array.from({ length: width }, (_, byte) => {
      let left = 0xff;
      for (let i = 0; i < bytes[header + TREE.counts + byte]!; i++, entries += ENTRY_BYTES) {
        const code = codeOf(view.getUint16(entries, true) / BLOCK_ROWS);
        if (code > view.getInt8(entries + 2)) left &= ~bytes[entries + 3]!;
      }
      return left;
    });
    const byte = mask.findIndex((left) => left !== 0);
    const place = byte * 8 + Math.log2(mask[byte]! & -mask[byte]!);
    const planes = Uint8Array.from([0, 1, 2, 3], (plane) => bytes[leaves + plane * width * 8 + place]!);
    const weight =
      layout.dtype === 'f64' ? view.getFloat64(leaves + place * 8, true) : new Float32Array(planes.buffer)[0]!;
    leaves += width * 8 * (layout.dtype === 'f64' ? 8 : 4);
    return weight;
  });
}

/** Codes of `rows` rows, each drawn from its column's range; what is left of them and of the trees. */
function narrow(
  { layout, bytes }: Packed,
  { rows, codeOf }: { readonly rows: number; readonly codeOf: (column: number, row: number) => number },
) {
  const codeBytes = layout.columns * BLOCK_ROWS;
  const module = new ModuleBuilder();
  const func = emitNarrow(module, 'narrow', { layout, codeBytes });
  module.export(func);
  const running = run(module);
  const codes = new Int8Array(BLOCKS * codeBytes);
  for (let column = 0; column < layout.columns; column++) {
    for (let row = 0; row < BLOCKS * BLOCK_ROWS; row++) {
      const place = Math.floor(row / BLOCK_ROWS) * codeBytes + column * BLOCK_ROWS + (row % BLOCK_ROWS);
      codes[place] = codeOf(column, Math.min(row, rows - 1));
    }
  }
  const places = narrowParts(layout);
  const to = running.reserve(places.end);
  const guard = running.put(new Uint8Array(64).fill(0x5a));
  const isNarrow = running.call('narrow', running.put(bytes), running.put(new Uint8Array(codes.buffer)), rows, to);
  assert.ok(new Uint8Array(running.buffer, guard, 64).every((byte) => byte === 0x5a));
  return {
    isNarrow: isNarrow === 1,
    trees: { bytes: new Uint8Array(running.buffer, to, places.end).slice(), ...places },
    codeOf: (row: number) => (column: number) =>
      codes[Math.floor(row / BLOCK_ROWS) * codeBytes + column * BLOCK_ROWS + (row % BLOCK_ROWS)]!,
  };
}

function entriesIn({ bytes, trees }: Trees, layout: TreeMaskLayout): number {
  return Array.from({ length: layout.trees }, (_, tree) =>
    bytes.subarray(trees + tree * TREE.bytes + TREE.counts, trees + tree * TREE.bytes + TREE.maskBytes),
  ).reduce((sum, counts) => sum + counts.reduce((a, b) => a + b, 0), 0);
}

const FORESTS: Readonly<Record<string, Partial<Forest>>> = {
  '32 leaves': {},
  '64 leaves': { depth: 6, early: 0 },
  stumps: { depth: 1 },
  'one leaf': { depth: 0, trees: 3 },
  doubles: { dtype: 'f64' },
  'a target a tree': { targets: 3 },
  'NaN to either side': { missing: 0.5, modes: ['<=', '<', '>=', '>'] },
  'several groups of thresholds': { features: 2, thresholds: 2000, trees: 150 },
};
for (const [name, part] of Object.entries(FORESTS)) {
  test(`each row finds the weights it found before: ${name}`, () => {
    const forest = packed(part);
    const { layout, bytes } = forest;
    const before = { bytes, ...maskParts(layout) };
    const next = random(7);
    for (let round = 0; round < 12; round++) {
      // From one code each to a third of all there are.
      const spans = Array.from({ length: layout.columns }, () => {
        const span = Math.floor(next() ** 3 * 85 * Math.min(1, round / 3));
        return { low: -128 + Math.floor(next() * 60), span };
      });
      const rows = BLOCKS * BLOCK_ROWS - Math.floor(next() * 70);
      const { isNarrow, trees, codeOf } = narrow(forest, {
        rows,
        codeOf: (column) => spans[column]!.low + Math.round(next() * spans[column]!.span),
      });
      if (layout.splits > 0 && round === 0) assert.ok(isNarrow);
      if (!isNarrow) continue;
      assert.ok(entriesIn(trees, layout) <= layout.narrowEntries);
      for (let row = 0; row < rows; row += 5)
        assert.equal(weightsOf(trees, layout, codeOf(row)), weightsOf(before, layout, codeOf(row)));
    }
  });
}

test('rows that are all alike leave one leaf a tree', () => {
  const forest = packed({});
  const { isNarrow, trees } = narrow(forest, { rows: 256, codeOf: (column) => (column % 9) - 125 });
  assert.ok(isNarrow);
  assert.is(entriesIn(trees, forest.layout), 0);
});

test('rows that differ in everything leave the trees alone', () => {
  const all = (_column: number, row: number): number => (row % 256) - 128;
  assert.not.ok(narrow(packed({}), { rows: 256, codeOf: all }).isNarrow);
});

test('what is left out of one block is not worth looking for', () => {
  assert.not.ok(narrow(packed({}), { rows: BLOCK_ROWS, codeOf: () => 0 }).isNarrow);
});

test.run();
