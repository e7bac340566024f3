/** The oracle's tree ensemble: one row at a time, one tree at a time, from its root to a leaf. */
import { TREE_MODES, type TreeEnsemble } from '../../ir/node.js';
import type { TensorValue } from '../../ir/tensor-data.js';
import { blank, numberAt, rounded } from './tensor-elements.js';

/** The constant tensors of a TreeEnsemble node, by field. */
export interface TreeTables {
  readonly roots: TensorValue;
  readonly feature: TensorValue;
  readonly threshold: TensorValue;
  readonly mode: TensorValue;
  readonly yes: TensorValue; readonly no: TensorValue; readonly missingYes: TensorValue;
  readonly leafTarget: TensorValue; readonly leafWeight: TensorValue;
  readonly base: TensorValue | undefined;
}

export function evaluateTreeEnsemble(node: TreeEnsemble, input: TensorValue, tables: TreeTables): TensorValue {
  const [rows, width] = [input.dims[0]!, input.dims[1]!];
  const dtype = node.type.dtype;
  const out = blank(dtype, [rows, node.targets]);
  for (let row = 0; row < rows; row++) {
    const held = new Array<number | undefined>(node.targets).fill(undefined);
    for (let tree = 0; tree < tables.roots.data.length; tree++) {
      const leaf = leafOf(tables, numberAt(tables.roots, tree), (feature) => featureAt(input, { row, feature, width }));
      for (let i = numberAt(tables.yes, leaf); i < numberAt(tables.no, leaf); i++) {
        const target = numberAt(tables.leafTarget, i);
        held[target] = combine(node, held[target], numberAt(tables.leafWeight, i));
      }
    }
    for (let target = 0; target < node.targets; target++) {
      const base = tables.base === undefined ? 0 : numberAt(tables.base, target);
      const sum = held[target] ?? 0;
      out.cells[row * node.targets + target] = rounded(
        dtype,
        (node.combine === 'mean' ? sum / tables.roots.data.length : sum) + base,
      );
    }
  }
  return { dtype, dims: out.dims, data: out.data };
}

/** Integer and double features compare in the precision of the thresholds. */
function featureAt(input: TensorValue, at: { row: number; feature: number; width: number }): number {
  if (at.feature >= at.width) throw new RangeError(`a tree reads feature ${at.feature} of ${at.width}`);
  return numberAt(input, at.row * at.width + at.feature);
}

function leafOf(tables: TreeTables, root: number, feature: (index: number) => number): number {
  let at = root;
  for (;;) {
    const mode = TREE_MODES[numberAt(tables.mode, at)]!;
    if (mode === 'leaf') return at;
    const value = feature(numberAt(tables.feature, at));
    const threshold = numberAt(tables.threshold, at);
    const taken = Number.isNaN(value) ? numberAt(tables.missingYes, at) === 1 : holds(mode, value, threshold);
    at = numberAt(taken ? tables.yes : tables.no, at);
  }
}

function holds(mode: (typeof TREE_MODES)[number], value: number, threshold: number): boolean {
  switch (mode) {
    case '<=': return value <= threshold;
    case '<': return value < threshold;
    case '>=': return value >= threshold;
    case '>': return value > threshold;
    case '==': return value === threshold;
    case '!=': return value !== threshold;
    case 'leaf':
    case 'in': throw new Error(`a tree node of mode ${mode} compares with no threshold`);
  }
}

function combine(node: TreeEnsemble, held: number | undefined, weight: number): number {
  if (held === undefined) return weight;
  switch (node.combine) {
    case 'sum':
    case 'mean': return held + weight;
    case 'min': return Math.min(held, weight);
    case 'max': return Math.max(held, weight);
  }
}
