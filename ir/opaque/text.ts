/** Opaque operators on text: their results' shapes depend on the words. */
import type { OpaqueRow } from '../opaque.js';
import type { TensorValue } from '../tensor-data.js';

function normalized(
  input: TensorValue,
  options: { readonly stopwords: readonly string[]; readonly caseSensitive: boolean; readonly change: string },
): TensorValue {
  const key = (text: string): string => (options.caseSensitive ? text : text.toLowerCase());
  const stop = new Set(options.stopwords.map(key));
  const changed = (text: string): string =>
    options.change === 'LOWER' ? text.toLowerCase() : options.change === 'UPPER' ? text.toUpperCase() : text;
  const left = (input.data as readonly string[]).filter((text) => !stop.has(key(text))).map(changed);
  const data = left.length === 0 ? [''] : left;
  return { dtype: 'utf8', dims: input.dims.length === 2 ? [1, data.length] : [data.length], data };
}

function words(text: string, delimiter: string, most: number): readonly string[] {
  if (delimiter === '') {
    const all = text.trim() === '' ? [] : text.trim().split(/\s+/);
    if (most < 0 || all.length <= most + 1) return all;
    const rest = new RegExp(`^\\s*(?:\\S+\\s+){${most}}`).exec(text)?.[0].length ?? 0;
    return [...all.slice(0, most), text.slice(rest).trimEnd()];
  }
  const all = text === '' ? [] : text.split(delimiter);
  return most < 0 || all.length <= most + 1 ? all : [...all.slice(0, most), all.slice(most).join(delimiter)];
}

function split(
  input: TensorValue,
  options: { readonly delimiter: string; readonly most: number },
): readonly TensorValue[] {
  const lists = (input.data as readonly string[]).map((text) => words(text, options.delimiter, options.most));
  const width = lists.reduce((most, list) => Math.max(most, list.length), 0);
  return [
    {
      dtype: 'utf8',
      dims: [...input.dims, width],
      data: lists.flatMap((list) => Array.from({ length: width }, (_, i) => list[i] ?? '')),
    },
    { dtype: 'i64', dims: input.dims, data: BigInt64Array.from(lists, (list) => BigInt(list.length)) },
  ];
}

interface Grams {
  readonly mode: string; readonly least: number; readonly most: number; readonly skips: number;
  readonly starts: readonly number[]; readonly indexes: readonly number[]; readonly weights: readonly number[];
  readonly pool: readonly (string | number)[];
}

/** Each n-gram of the pool by its text, with its place in the list of n-grams. */
function gramTable(grams: Grams): ReadonlyMap<string, number> {
  const table = new Map<string, number>();
  let number = 0;
  grams.starts.forEach((start, i) => {
    const end = grams.starts[i + 1] ?? grams.pool.length;
    for (let at = start; at < end; at += i + 1) {
      const key = JSON.stringify(grams.pool.slice(at, at + i + 1));
      if (i + 1 >= grams.least && i + 1 <= grams.most) table.set(key, number);
      number++;
    }
  });
  return table;
}

function tfIdf(input: TensorValue, grams: Grams): TensorValue {
  const table = gramTable(grams);
  const width = grams.indexes.reduce((most, index) => Math.max(most, index + 1), 0);
  const length = input.dims.at(-1) ?? 0;
  const rows = input.dims.length < 2 ? 1 : input.dims[0]!;
  const cells = Array.from(input.data as ArrayLike<string | number | bigint>, (cell) =>
    typeof cell === 'bigint' ? Number(cell) : cell,
  );
  const data = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const own = cells.slice(row * length, (row + 1) * length);
    for (let size = grams.least; size <= grams.most; size++) {
      for (let skip = 0; skip <= (size === 1 ? 0 : grams.skips); skip++) {
        for (let at = 0; at + (size - 1) * (skip + 1) < own.length; at++) {
          const gram = Array.from({ length: size }, (_, i) => own[at + i * (skip + 1)]);
          const number = table.get(JSON.stringify(gram));
          if (number !== undefined) data[row * width + grams.indexes[number]!]!++;
        }
      }
    }
  }
  grams.indexes.forEach((index, number) => {
    const weight = grams.weights[number] ?? 1;
    for (let row = 0; row < rows; row++) {
      const at = row * width + index;
      if (grams.mode === 'IDF') data[at] = data[at]! > 0 ? weight : 0;
      else if (grams.mode === 'TFIDF') data[at]! *= weight;
    }
  });
  return { dtype: 'f32', dims: input.dims.length < 2 ? [width] : [rows, width], data };
}

type Attributes = Parameters<OpaqueRow['evaluate']>[1];
const as = <T>(attributes: Attributes): T => attributes as unknown as T;

export const OPAQUE_TEXT = {
  string_normalizer: {
    doc: 'words that are no stop words, in another case',
    evaluate: ([x], options) => [normalized(x!, as(options))],
  },
  string_split: { doc: 'the words of each string, and how many', evaluate: ([x], options) => split(x!, as(options)) },
  tf_idf: {
    doc: 'counts of n-grams with skips, by term frequency or weight',
    evaluate: ([x], options) => [tfIdf(x!, as(options))],
  },
} satisfies Readonly<Record<string, OpaqueRow>>;
