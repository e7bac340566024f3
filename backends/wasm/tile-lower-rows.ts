/** Lowers nodes that work across the features of a row: reductions, ranks, gathers, slices and pads. */
import type { Gather, Pad, Reduce, Slice, Tensor, TopK } from '../../ir/node.js';
import { emitCumulative, emitTopK, topKScratchBytes, type RankFunc } from './kernels/rank.js';
import { emitReduce, reduceSupports } from './kernels/reduce.js';
import { emitPick } from './kernels/take.js';
import { takeStep } from './tile-lower.js';
import type { TileLowering } from './tile-lowering.js';
import {
  indices,
  quadDType,
  rearranged,
  rowDims,
  sizeOf,
  Unsupported,
  type Cell,
  type Constant,
  type TileValue,
} from './tile-value.js';

type Of<K extends Tensor['kind']> = Extract<Tensor, { kind: K }>;

/** Cells in groups: axis `axis` innermost, the others in order. */
function groupedCells(value: TileValue, axes: readonly number[]): readonly Cell[] {
  const outer = value.dims.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const order = [...outer, ...axes];
  const dims = order.map((axis) => value.dims[axis]!);
  return rearranged(value, { dims, rowAxis: undefined }, (index) =>
    value.dims.map((_, axis) => index[order.indexOf(axis)]!),
  ).cells();
}

export function lowerReduce(lowering: TileLowering, node: Reduce): TileValue {
  const input = lowering.of(node.input);
  if (input.rowAxis !== undefined && node.axes.includes(input.rowAxis)) throw new Unsupported('a reduction over rows');
  if (!reduceSupports({ op: node.op, dtype: input.dtype })) throw new Unsupported(`${node.op} of ${input.dtype}`);
  const { plan } = lowering;
  const length = sizeOf(node.axes.map((axis) => input.dims[axis]!));
  if (length === 0) throw new Unsupported('a reduction of nothing');
  const places = lowering.columnsOf({ dtype: input.dtype, cells: groupedCells(input, node.axes) });
  const dtype = quadDType(node.type.dtype);
  const groups = places.length / length;
  const output = plan.addBuffer(dtype, groups);
  const func = lowering.shared(`reduce_${node.op}_${input.dtype}_${length}${node.last ? '_last' : ''}`, (name) =>
    emitReduce(plan.module, name, { op: node.op, dtype: input.dtype, length, last: node.last }),
  );
  const table = plan.tableOf(places);
  plan.addStep({
    reads: places,
    writes: [output],
    explain: `${node.op} of ${length} columns of ${input.dtype}, ${groups} times`,
    emit: ({ f, rows, place }) => {
      f.call(func, { input: place(table), output: place(output.first), groups, rows });
    },
  });
  return {
    dtype,
    ...rowDims(node.type),
    cells: () => Array.from({ length: groups }, (_, i) => ({ column: output.first + i })),
  };
}

/** topk and cumulative: groups of `length` columns give groups of `outLength`, along `axis`. */
function rankStep(
  lowering: TileLowering,
  rank: {
    node: TopK | Of<'cumulative'>;
    outLength: number;
    func: (length: number) => RankFunc;
    scratchBytes: number;
    explain: string;
  },
): TileValue {
  const { node, outLength } = rank;
  const { plan } = lowering;
  const input = lowering.of(node.input);
  if (input.rowAxis === node.axis) throw new Unsupported(`${node.kind} over rows`);
  const length = input.dims[node.axis]!;
  const places = lowering.columnsOf({ dtype: input.dtype, cells: groupedCells(input, [node.axis]) });
  const groups = places.length / length;
  const shape = rowDims(node.type);
  const output = plan.addBuffer(quadDType(node.type.dtype), groups * outLength);
  const func = rank.func(length);
  const table = plan.tableOf(places);
  plan.addStep({
    reads: places,
    writes: [output],
    explain: rank.explain,
    scratchBytes: () => rank.scratchBytes,
    emit: ({ f, rows, place, scratch }) => {
      f.call(func, { input: place(table), output: place(output.first), groups, rows, scratch });
    },
  });
  // Output columns lie group by group; the shape wants the axis at its place.
  const order = [...shape.dims.keys()].filter((axis) => axis !== node.axis).concat(node.axis);
  const grouped: TileValue = {
    dtype: output.dtype,
    dims: order.map((axis) => shape.dims[axis]!),
    rowAxis: undefined,
    cells: () => Array.from({ length: output.columns }, (_, i) => ({ column: output.first + i })),
  };
  return rearranged(grouped, shape, (index) => order.map((axis) => index[axis]!));
}

export function lowerTopK(lowering: TileLowering, node: TopK): TileValue {
  const dtype = quadDType(node.input.type.dtype);
  if (dtype === 'utf8' || dtype === 'bool') throw new Unsupported(`topk of ${dtype}`);
  const kernel = (length: number) => ({ dtype, length, k: node.k, largest: node.largest, part: node.part });
  const length = rowDims(node.input.type).dims[node.axis]!;
  return rankStep(lowering, {
    node,
    outLength: node.k,
    scratchBytes: topKScratchBytes(kernel(length)),
    explain: `topk ${node.k} of ${length} (${node.part})`,
    func: () => emitTopK(lowering.plan.module, lowering.plan.module.freshName('topk'), kernel(length)),
  });
}

export function lowerCumulative(lowering: TileLowering, node: Of<'cumulative'>): TileValue {
  const { op, exclusive, reverse } = node;
  const dtype = quadDType(node.type.dtype);
  if (dtype === 'utf8' || dtype === 'bool') throw new Unsupported(`cumulative of ${dtype}`);
  const outLength = rowDims(node.type).dims[node.axis]!;
  return rankStep(lowering, {
    node,
    outLength,
    scratchBytes: 0,
    explain: `cumulative ${op} of ${outLength}`,
    func: (length) =>
      emitCumulative(lowering.plan.module, lowering.plan.module.freshName('cumulative'), {
        dtype,
        op,
        length,
        exclusive,
        reverse,
      }),
  });
}

export function lowerGather(lowering: TileLowering, node: Gather): TileValue {
  const input = lowering.of(node.input);
  const positions = lowering.of(node.indices);
  const shape = rowDims(node.type);
  if (node.mode === 'nd') throw new Unsupported('gather by tuples of positions');
  if (input.rowAxis === node.axis) throw new Unsupported('a gather over rows');
  const size = input.dims[node.axis]!;
  if (positions.rowAxis === undefined) {
    const held = positions
      .cells()
      .map((cell) => Number((cell as { constant: Constant }).constant))
      .map((i) => (i < 0 ? i + size : i));
    if (held.some((i) => i < 0 || i >= size)) throw new Unsupported('a gather outside of its input');
    if (node.mode === 'elements') return elementsAt(input, { ...shape, axis: node.axis, held });
    const rank = positions.dims.length;
    return rearranged(input, shape, (index) => {
      const inner = index.slice(node.axis, node.axis + rank);
      const position = held[inner.reduce((sum, i, axis) => sum * positions.dims[axis]! + i, 0)]!;
      return [...index.slice(0, node.axis), position, ...index.slice(node.axis + rank)];
    });
  }
  if (node.mode === 'take' && input.rowAxis === undefined) return takeConstants(lowering, { node, input, positions });
  if (node.mode === 'elements') return pickStep(lowering, { node, input, positions });
  throw new Unsupported('a gather of several elements at positions that depend on the row');
}

/** A constant tensor picked along an axis, for each index before and behind that axis. */
function takeConstants(
  lowering: TileLowering,
  take: { node: Gather; input: TileValue; positions: TileValue },
): TileValue {
  const {
    node: { axis, type },
    input,
    positions,
  } = take;
  const shape = rowDims(type);
  const dtype = quadDType(type.dtype);
  const rank = positions.dims.length;
  const held = input.cells().map((cell) => (cell as { constant: Constant }).constant);
  const taken = new Map<string, readonly Cell[]>();
  const cells = Array.from(indices(shape.dims), (index): Cell => {
    const others = [...index.slice(0, axis), 0, ...index.slice(axis + rank)];
    let picked = taken.get(others.join());
    if (picked === undefined) {
      const table = Array.from(
        { length: input.dims[axis]! },
        (_, i) => held[others.reduce((sum, position, a) => sum * input.dims[a]! + (a === axis ? i : position), 0)]!,
      );
      picked = takeStep(lowering, { positions: { dtype: positions.dtype, cells: positions.cells() }, dtype, table });
      taken.set(others.join(), picked);
    }
    return picked[index.slice(axis, axis + rank).reduce((sum, i, a) => sum * positions.dims[a]! + i, 0)]!;
  });
  return { dtype, ...shape, cells: () => cells };
}

function elementsAt(
  input: TileValue,
  at: { dims: readonly number[]; rowAxis: number | undefined; axis: number; held: readonly number[] },
): TileValue {
  let next = 0;
  const order = new Map(Array.from(indices(at.dims), (index) => [index.join(), next++]));
  return rearranged(input, at, (index) =>
    index.map((i, axis) => (axis === at.axis ? at.held[order.get(index.join())!]! : i)),
  );
}

function pickStep(lowering: TileLowering, pick: { node: Gather; input: TileValue; positions: TileValue }): TileValue {
  const { node, input, positions } = pick;
  const { plan } = lowering;
  const shape = rowDims(node.type);
  if (positions.dtype !== 'i64' && positions.dtype !== 'i32') throw new Unsupported(`positions of ${positions.dtype}`);
  const size = input.dims[node.axis]!;
  const cells = Array.from(indices(shape.dims)).flatMap((index) =>
    Array.from({ length: size }, (_, i) => index.map((position, axis) => (axis === node.axis ? i : position))),
  );
  const strides = cells.map((index) => index.reduce((sum, position, axis) => sum * input.dims[axis]! + position, 0));
  const held = input.cells();
  const places = lowering.columnsOf({ dtype: input.dtype, cells: strides.map((i) => held[i]!) });
  const at = lowering.columnsOf({ dtype: positions.dtype, cells: positions.cells() });
  const output = plan.addBuffer(input.dtype, at.length);
  const func = emitPick(plan.module, plan.module.freshName('pick'), {
    positions: positions.dtype,
    dtype: input.dtype,
    size,
  });
  const [table, atTable] = [plan.tableOf(places), plan.tableOf(at)];
  plan.addStep({
    reads: [...places, ...at],
    writes: [output],
    explain: `pick of ${size} columns`,
    emit: ({ f, rows, place }) => {
      f.call(func, {
        positions: place(atTable),
        input: place(table),
        output: place(output.first),
        count: at.length,
        rows,
      });
    },
  });
  return { dtype: input.dtype, ...shape, cells: () => at.map((_, i) => ({ column: output.first + i })) };
}

export function lowerSlice(lowering: TileLowering, node: Slice): TileValue {
  const input = lowering.of(node.input);
  if (input.rowAxis !== undefined && node.ranges[input.rowAxis] !== undefined) throw new Unsupported('a slice of rows');
  return rearranged(input, rowDims(node.type), (index) =>
    index.map((i, axis) =>
      node.ranges[axis] === undefined ? i : node.ranges[axis].start + i * node.ranges[axis].step,
    ),
  );
}

export function lowerPad(lowering: TileLowering, node: Pad): TileValue {
  const input = lowering.of(node.input);
  const shape = rowDims(node.type);
  if (input.rowAxis !== undefined && (node.before[input.rowAxis] !== 0 || node.after[input.rowAxis] !== 0))
    throw new Unsupported('padding of rows');
  if (node.mode !== 'constant') throw new Unsupported(`padding by ${node.mode}`);
  const held = input.cells();
  const cells = Array.from(indices(shape.dims), (index): Cell => {
    const at = index.map((i, axis) => i - node.before[axis]!);
    if (at.some((i, axis) => i < 0 || i >= input.dims[axis]!)) return { constant: node.value as Constant };
    return held[at.reduce((sum, i, axis) => sum * input.dims[axis]! + i, 0)]!;
  });
  return { dtype: input.dtype, ...shape, cells: () => cells };
}
