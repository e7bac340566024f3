/**
 * Lowers the nodes of a tensor graph to cells and kernel steps of a `TilePlan`: one function for each node kind.
 * A node that cannot be lowered throws `Unsupported`; `tile-program.ts` collects all of them.
 */
import { make } from '../../ir/build.js';
import type { Expr, Gather, Pad, Reduce, Slice, Tensor, TensorMap, TopK } from '../../ir/node.js';
import { rewriteBottomUp } from '../../ir/rewrite.js';
import { scalar } from '../../ir/type.js';
import { unsupportedIn, emitMap, type OperandShape } from './kernels/map.js';
import { emitCodes, type Keys } from './kernels/lookup.js';
import { emitCumulative, emitTopK, topKScratchBytes, type RankFunc } from './kernels/rank.js';
import { emitReduce, reduceSupports } from './kernels/reduce.js';
import { emitPick, emitTake } from './kernels/take.js';
import type { TileLowering } from './tile-lowering.js';
import { broadcastCells, indices, quadDType, rearranged, rowDims, rowsAlign, sizeOf, Unsupported, type Cell, type Constant, type TileValue } from './tile-value.js';

type Of<K extends Tensor['kind']> = Extract<Tensor, { kind: K }>;

export function lowerMap(lowering: TileLowering, node: TensorMap): TileValue {
  const shape = rowDims(node.type);
  const inputs = node.inputs.map((input) => lowering.of(input));
  if (!rowsAlign(inputs, shape)) throw new Unsupported('a map across rows');
  const coded = codeTexts(lowering, { body: node.body, inputs: inputs.map((input) => ({ dtype: input.dtype, cells: broadcastCells(input, shape.dims) })) });
  const reasons = unsupportedIn(coded.body);
  if (reasons.length > 0) throw new Unsupported(reasons.join(', '));
  return { dtype: quadDType(node.type.dtype), ...shape, cells: constantCells(mapStep(lowering, coded)) };
}

export interface MapInput { readonly dtype: TileValue['dtype']; readonly cells: readonly Cell[] }

function constantCells(cells: readonly Cell[]): () => readonly Cell[] {
  return () => cells;
}

const isColumn = (cell: Cell): cell is { readonly column: number } => 'column' in cell;
const sameCell = (a: Cell, b: Cell): boolean => (isColumn(a) ? isColumn(b) && a.column === b.column : !isColumn(b) && Object.is(a.constant, b.constant));

/** Emits the step that computes `body` for every cell; cells all alike are computed once. */
export function mapStep(lowering: TileLowering, map: { readonly body: Expr; readonly inputs: readonly MapInput[] }): readonly Cell[] {
  const used = usedRefs(map.body);
  const count = map.inputs[0]?.cells.length ?? 1;
  const alike = map.inputs.every((input, i) => !used.has(i) || input.cells.every((cell) => sameCell(cell, input.cells[0]!)));
  const width = alike ? Math.min(count, 1) : count;
  if (count === 0) return [];
  const operands = map.inputs.map((input, i) => operandOf(lowering, { dtype: input.dtype, cells: used.has(i) ? input.cells.slice(0, width) : [{ constant: input.dtype === 'utf8' ? '' : 0 }] }));
  const dtype = quadDType((map.body.type as { dtype: string }).dtype);
  const output = lowering.plan.addBuffer(dtype, width);
  const func = lowering.mapFunction(map.body, operands.map((operand) => operand.shape), () => emitMap(lowering.plan.module, lowering.plan.module.freshName('map'), { body: map.body, operands: operands.map((operand) => operand.shape) }));
  lowering.plan.addStep({
    reads: operands.flatMap((operand) => operand.reads), writes: [output], explain: `map ${width} columns of ${dtype}`,
    emit: ({ f, rows, place }) => {
      const args: Record<string, ReturnType<typeof place> | number> = { output: place(output.first), count: width, rows };
      operands.forEach((operand, i) => {
        if (operand.table !== undefined) args[`in${i}`] = place(operand.table);
        else if (operand.data !== undefined) args[`in${i}`] = lowering.plan.module.data(operand.data);
      });
      f.call(func, args);
    },
  });
  return Array.from({ length: count }, (_, i) => ({ column: output.first + (alike ? 0 : i) }));
}

function usedRefs(body: Expr): ReadonlySet<number> {
  const used = new Set<number>();
  rewriteBottomUp(body, (expr) => {
    if (expr.kind === 'ref') used.add(expr.index);
    return undefined;
  });
  return used;
}

interface Operand { readonly shape: OperandShape; readonly reads: readonly number[]; readonly table?: number; readonly data?: Uint8Array }

function operandOf(lowering: TileLowering, input: MapInput): Operand {
  const { dtype, cells } = input;
  const first = cells[0]!;
  const alike = cells.every((cell) => sameCell(cell, first));
  if (alike && isColumn(first)) return { shape: { kind: 'column', dtype }, reads: [first.column], table: first.column };
  if (alike && !isColumn(first)) return { shape: { kind: 'constant', dtype, value: lowering.constant(first.constant) }, reads: [] };
  if (cells.some(isColumn)) {
    const places = lowering.columnsOf(input);
    return { shape: { kind: 'columns', dtype }, reads: places, table: lowering.plan.tableOf(places) };
  }
  const packed = lowering.packConstants(dtype, cells.map((cell) => (cell as { constant: Constant }).constant));
  return { shape: { kind: 'constants', dtype, textBase: packed.text }, reads: [], data: packed.bytes };
}

/** Comparisons of a text that depends on the row with constant texts become comparisons of codes. */
function codeTexts(lowering: TileLowering, map: { readonly body: Expr; readonly inputs: readonly MapInput[] }): { readonly body: Expr; readonly inputs: readonly MapInput[] } {
  const inputs = [...map.inputs];
  const sides = (expr: Expr): readonly Cell[] | undefined => {
    if (expr.kind === 'ref') return inputs[expr.index]!.cells;
    return expr.kind === 'literal' ? [{ constant: expr.value as string }] : undefined;
  };
  const code = (cells: readonly Cell[]): Expr => make({ kind: 'ref', index: inputs.push({ dtype: 'i32', cells }) - 1, type: scalar('i32') });
  const body = rewriteBottomUp(map.body, (expr) => {
    if (expr.kind !== 'call' || (expr.op !== 'eq' && expr.op !== 'ieee_eq' && expr.op !== 'ne')) return undefined;
    const [a, b] = expr.args as [Expr, Expr];
    if (a.type.kind !== 'scalar' || a.type.dtype !== 'utf8') return undefined;
    const [left, right] = [sides(a), sides(b)];
    const swapped = left?.every((cell) => !isColumn(cell)) ?? false;
    const [texts, constants] = swapped ? [right, left] : [left, right];
    if (texts === undefined || constants === undefined || !texts.every(isColumn) || constants.some(isColumn)) throw new Unsupported('a comparison of two texts neither of which is constant');
    const keys = [...new Set(constants.map((cell) => (cell as { constant: string }).constant))];
    const codes = codeStep(lowering, { keys: { dtype: 'utf8', values: keys }, cells: texts });
    const numbers = constants.map((cell): Cell => ({ constant: keys.indexOf((cell as { constant: string }).constant) }));
    return make({ kind: 'call', op: expr.op, args: [code(codes), code(numbers.length === codes.length ? numbers : codes.map(() => numbers[0]!))] });
  });
  return { body, inputs };
}

/** One i32 code for each cell; equal cells are coded once. */
export function codeStep(lowering: TileLowering, coding: { readonly keys: Keys; readonly cells: readonly Cell[] }): readonly Cell[] {
  const places = lowering.columnsOf({ dtype: coding.keys.dtype, cells: coding.cells });
  const distinct = [...new Set(places)];
  const { plan } = lowering;
  const output = plan.addBuffer('i32', distinct.length);
  const func = emitCodes(plan.module, plan.module.freshName('codes'), coding.keys);
  const input = plan.tableOf(distinct);
  plan.addStep({
    reads: distinct, writes: [output], explain: `codes of ${distinct.length} columns of ${coding.keys.dtype} among ${coding.keys.values.length} keys`,
    emit: ({ f, rows, place }) => { f.call(func, { input: place(input), output: place(output.first), count: distinct.length, rows }); },
  });
  return places.map((place) => ({ column: output.first + distinct.indexOf(place) }));
}

/** Constants picked by positions that depend on the row. */
export function takeStep(lowering: TileLowering, take: { readonly positions: MapInput; readonly dtype: TileValue['dtype']; readonly table: readonly Constant[] }): readonly Cell[] {
  const { plan } = lowering;
  const { positions, dtype, table } = take;
  if (positions.dtype !== 'i32' && positions.dtype !== 'i64') throw new Unsupported(`positions of ${positions.dtype}`);
  const places = lowering.columnsOf(positions);
  const output = plan.addBuffer(dtype, places.length);
  const packed = lowering.packConstants(dtype, table);
  const data = plan.module.data(packed.bytes);
  const func = emitTake(plan.module, plan.module.freshName('take'), { positions: positions.dtype, dtype, size: table.length });
  const input = plan.tableOf(places);
  plan.addStep({
    reads: places, writes: [output], explain: `take of ${table.length} constants of ${dtype}`,
    emit: ({ f, rows, place }) => { f.call(func, { input: place(input), output: place(output.first), count: places.length, rows, table: data, text: packed.text ?? 0 }); },
  });
  return places.map((_, i) => ({ column: output.first + i }));
}

export function lowerLookup(lowering: TileLowering, node: Of<'lookup'>): TileValue {
  const input = lowering.of(node.input);
  const keys = lowering.constants(node.keys);
  const values = lowering.constants(node.values);
  const codes = codeStep(lowering, { keys: { dtype: input.dtype, values: keys } as Keys, cells: input.cells() });
  const dtype = quadDType(node.type.dtype);
  const cells = takeStep(lowering, { positions: { dtype: 'i32', cells: codes }, dtype, table: [...values, node.otherwise as Constant] });
  return { dtype, dims: input.dims, rowAxis: input.rowAxis, cells: () => cells };
}

/** Cells in groups: axis `axis` innermost, the others in order. */
function groupedCells(value: TileValue, axes: readonly number[]): readonly Cell[] {
  const outer = value.dims.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const order = [...outer, ...axes];
  const dims = order.map((axis) => value.dims[axis]!);
  return rearranged(value, { dims, rowAxis: undefined }, (index) => value.dims.map((_, axis) => index[order.indexOf(axis)]!)).cells();
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
  const func = lowering.shared(`reduce_${node.op}_${input.dtype}_${length}${node.last ? '_last' : ''}`, (name) => emitReduce(plan.module, name, { op: node.op, dtype: input.dtype, length, last: node.last }));
  const table = plan.tableOf(places);
  plan.addStep({
    reads: places, writes: [output], explain: `${node.op} of ${length} columns of ${input.dtype}, ${groups} times`,
    emit: ({ f, rows, place }) => { f.call(func, { input: place(table), output: place(output.first), groups, rows }); },
  });
  return { dtype, ...rowDims(node.type), cells: () => Array.from({ length: groups }, (_, i) => ({ column: output.first + i })) };
}

/** topk and cumulative: groups of `length` columns give groups of `outLength`, along `axis`. */
function rankStep(lowering: TileLowering, rank: { node: TopK | Of<'cumulative'>; outLength: number; func: (length: number) => RankFunc; scratchBytes: number; explain: string }): TileValue {
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
    reads: places, writes: [output], explain: rank.explain, scratchBytes: () => rank.scratchBytes,
    emit: ({ f, rows, place, scratch }) => { f.call(func, { input: place(table), output: place(output.first), groups, rows, scratch }); },
  });
  // Output columns lie group by group; the shape wants the axis at its place.
  const order = [...shape.dims.keys()].filter((axis) => axis !== node.axis).concat(node.axis);
  const grouped: TileValue = {
    dtype: output.dtype, dims: order.map((axis) => shape.dims[axis]!), rowAxis: undefined, cells: () => Array.from({ length: output.columns }, (_, i) => ({ column: output.first + i })),
  };
  return rearranged(grouped, shape, (index) => order.map((axis) => index[axis]!));
}

export function lowerTopK(lowering: TileLowering, node: TopK): TileValue {
  const dtype = quadDType(node.input.type.dtype);
  if (dtype === 'utf8' || dtype === 'bool') throw new Unsupported(`topk of ${dtype}`);
  const kernel = (length: number) => ({ dtype, length, k: node.k, largest: node.largest, part: node.part });
  const length = rowDims(node.input.type).dims[node.axis]!;
  return rankStep(lowering, {
    node, outLength: node.k, scratchBytes: topKScratchBytes(kernel(length)), explain: `topk ${node.k} of ${length} (${node.part})`,
    func: () => emitTopK(lowering.plan.module, lowering.plan.module.freshName('topk'), kernel(length)),
  });
}

export function lowerCumulative(lowering: TileLowering, node: Of<'cumulative'>): TileValue {
  const { op, exclusive, reverse } = node;
  const dtype = quadDType(node.type.dtype);
  if (dtype === 'utf8' || dtype === 'bool') throw new Unsupported(`cumulative of ${dtype}`);
  const outLength = rowDims(node.type).dims[node.axis]!;
  return rankStep(lowering, {
    node, outLength, scratchBytes: 0, explain: `cumulative ${op} of ${outLength}`,
    func: (length) => emitCumulative(lowering.plan.module, lowering.plan.module.freshName('cumulative'), { dtype, op, length, exclusive, reverse }),
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
    const held = positions.cells().map((cell) => Number((cell as { constant: Constant }).constant)).map((i) => (i < 0 ? i + size : i));
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
function takeConstants(lowering: TileLowering, take: { node: Gather; input: TileValue; positions: TileValue }): TileValue {
  const { node: { axis, type }, input, positions } = take;
  const shape = rowDims(type);
  const dtype = quadDType(type.dtype);
  const rank = positions.dims.length;
  const held = input.cells().map((cell) => (cell as { constant: Constant }).constant);
  const taken = new Map<string, readonly Cell[]>();
  const cells = Array.from(indices(shape.dims), (index): Cell => {
    const others = [...index.slice(0, axis), 0, ...index.slice(axis + rank)];
    let picked = taken.get(others.join());
    if (picked === undefined) {
      const table = Array.from({ length: input.dims[axis]! }, (_, i) => held[others.reduce((sum, position, a) => sum * input.dims[a]! + (a === axis ? i : position), 0)]!);
      picked = takeStep(lowering, { positions: { dtype: positions.dtype, cells: positions.cells() }, dtype, table });
      taken.set(others.join(), picked);
    }
    return picked[index.slice(axis, axis + rank).reduce((sum, i, a) => sum * positions.dims[a]! + i, 0)]!;
  });
  return { dtype, ...shape, cells: () => cells };
}

function elementsAt(input: TileValue, at: { dims: readonly number[]; rowAxis: number | undefined; axis: number; held: readonly number[] }): TileValue {
  let next = 0;
  const order = new Map(Array.from(indices(at.dims), (index) => [index.join(), next++]));
  return rearranged(input, at, (index) => index.map((i, axis) => (axis === at.axis ? at.held[order.get(index.join())!]! : i)));
}

function pickStep(lowering: TileLowering, pick: { node: Gather; input: TileValue; positions: TileValue }): TileValue {
  const { node, input, positions } = pick;
  const { plan } = lowering;
  const shape = rowDims(node.type);
  if (positions.dtype !== 'i64' && positions.dtype !== 'i32') throw new Unsupported(`positions of ${positions.dtype}`);
  const size = input.dims[node.axis]!;
  const cells = Array.from(indices(shape.dims)).flatMap((index) => Array.from({ length: size }, (_, i) => index.map((position, axis) => (axis === node.axis ? i : position))));
  const strides = cells.map((index) => index.reduce((sum, position, axis) => sum * input.dims[axis]! + position, 0));
  const held = input.cells();
  const places = lowering.columnsOf({ dtype: input.dtype, cells: strides.map((i) => held[i]!) });
  const at = lowering.columnsOf({ dtype: positions.dtype, cells: positions.cells() });
  const output = plan.addBuffer(input.dtype, at.length);
  const func = emitPick(plan.module, plan.module.freshName('pick'), { positions: positions.dtype, dtype: input.dtype, size });
  const [table, atTable] = [plan.tableOf(places), plan.tableOf(at)];
  plan.addStep({
    reads: [...places, ...at], writes: [output], explain: `pick of ${size} columns`,
    emit: ({ f, rows, place }) => { f.call(func, { positions: place(atTable), input: place(table), output: place(output.first), count: at.length, rows }); },
  });
  return { dtype: input.dtype, ...shape, cells: () => at.map((_, i) => ({ column: output.first + i })) };
}

export function lowerSlice(lowering: TileLowering, node: Slice): TileValue {
  const input = lowering.of(node.input);
  if (input.rowAxis !== undefined && node.ranges[input.rowAxis] !== undefined) throw new Unsupported('a slice of rows');
  return rearranged(input, rowDims(node.type), (index) => index.map((i, axis) => (node.ranges[axis] === undefined ? i : node.ranges[axis].start + i * node.ranges[axis].step)));
}

export function lowerPad(lowering: TileLowering, node: Pad): TileValue {
  const input = lowering.of(node.input);
  const shape = rowDims(node.type);
  if (input.rowAxis !== undefined && (node.before[input.rowAxis] !== 0 || node.after[input.rowAxis] !== 0)) throw new Unsupported('padding of rows');
  if (node.mode !== 'constant') throw new Unsupported(`padding by ${node.mode}`);
  const held = input.cells();
  const cells = Array.from(indices(shape.dims), (index): Cell => {
    const at = index.map((i, axis) => i - node.before[axis]!);
    if (at.some((i, axis) => i < 0 || i >= input.dims[axis]!)) return { constant: node.value as Constant };
    return held[at.reduce((sum, i, axis) => sum * input.dims[axis]! + i, 0)]!;
  });
  return { dtype: input.dtype, ...shape, cells: () => cells };
}

