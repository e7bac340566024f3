/**
 * A forest as masks: what `tree-masks-layout.ts` lays out and `tree-masks.ts` computes with (QuickScorer, SIGIR 2015;
 * with bytes as lanes, RapidScorer, KDD 2018).
 *
 * Features become codes: how many of a feature's thresholds the value exceeds. A comparison is one of bytes then,
 * x > t exactly where code > number of t, whatever the dtype of x. A tree is a list of what its nodes rule out. Its
 * leaves are numbered so that each node's smaller side comes first; where the row goes to the larger side, the leaves
 * of the smaller one are cleared from the row's mask. The lowest leaf that is left is where the row ends.
 *
 * A code is a byte, so trees go together in groups in which no feature has more than 254 thresholds. A feature has up
 * to four columns of codes a group: NaN may go to either side, and where the smaller side is that of x > t the
 * comparison is turned round, by codes whose bits are turned.
 */
import { bucketsOf, type Buckets } from './buckets.js';
import type { Forest, ForestTree } from './forest.js';

export const MOST_MASK_BYTES = 8;
const MOST_THRESHOLDS = 254;
/** Columns that an entry can name. */
const MOST_COLUMNS = 1023;

/**
 * Columns of codes of a feature, by what NaN is (low: below all thresholds, high: above); those whose bits are turned
 * are TURNED more.
 */
const LOW = 0;
const HIGH = 1;
const TURNED = 2;
const VARIANTS = 4;

export interface MaskEntry {
  readonly feature: number;
  readonly variant: number;
  readonly threshold: number;
  readonly byte: number;
  readonly bits: number;
}

/** A node: leaves `first` .. `middle` - 1 are its smaller side, `middle` .. `end` - 1 its larger one. */
export interface MaskSplit {
  readonly feature: number;
  readonly variant: number;
  readonly threshold: number;
  readonly first: number;
  readonly middle: number;
  readonly end: number;
}

export interface MaskTree {
  readonly target: number;
  readonly splits: readonly MaskSplit[];
  /** What the splits clear, byte after byte of the mask. */
  readonly entries: readonly MaskEntry[];
  /** Bytes of its mask, a power of two. */
  readonly maskBytes: number;
  /** Numbers of the model's leaves, in the order of the bits. */
  readonly leaves: readonly number[];
}

type Thresholds = ReadonlyMap<number, ReadonlySet<number>>;

export interface MaskGroup {
  readonly trees: readonly MaskTree[];
  /** By feature, ascending. */
  readonly thresholds: ReadonlyMap<number, readonly number[]>;
  /** By `columnKey`. */
  readonly columns: ReadonlyMap<number, number>;
}

/** The codes of a feature in a group, before any are turned. */
export interface PlainColumn {
  readonly group: MaskGroup;
  /** The one in which NaN is below all thresholds; else the one there is. */
  readonly column: number;
  /** The one in which NaN is above them. */
  readonly above: number | undefined;
}

export interface Masks {
  readonly groups: readonly MaskGroup[];
  readonly features: readonly {
    readonly feature: number;
    /** Of all groups, ascending. */
    readonly thresholds: readonly number[];
    readonly buckets: Buckets;
    readonly columns: readonly PlainColumn[];
  }[];
  readonly turned: readonly (readonly [from: number, to: number])[];
  readonly columns: number;
  readonly maskBytes: number;
}

/** undefined where the forest has no such form. */
export function masksOf(forest: Forest): Masks | undefined {
  const trees: MaskTree[] = [];
  for (const tree of forest.trees) {
    const mask = maskTree(tree);
    if (mask === undefined) return undefined;
    trees.push(mask);
  }
  let columns = 0;
  const groups = grouped(trees).map((group): MaskGroup => {
    const keys = new Set<number>();
    for (const { entries } of group) {
      // Codes are turned from those that are not.
      for (const { feature, variant } of entries)
        keys.add(columnKey(feature, variant % TURNED)).add(columnKey(feature, variant));
    }
    const thresholds = Array.from(
      thresholdsOf(group),
      ([feature, values]) => [feature, Array.from(values).sort((a, b) => a - b)] as const,
    );
    return {
      trees: group,
      thresholds: new Map(thresholds),
      columns: new Map(Array.from(keys, (key) => [key, columns++])),
    };
  });
  if (columns > MOST_COLUMNS) return undefined;
  const features = Array.from(thresholdsOf(trees), ([feature, values]) => {
    const thresholds = Array.from(values).sort((a, b) => a - b);
    const plain = groups.flatMap((group): PlainColumn[] => {
      const [below, above] = [LOW, HIGH].map((variant) => group.columns.get(columnKey(feature, variant)));
      const column = below ?? above;
      return column === undefined ? [] : [{ group, column, above }];
    });
    return { feature, thresholds, buckets: bucketsOf(thresholds, forest.dtype), columns: plain };
  });
  const turned = groups.flatMap((group) =>
    Array.from(group.columns).flatMap(([key, to]) =>
      key % VARIANTS >= TURNED ? [[group.columns.get(key - TURNED)!, to] as const] : [],
    ),
  );
  const maskBytes = trees.reduce((most, tree) => Math.max(most, tree.maskBytes), 1);
  return { groups, features, turned, columns, maskBytes };
}

export function columnKey(feature: number, variant: number): number {
  return feature * VARIANTS + variant;
}

export function isTurned({ variant }: Pick<MaskEntry, 'variant'>): boolean {
  return variant >= TURNED;
}

/** undefined: nodes are shared, a threshold is no number, or there are too many leaves. */
function maskTree({ nodes, target }: ForestTree): MaskTree | undefined {
  if (nodes.some((node) => node.jump !== undefined || (node.children !== undefined && Number.isNaN(node.threshold))))
    return undefined;
  const leafCounts = new Int32Array(nodes.length);
  // Children lie behind their parents.
  for (let place = nodes.length - 1; place >= 0; place--) {
    const { children } = nodes[place]!;
    leafCounts[place] = children === undefined ? 1 : leafCounts[children[0]]! + leafCounts[children[1]]!;
  }
  if (leafCounts[0]! > MOST_MASK_BYTES * 8) return undefined;
  const splits: MaskSplit[] = [];
  const leaves: number[] = [];
  const visit = (place: number, first: number): void => {
    const node = nodes[place]!;
    if (node.children === undefined) {
      leaves[first] = node.leaf!;
      return;
    }
    const [yes, no] = node.children;
    const yesFirst = leafCounts[yes]! <= leafCounts[no]!;
    const [smaller, larger] = yesFirst ? [yes, no] : [no, yes];
    const cleared = leafCounts[smaller]!;
    const variant = (node.nanToNo ? HIGH : LOW) + (yesFirst ? 0 : TURNED);
    // 0 and -0 split alike.
    const threshold = node.threshold === 0 ? 0 : node.threshold;
    const [middle, end] = [first + cleared, first + cleared + leafCounts[larger]!];
    splits.push({ feature: node.feature, threshold, variant, first, middle, end });
    visit(smaller, first);
    visit(larger, middle);
  };
  visit(0, 0);
  const entries = splits.flatMap(entriesOf).sort((a, b) => a.byte - b.byte);
  return { target, splits, entries, maskBytes: 2 ** Math.ceil(Math.log2(Math.ceil(leaves.length / 8))), leaves };
}

function entriesOf({ feature, variant, threshold, first, middle }: MaskSplit): readonly MaskEntry[] {
  return Array.from({ length: ((middle - 1) >> 3) - (first >> 3) + 1 }, (_, i) => {
    const byte = (first >> 3) + i;
    return { feature, variant, threshold, byte, bits: bitsWithin(byte, { first, end: middle }) };
  });
}

/** Leaves first .. end - 1 as bits of a byte of the mask. */
function bitsWithin(byte: number, { first, end }: { readonly first: number; readonly end: number }): number {
  const from = Math.max(0, first - byte * 8);
  const to = Math.min(8, end - byte * 8);
  return (0xff >> (8 - (to - from))) << from;
}

/** Consecutive trees, as many together as their thresholds allow. */
function grouped(trees: readonly MaskTree[]): readonly (readonly MaskTree[])[] {
  const groups: MaskTree[][] = [];
  let held = new Map<number, Set<number>>();
  for (const tree of trees) {
    const own = thresholdsOf([tree]);
    const isFull = Array.from(own).some(([feature, values]) => {
      const there = held.get(feature);
      const added = Array.from(values).filter((value) => there?.has(value) !== true).length;
      return (there?.size ?? 0) + added > MOST_THRESHOLDS;
    });
    if (groups.length === 0 || isFull) {
      groups.push([]);
      held = new Map();
    }
    groups.at(-1)!.push(tree);
    for (const [feature, values] of own) {
      const there = held.get(feature) ?? new Set();
      for (const value of values) there.add(value);
      held.set(feature, there);
    }
  }
  return groups;
}

function thresholdsOf(trees: readonly MaskTree[]): Thresholds {
  const thresholds = new Map<number, Set<number>>();
  for (const { entries } of trees) {
    for (const { feature, threshold } of entries) {
      const there = thresholds.get(feature);
      if (there === undefined) thresholds.set(feature, new Set([threshold]));
      else there.add(threshold);
    }
  }
  return thresholds;
}
