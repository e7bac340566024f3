/**
 * place-operators: chooses the representation of every dense layer, by estimated time and memory (DESIGN.md, section
 * 7).
 *
 * Why correct: representations compute the same function; only time and memory differ. The labelling with the least
 * total time, the cost of each change between neighbours included, is chosen among those whose kernels' weights fit
 * their share of the budget together; one kernel that alone does not fit is relational. What has no stored blocks of
 * f32 is a kernel. `native` is estimated and shown and not chosen: it is not built yet.
 * Before: dense x w b
 * After: dense x w b representation=kernel
 * Numerics: exact as far as the plan goes; a relational sum is in blocks, so a layer's last bits may differ.
 */
import { make } from '../ir/build.js';
import { dtypeInfo } from '../ir/dtype.js';
import type { Apply, Dense, Node, Relation } from '../ir/node.js';
import { children, postorder, withChildren } from '../ir/rewrite.js';
import { isStreamable } from '../ir/stored-weight.js';
import { estimateChangeMs, estimateDense, type DenseEstimates } from './estimate-representation.js';
import { estimateRows } from './estimate-rows.js';
import type { Pass, PassContext } from './pass.js';

/** Layers up to which every labelling is tried; past it, layers turn relational one by one, the least costly first. */
const MOST_ENUMERATED = 12;

type Choice = 'kernel' | 'relational';

interface Layer {
  readonly node: Dense;
  readonly rows: number;
  readonly estimates: DenseEstimates;
  readonly isStreamable: boolean;
  /** Positions of the layers whose output reaches this one's input without another layer between. */
  readonly feeds: readonly number[];
}

export const placeOperators: Pass = {
  name: 'place-operators',
  doc: 'gives every dense layer its representation, by estimated time and peak memory',
  stage: 'placed',
  numerics: 'exact',
  run: (plan, context) => {
    // A subquery that is no join by now has no code and is refused by name there.
    if (postorder(plan).some((node) => node.kind === 'outer')) return plan;
    const layers = layersOf(plan, context);
    const chosen = chooseAll(layers, context);
    const placed = label(plan, new Map<Node, Choice>(layers.map((layer, i) => [layer.node, chosen[i]!])));
    layers.forEach((layer, i) => {
      const { kernel, relational, native } = layer.estimates;
      const reason = reasonOf(layers, chosen, i, context);
      context.decide({ node: placed.get(layer.node)!, kernel, relational, native, chosen: chosen[i]!, reason });
    });
    return placed.get(plan) as Relation;
  },
};

/** Every node of the plan with its placed form; a layer is looked up by what it was before its inputs changed. */
function label(plan: Relation, chosen: ReadonlyMap<Node, Choice>): ReadonlyMap<Node, Node> {
  const placed = new Map<Node, Node>();
  for (const node of postorder(plan)) {
    const rebuilt = withChildren(node, children(node).map((child) => placed.get(child)!));
    const choice = chosen.get(node);
    placed.set(
      node,
      choice === undefined || rebuilt.kind !== 'dense' ? rebuilt : make({ ...rebuilt, representation: choice }),
    );
  }
  return placed;
}

/** The dense layers of a plan, inputs before outputs, with the rows that reach them. */
function layersOf(plan: Relation, context: PassContext): readonly Layer[] {
  const rows = estimateRows(context.statistics).rows;
  const layers: Layer[] = [];
  const position = new Map<Node, number>();
  for (const apply of postorder(plan).filter((node): node is Apply => node.kind === 'apply')) {
    const count = rows(apply.input);
    for (const node of apply.outputs.flatMap((output) => postorder(output.tensor))) {
      if (node.kind !== 'dense' || node.representation !== undefined || position.has(node)) continue;
      position.set(node, layers.length);
      layers.push({
        node,
        rows: count,
        estimates: estimatesOf(node, count, context),
        isStreamable: isStreamable(node),
        feeds: feedsOf(node, position),
      });
    }
  }
  return layers;
}

function feedsOf(node: Dense, position: ReadonlyMap<Node, number>): readonly number[] {
  const found = new Set<number>();
  const seen = new Set<Node>();
  const rest: Node[] = [node.input];
  for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
    if (seen.has(part)) continue;
    seen.add(part);
    const known = position.get(part);
    if (known === undefined) rest.push(...children(part));
    else found.add(known);
  }
  return [...found];
}

function estimatesOf(node: Dense, rows: number, context: PassContext): DenseEstimates {
  const [inputs, outputs] = node.weight.type.dims as readonly number[];
  const times = node.input.type.dims
    .slice(1, -1)
    .reduce<number>((product, dim) => product * (typeof dim === 'number' ? dim : 1), 1);
  const size = {
    rows: rows * times,
    inputs: inputs!,
    outputs: outputs!,
    elementBytes: dtypeInfo(node.type.dtype).widthBytes,
  };
  return estimateDense(size, context.rates, context.budgetBytes);
}

function chooseAll(layers: readonly Layer[], context: PassContext): readonly Choice[] {
  if (layers.length === 0) return [];
  return layers.length <= MOST_ENUMERATED ? enumerate(layers, context) : descend(layers, context);
}

function enumerate(layers: readonly Layer[], context: PassContext): readonly Choice[] {
  let best: readonly Choice[] = layers.map((layer) => (layer.isStreamable ? 'relational' : 'kernel'));
  let bestMs = totalMs(layers, best, context);
  for (let bits = 0; bits < 2 ** layers.length; bits++) {
    const choices = layers.map((_, i): Choice => ((bits >> i) & 1 ? 'relational' : 'kernel'));
    if (choices.some((choice, i) => choice === 'relational' && !layers[i]!.isStreamable)) continue;
    if (!fits(layers, choices, context)) continue;
    const ms = totalMs(layers, choices, context);
    if (ms < bestMs) [best, bestMs] = [choices, ms];
  }
  return best;
}

/** All kernels at first; then the layer that loses least time for each byte it frees, until the rest fits. */
function descend(layers: readonly Layer[], context: PassContext): readonly Choice[] {
  const choices: Choice[] = layers.map(({ estimates, isStreamable: streams }) =>
    !streams || estimates.kernel.ms <= estimates.relational.ms ? 'kernel' : 'relational',
  );
  const streamable = layers.map((_, i) => i).filter((i) => layers[i]!.isStreamable);
  const order = streamable.sort((a, b) => lossPerByte(layers[a]!) - lossPerByte(layers[b]!));
  for (const i of order) {
    if (fits(layers, choices, context)) break;
    choices[i] = 'relational';
  }
  return choices;
}

function lossPerByte({ estimates }: Layer): number {
  return (estimates.relational.ms - estimates.kernel.ms) / estimates.kernel.bytes;
}

/** Whether the kernels' weights, equal ones once, and scratch stay within their share of the budget. */
function fits(layers: readonly Layer[], choices: readonly Choice[], context: PassContext): boolean {
  const held = new Map<Node, number>();
  layers.forEach(({ node, estimates }, i) => {
    if (choices[i] === 'kernel') held.set(node.weight, estimates.kernel.bytes);
  });
  return [...held.values()].reduce((sum, bytes) => sum + bytes, 0) <= context.budgetBytes * context.rates.residentShare;
}

function totalMs(layers: readonly Layer[], choices: readonly Choice[], context: PassContext): number {
  return layers.reduce((sum, layer, i) => {
    const changes = layer.feeds.filter((from) => choices[from] !== choices[i]).length;
    const width = layer.node.weight.type.dims[0] as number;
    return sum + layer.estimates[choices[i]!].ms + changes * estimateChangeMs(layer.rows, width, context.rates);
  }, 0);
}

function reasonOf(layers: readonly Layer[], chosen: readonly Choice[], at: number, context: PassContext): string {
  const { kernel, relational } = layers[at]!.estimates;
  const room = context.budgetBytes * context.rates.residentShare;
  if (!layers[at]!.isStreamable) return 'only stored blocks of f32 can be streamed';
  if (kernel.bytes > room) return `the kernel would hold ${mebibytes(kernel.bytes)} of the ${mebibytes(room)} it may`;
  if (chosen[at] === 'kernel') {
    if (kernel.ms <= relational.ms) return 'the kernel is estimated faster and fits its share of the budget';
    return 'handing rows to and from its neighbours, which are kernels, would cost more';
  }
  if (relational.ms < kernel.ms) return 'streaming its blocks is estimated faster';
  if (!fits(layers, chosen.map((choice, i) => (i === at ? 'kernel' : choice)), context)) {
    return `the weights of all kernels together do not fit the ${mebibytes(room)} they may hold`;
  }
  return 'handing rows to and from its neighbours, which are relational, would cost more';
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
