/**
 * The code of layers joined with their blocks: keeping the rows, and the functions of the finish step
 * (executor/blocked.ts).
 *
 * In: rows whose feature column is a tensor, or a scalar for one of width 1. Out: gather and scatter between tuples and
 * columns of activations, and for each activation the four forms of the dense kernel over one block.
 */
import type { Tensor } from '../../../ir/node.js';
import { storedMatrix, storedVector } from '../../../ir/stored-weight.js';
import type { BlockedLayer, BlockSlot, Finish } from '../../../runtime/plan.js';
import type { Field } from '../../relational/layout.js';
import type { Sink } from '../../relational/physical.js';
import { emitDense, type DenseVariant } from '../kernels/dense.js';
import { activationOf } from '../kernels/activation.js';
import { blocksOf, panelBytes, type PanelLayout } from '../kernels/panels.js';
import { f32, load } from '../values.js';
import type { Emission, Scope } from './emission.js';
import { appendTuple } from './memory.js';
import type { FlightColumn, Row } from './row.js';
import { storeTuple } from './tuple.js';

type BlockedSink = Extract<Sink, { kind: 'blocked' }>;

/** The row, and zeros where the result will be; the result is NULL where the feature is. */
export function consumeBlocked(scope: Scope, sink: BlockedSink, row: Row): void {
  const feature = row.columns[sink.node.feature]!;
  const isNull = feature.kind === 'scalar' ? feature.load(scope).isNull : feature.isNull(scope);
  const zero = { dtype: 'f32', parts: [f32(0)], isNull } as const;
  const type = sink.node.type.columns.at(-1)!.type;
  const result: FlightColumn = type.kind === 'tensor'
      ? {
          kind: 'tensor',
          dtype: 'f32',
          width: sink.rows.layout.fields[sink.resultField]!.width,
          element: () => zero,
          isNull: () => isNull,
        }
    : { kind: 'scalar', dtype: 'f32', load: () => zero };
  storeTuple(scope, sink.rows.layout, appendTuple(scope, sink.rows.buffer), [...row.columns, result]);
}

export function defineBlocked(emission: Emission, name: string, sink: BlockedSink): Finish {
  const { rows, node } = sink;
  const [gather, scatter] = [`gather_${name}`, `scatter_${name}`];
  const { tupleBytes, fields } = rows.layout;
  defineTranspose(emission, gather, { tupleBytes, field: fields[sink.featureField]!, into: 'columns' });
  defineTranspose(emission, scatter, { tupleBytes, field: fields[sink.resultField]!, into: 'tuples' });
  const layers = node.layers.map((layer) => blockedLayer(emission, node.model, layer));
  return { kind: 'blocked', buffer: rows.buffer.id, tupleBytes, gather, scatter, layers };
}

/**
 * fn(tuples, count, table, row): element c of each tuple's field from or to row `row` and on of the column at table[c].
 */
function defineTranspose(
  emission: Emission,
  name: string,
  options: { tupleBytes: number; field: Field; into: 'columns' | 'tuples' },
): void {
  const { tupleBytes, field, into } = options;
  const params = { tuples: 'i32', count: 'i32', table: 'i32', row: 'i32' } as const;
  emission.module.define(name, { params, export: true }, (f, { tuples, count, table, row }) => {
    const value = f.let(tuples.add(field.offset));
    const rowBytes = f.let(row.mul(4));
    f.forRange({ to: count }, () => {
      f.forRange({ to: field.width }, (c) => {
        const column = f.let(load.i32(table.add(c.mul(4))).add(rowBytes));
        const element = f.let(value.add(c.mul(4)));
        if (into === 'columns') f.store.f32(column, load.f32(element));
        else f.store.f32(element, load.f32(column));
      });
      f.advance(value, tupleBytes);
      f.advance(rowBytes, 4);
    });
    f.return();
  });
}

function blockedLayer(emission: Emission, model: string, layer: BlockedSink['node']['layers'][number]): BlockedLayer {
  const { weight, bias, activation } = layer;
  const stored = storedMatrix(weight);
  if (stored === undefined || weight.type.dtype !== 'f32')
    throw new Error('a relational layer needs stored f32 weights');
  const [k, m] = weight.type.dims as readonly [number, number];
  const grid = gridOf(blocksOf({ k, m, dtype: 'f32', transposed: stored.transposed }), { model, hash: stored.hash });
  const shaped = activation === undefined ? undefined : activationOf(emission.module, activation);
  const variant = (init: DenseVariant['init'], isLast: boolean): string => {
    const func = emitDense(emission.module, {
      dtype: 'f32',
      shape: emission.tier.dense,
      init,
      activation: isLast ? shaped : undefined,
    });
    emission.module.export(func);
    return func.name;
  };
  const first = bias === undefined ? 'zero' : 'bias';
  return {
    inputs: k, outputs: m, blocks: grid,
    bias: bias === undefined ? undefined : residentBias(emission, model, bias),
    first: variant(first, false),
    firstLast: variant(first, true),
    next: variant('output', false),
    nextLast: variant('output', true),
  };
}

/** Rows of blocks along k. */
function gridOf(
  layouts: readonly PanelLayout[],
  { model, hash }: { model: string; hash: string },
): readonly (readonly BlockSlot[])[] {
  const rows = new Map<number, BlockSlot[]>();
  for (const layout of layouts) {
    const slot: BlockSlot = {
      model,
      hash,
      layout: JSON.stringify(layout),
      byteLength: panelBytes(layout),
      k: layout.k,
      m: layout.m,
    };
    const row = rows.get(layout.k0);
    if (row === undefined) rows.set(layout.k0, [slot]);
    else row.push(slot);
  }
  return [...rows.values()];
}

/** A bias is small: it stays resident, as it is stored. */
function residentBias(emission: Emission, model: string, bias: Tensor): number {
  const stored = storedVector(bias);
  if (stored === undefined) throw new Error('a relational layer needs a stored bias');
  const byteLength = (bias.type.dims[0] as number) * 4;
  const known = emission.weights.findIndex((slot) => slot.hash === stored.hash && slot.layout === 'raw');
  if (known >= 0) return known;
  return (
    emission.weights.push({
      model,
      hash: stored.hash,
      layout: 'raw',
      byteLength,
      offset: emission.layout.context.allocate(4),
    }) - 1
  );
}
