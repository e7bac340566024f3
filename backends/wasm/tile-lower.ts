/**
 * Lowers elementwise nodes to cells and steps of a `TilePlan`: maps, codes of text, constants picked by position.
 * A node that cannot be lowered throws `Unsupported`; `tile-program.ts` collects all of them.
 */
import { make } from '../../ir/build.js';
import type { Expr, Tensor, TensorMap } from '../../ir/node.js';
import { rewriteBottomUp } from '../../ir/rewrite.js';
import { scalar } from '../../ir/type.js';
import { emitCodes, type Keys } from './kernels/lookup.js';
import { unsupportedIn, emitMap, type OperandShape } from './kernels/map.js';
import { emitTake } from './kernels/take.js';
import type { TileLowering } from './tile-lowering.js';
import {
  broadcastCells,
  quadDType,
  rowDims,
  rowsAlign,
  Unsupported,
  type Cell,
  type Constant,
  type TileValue,
} from './tile-value.js';

type Of<K extends Tensor['kind']> = Extract<Tensor, { kind: K }>;

export function lowerMap(lowering: TileLowering, node: TensorMap): TileValue {
  const shape = rowDims(node.type);
  const inputs = node.inputs.map((input) => lowering.of(input));
  if (!rowsAlign(inputs, shape)) throw new Unsupported('a map across rows');
  const coded = codeTexts(lowering, {
    body: node.body,
    inputs: inputs.map((input) => ({ dtype: input.dtype, cells: broadcastCells(input, shape.dims) })),
  });
  const reasons = unsupportedIn(coded.body);
  if (reasons.length > 0) throw new Unsupported(reasons.join(', '));
  return { dtype: quadDType(node.type.dtype), ...shape, cells: constantCells(mapStep(lowering, coded)) };
}

export interface MapInput {
  readonly dtype: TileValue['dtype'];
  readonly cells: readonly Cell[];
}

function constantCells(cells: readonly Cell[]): () => readonly Cell[] {
  return () => cells;
}

const isColumn = (cell: Cell): cell is { readonly column: number } => 'column' in cell;
const sameCell = (a: Cell, b: Cell): boolean =>
  isColumn(a) ? isColumn(b) && a.column === b.column : !isColumn(b) && Object.is(a.constant, b.constant);

/** Emits the step that computes `body` for every cell. Cells all alike are computed once, unless they must be apart. */
export function mapStep(
  lowering: TileLowering,
  map: { readonly body: Expr; readonly inputs: readonly MapInput[]; readonly apart?: boolean },
): readonly Cell[] {
  const used = usedRefs(map.body);
  const count = map.inputs[0]?.cells.length ?? 1;
  const alike = map.apart !== true && map.inputs.every(
    (input, i) => !used.has(i) || input.cells.every((cell) => sameCell(cell, input.cells[0]!)),
  );
  const width = alike ? Math.min(count, 1) : count;
  if (count === 0) return [];
  const operands = map.inputs.map((input, i) =>
    operandOf(lowering, {
      dtype: input.dtype,
      cells: used.has(i) ? input.cells.slice(0, width) : [{ constant: input.dtype === 'utf8' ? '' : 0 }],
    }),
  );
  const dtype = quadDType((map.body.type as { dtype: string }).dtype);
  const output = lowering.plan.addBuffer(dtype, width);
  const func = lowering.mapFunction(
    map.body,
    operands.map((operand) => operand.shape),
    () =>
      emitMap(lowering.plan.module, lowering.plan.module.freshName('map'), {
        body: map.body,
        operands: operands.map((operand) => operand.shape),
      }),
  );
  lowering.plan.addStep({
    reads: operands.flatMap((operand) => operand.reads),
    writes: [output],
    explain: `map ${width} columns of ${dtype}`,
    emit: ({ f, rows, place }) => {
      const args: Record<string, ReturnType<typeof place> | number> = {
        output: place(output.first),
        count: width,
        rows,
      };
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

interface Operand {
  readonly shape: OperandShape;
  readonly reads: readonly number[];
  readonly table?: number;
  readonly data?: Uint8Array;
}

function operandOf(lowering: TileLowering, input: MapInput): Operand {
  const { dtype, cells } = input;
  const first = cells[0]!;
  const alike = cells.every((cell) => sameCell(cell, first));
  if (alike && isColumn(first)) return { shape: { kind: 'column', dtype }, reads: [first.column], table: first.column };
  if (alike && !isColumn(first))
    return { shape: { kind: 'constant', dtype, value: lowering.constant(first.constant) }, reads: [] };
  if (cells.some(isColumn)) {
    const places = lowering.columnsOf(input);
    return { shape: { kind: 'columns', dtype }, reads: places, table: lowering.plan.tableOf(places) };
  }
  const packed = lowering.packConstants(
    dtype,
    cells.map((cell) => (cell as { constant: Constant }).constant),
  );
  return { shape: { kind: 'constants', dtype, textBase: packed.text }, reads: [], data: packed.bytes };
}

/** Comparisons of a text that depends on the row with constant texts become comparisons of codes. */
function codeTexts(
  lowering: TileLowering,
  map: { readonly body: Expr; readonly inputs: readonly MapInput[] },
): { readonly body: Expr; readonly inputs: readonly MapInput[] } {
  const inputs = [...map.inputs];
  const sides = (expr: Expr): readonly Cell[] | undefined => {
    if (expr.kind === 'ref') return inputs[expr.index]!.cells;
    return expr.kind === 'literal' ? [{ constant: expr.value as string }] : undefined;
  };
  const code = (cells: readonly Cell[]): Expr =>
    make({ kind: 'ref', index: inputs.push({ dtype: 'i32', cells }) - 1, type: scalar('i32') });
  const body = rewriteBottomUp(map.body, (expr) => {
    if (expr.kind !== 'call' || (expr.op !== 'eq' && expr.op !== 'ieee_eq' && expr.op !== 'ne')) return undefined;
    const [a, b] = expr.args as [Expr, Expr];
    if (a.type.kind !== 'scalar' || a.type.dtype !== 'utf8') return undefined;
    const [left, right] = [sides(a), sides(b)];
    const swapped = left?.every((cell) => !isColumn(cell)) ?? false;
    const [texts, constants] = swapped ? [right, left] : [left, right];
    if (texts === undefined || constants === undefined || !texts.every(isColumn) || constants.some(isColumn))
      throw new Unsupported('a comparison of two texts neither of which is constant');
    const keys = [...new Set(constants.map((cell) => (cell as { constant: string }).constant))];
    const codes = codeStep(lowering, { keys: { dtype: 'utf8', values: keys }, cells: texts });
    const numbers = constants.map((cell): Cell => ({
      constant: keys.indexOf((cell as { constant: string }).constant),
    }));
    return make({
      kind: 'call',
      op: expr.op,
      args: [code(codes), code(numbers.length === codes.length ? numbers : codes.map(() => numbers[0]!))],
    });
  });
  return { body, inputs };
}

/** One i32 code for each cell; equal cells are coded once. */
export function codeStep(
  lowering: TileLowering,
  coding: { readonly keys: Keys; readonly cells: readonly Cell[] },
): readonly Cell[] {
  const places = lowering.columnsOf({ dtype: coding.keys.dtype, cells: coding.cells });
  const distinct = [...new Set(places)];
  const { plan } = lowering;
  const output = plan.addBuffer('i32', distinct.length);
  const func = emitCodes(plan.module, plan.module.freshName('codes'), coding.keys);
  const input = plan.tableOf(distinct);
  plan.addStep({
    reads: distinct,
    writes: [output],
    explain: `codes of ${distinct.length} columns of ${coding.keys.dtype} among ${coding.keys.values.length} keys`,
    emit: ({ f, rows, place }) => {
      f.call(func, { input: place(input), output: place(output.first), count: distinct.length, rows });
    },
  });
  return places.map((place) => ({ column: output.first + distinct.indexOf(place) }));
}

/** Constants picked by positions that depend on the row. */
export function takeStep(
  lowering: TileLowering,
  take: { readonly positions: MapInput; readonly dtype: TileValue['dtype']; readonly table: readonly Constant[] },
): readonly Cell[] {
  const { plan } = lowering;
  const { positions, dtype, table } = take;
  if (positions.dtype !== 'i32' && positions.dtype !== 'i64') throw new Unsupported(`positions of ${positions.dtype}`);
  const places = lowering.columnsOf(positions);
  const output = plan.addBuffer(dtype, places.length);
  const packed = lowering.packConstants(dtype, table);
  const data = plan.module.data(packed.bytes);
  const func = emitTake(plan.module, plan.module.freshName('take'), {
    positions: positions.dtype,
    dtype,
    size: table.length,
  });
  const input = plan.tableOf(places);
  plan.addStep({
    reads: places,
    writes: [output],
    explain: `take of ${table.length} constants of ${dtype}`,
    emit: ({ f, rows, place }) => {
      f.call(func, {
        input: place(input),
        output: place(output.first),
        count: places.length,
        rows,
        table: data,
        text: packed.text ?? 0,
      });
    },
  });
  return places.map((_, i) => ({ column: output.first + i }));
}

export function lowerLookup(lowering: TileLowering, node: Of<'lookup'>): TileValue {
  const input = lowering.of(node.input);
  const keys = lowering.constants(node.keys);
  const values = lowering.constants(node.values);
  const codes = codeStep(lowering, { keys: { dtype: input.dtype, values: keys } as Keys, cells: input.cells() });
  const dtype = quadDType(node.type.dtype);
  const cells = takeStep(lowering, {
    positions: { dtype: 'i32', cells: codes },
    dtype,
    table: [...values, node.otherwise as Constant],
  });
  return { dtype, dims: input.dims, rowAxis: input.rowAxis, cells: () => cells };
}
