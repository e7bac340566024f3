/** Opaque operators that select by value: non-zero places, distinct values, boxes that do not overlap. */
import type { OpaqueRow } from '../opaque.js';
import type { TensorElements, TensorValue } from '../tensor-data.js';

function nonZero(input: TensorValue): TensorValue {
  const found: number[][] = [];
  for (let flat = 0; flat < input.data.length; flat++) {
    if (!input.data[flat]) continue;
    let rest = flat;
    const index: number[] = [];
    for (let axis = input.dims.length - 1; axis >= 0; axis--) {
      index.unshift(rest % input.dims[axis]!);
      rest = Math.floor(rest / input.dims[axis]!);
    }
    found.push(index);
  }
  const data = new BigInt64Array(input.dims.length * found.length);
  found.forEach((index, i) => index.forEach((at, axis) => { data[axis * found.length + i] = BigInt(at); }));
  return { dtype: 'i64', dims: [input.dims.length, found.length], data };
}

type Element = number | bigint | string;

/**
 * Distinct slices of an axis (or elements, when it is null): the values, where each is first, which each place has, how
 * often.
 */
function unique(
  input: TensorValue,
  options: { readonly axis: number | null; readonly sorted: boolean },
): readonly TensorValue[] {
  const { axis } = options;
  const dims = axis === null ? [input.data.length] : input.dims;
  const along = axis ?? 0;
  const inner = dims.slice(along + 1).reduce((a, b) => a * b, 1);
  const outer = dims.slice(0, along).reduce((a, b) => a * b, 1);
  const size = dims[along]!;
  const slice = (at: number): readonly Element[] => Array.from({ length: outer * inner }, (_, i) =>
    input.data[(Math.floor(i / inner) * size + at) * inner + (i % inner)] as Element);
  const slices = Array.from({ length: size }, (_, at) => slice(at));
  const keys = slices.map((own) => own.map(String).join('\u0000'));
  const firsts = keys.flatMap((key, at) => (keys.indexOf(key) === at ? [at] : []));
  if (options.sorted) firsts.sort((a, b) => compareSlices(slices[a]!, slices[b]!));
  const places = new Map(firsts.map((at, place) => [keys[at]!, place]));
  const inverse = keys.map((key) => places.get(key)!);
  const longs = (values: readonly number[]): TensorValue => ({
    dtype: 'i64',
    dims: [values.length],
    data: BigInt64Array.from(values, BigInt),
  });
  const cells: Element[] = [];
  for (let o = 0; o < outer; o++)
    for (const at of firsts) for (let i = 0; i < inner; i++) cells.push(slices[at]![o * inner + i]!);
  const result = {
    dtype: input.dtype,
    dims: dims.map((dim, own) => (own === along ? firsts.length : dim)),
    data: like(input.data, cells),
  };
  return [
    result,
    longs(firsts),
    longs(inverse),
    longs(firsts.map((_, place) => inverse.filter((own) => own === place).length)),
  ];
}

function compareSlices(a: readonly Element[], b: readonly Element[]): number {
  const at = a.findIndex((own, i) => own !== b[i]);
  return at < 0 ? 0 : a[at]! < b[at]! ? -1 : 1;
}

function like(data: TensorElements, cells: readonly Element[]): TensorElements {
  if (Array.isArray(data)) return cells as readonly string[];
  return Reflect.construct((data as Float32Array).constructor as Float32ArrayConstructor, [cells]) as TensorElements;
}

type Box = readonly [number, number, number, number];

function overlap(a: Box, b: Box): number {
  const side = (low: number, high: number): number => Math.max(0, high - low);
  const both = side(Math.max(a[0], b[0]), Math.min(a[2], b[2])) * side(Math.max(a[1], b[1]), Math.min(a[3], b[3]));
  const area = (box: Box): number => (box[2] - box[0]) * (box[3] - box[1]);
  const union = area(a) + area(b) - both;
  return union <= 0 ? 0 : both / union;
}

/** Greedy by score: a box is kept unless it overlaps a kept one of its class too much. */
function suppress(
  inputs: readonly TensorValue[],
  options: {
    readonly centered: boolean;
    readonly most: number;
    readonly overlap: number;
    readonly score: number | null;
  },
): TensorValue {
  const [boxes, scores] = inputs as [TensorValue, TensorValue];
  const [batches, classes, count] = scores.dims as [number, number, number];
  const box = (batch: number, i: number): Box => {
    const [a, b, c, d] = Array.from({ length: 4 }, (_, j) => Number(boxes.data[(batch * count + i) * 4 + j])) as [
      number,
      number,
      number,
      number,
    ];
    if (options.centered) return [b - d / 2, a - c / 2, b + d / 2, a + c / 2];
    return [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)];
  };
  const found: number[] = [];
  for (let batch = 0; batch < batches; batch++) {
    for (let cls = 0; cls < classes; cls++) {
      const score = (i: number): number => Number(scores.data[(batch * classes + cls) * count + i]);
      const order = Array.from({ length: count }, (_, i) => i)
        .filter((i) => options.score === null || score(i) > options.score)
        .sort((a, b) => score(b) - score(a));
      const kept: number[] = [];
      for (const i of order) {
        if (kept.length >= options.most) break;
        if (kept.every((own) => overlap(box(batch, own), box(batch, i)) <= options.overlap)) kept.push(i);
      }
      for (const i of kept) found.push(batch, cls, i);
    }
  }
  return { dtype: 'i64', dims: [found.length / 3, 3], data: BigInt64Array.from(found, BigInt) };
}

/** Determinants of square matrices by elimination with pivots. */
function determinants(input: TensorValue): TensorValue {
  const size = input.dims.at(-1) ?? 0;
  const outer = input.dims.slice(0, -2);
  const count = outer.reduce((a, b) => a * b, 1);
  const data = Float64Array.from({ length: count }, (_, at) => {
    const rows = Array.from({ length: size }, (_r, r) =>
      Array.from({ length: size }, (_c, c) => Number(input.data[(at * size + r) * size + c])),
    );
    let product = 1;
    for (let k = 0; k < size; k++) {
      const pivot = rows
        .slice(k)
        .reduce((best, row, i) => (Math.abs(row[k]!) > Math.abs(rows[best]![k]!) ? k + i : best), k);
      if (rows[pivot]![k] === 0) return 0;
      if (pivot !== k) {
        [rows[k], rows[pivot]] = [rows[pivot]!, rows[k]!];
        product = -product;
      }
      product *= rows[k]![k]!;
      for (let r = k + 1; r < size; r++) {
        const factor = rows[r]![k]! / rows[k]![k]!;
        for (let c = k; c < size; c++) rows[r]![c]! -= factor * rows[k]![c]!;
      }
    }
    return product;
  });
  return { dtype: input.dtype, dims: outer, data: input.dtype === 'f64' ? data : Float32Array.from(data) };
}

type Attributes = Parameters<OpaqueRow['evaluate']>[1];
const as = <T>(attributes: Attributes): T => attributes as unknown as T;

export const OPAQUE_SELECT = {
  nonzero: {
    doc: 'indices of the elements that are not zero, [rank, count] in row-major order',
    evaluate: ([x]) => [nonZero(x!)],
  },
  unique: {
    doc: 'distinct values, where each is first, which each place has, how often',
    evaluate: ([x], options) => unique(x!, as(options)),
  },
  suppress: {
    doc: 'boxes kept by non-maximum suppression, as [batch, class, box]',
    evaluate: (inputs, options) => [suppress(inputs, as(options))],
  },
  determinant: { doc: 'determinants of the matrices of the last two axes', evaluate: ([x]) => [determinants(x!)] },
} satisfies Readonly<Record<string, OpaqueRow>>;
