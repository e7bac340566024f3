/**
 * SHAPES: the fields of every node kind and what each holds: the one table behind the text form. The printer leaves out
 * fields that have their `absent` value, the parser puts it back.
 *
 * The first field of a kind is written without its name. Expressions have a syntax of their own and are not listed.
 */
import { AGGREGATE_OPS, WINDOW_ONLY_OPS, type NodeKind, type NodeOf } from './node.js';

export type Shape =
  | { readonly kind: 'expr' | 'relation' | 'tensor' | 'int' | 'flag' | 'name' | 'literal' | 'dtype' | 'dims' | 'data' }
  | { readonly kind: 'type'; readonly of: 'relation' | 'scalar' | 'tensor' }
  | { readonly kind: 'word'; readonly words: readonly string[] }
  | { readonly kind: 'list'; readonly item: Shape }
  /** An absent item of a list is `-`. */
  | { readonly kind: 'optional'; readonly item: Shape }
  | { readonly kind: 'record'; readonly fields: Fields };

export interface Fields { readonly [name: string]: Shape }

const expr: Shape = { kind: 'expr' };
const relation: Shape = { kind: 'relation' };
const tensor: Shape = { kind: 'tensor' };
const int: Shape = { kind: 'int' };
/** Absent: false. */
const flag: Shape = { kind: 'flag' };
const name: Shape = { kind: 'name' };
const literal: Shape = { kind: 'literal' };
const dims: Shape = { kind: 'dims' };
const word = (...words: readonly string[]): Shape => ({ kind: 'word', words });
const list = (item: Shape): Shape => ({ kind: 'list', item });
const optional = (item: Shape): Shape => ({ kind: 'optional', item });
const record = (fields: Fields): Shape => ({ kind: 'record', fields });
const ints = list(int);
const scalarType: Shape = { kind: 'type', of: 'scalar' };

const sortKeys = list(record({ expr, descending: flag, nullsFirst: flag }));
const bound = record({ kind: word('unbounded', 'current', 'offset'), offset: int });
const frame = record({ unit: word('rows', 'range', 'groups'), start: bound, end: bound });

export type ExprKind = 'ref' | 'literal' | 'param' | 'call' | 'cast' | 'case' | 'pack' | 'part' | 'subquery' | 'outer';
export type StatementKind = Exclude<NodeKind, ExprKind>;

export const RELATION_SHAPES = {
  scan: { table: name, schema: { kind: 'type', of: 'relation' }, columns: ints },
  values: { rows: list(list(expr)) },
  filter: { input: relation, predicate: expr },
  project: { input: relation, exprs: list(expr), names: list(name) },
  join: {
    join: word('inner', 'left', 'right', 'full', 'semi', 'anti', 'cross'),
    left: relation,
    right: relation,
    on: optional(expr),
  },
  aggregate: {
    input: relation,
    groups: list(record({ expr, name })),
    calls: list(
      record({
        op: word(...AGGREGATE_OPS),
        args: list(expr),
        distinct: flag,
        filter: optional(expr),
        name,
        type: scalarType,
      }),
    ),
  },
  window: {
    input: relation,
    calls: list(record({
        op: word(...AGGREGATE_OPS, ...WINDOW_ONLY_OPS),
        args: list(expr),
        partition: list(expr),
        order: sortKeys,
        frame: optional(frame),
        name,
        type: scalarType,
    })),
  },
  sort: { input: relation, keys: sortKeys, limit: optional(int) },
  limit: { input: relation, limit: optional(expr), offset: optional(expr) },
  distinct: { input: relation },
  setop: { op: word('union', 'intersect', 'except'), all: flag, left: relation, right: relation },
  series: { start: expr, stop: expr, step: expr, inclusive: flag },
  apply: { input: relation, model: name, outputs: list(record({ name, tensor })) },
  blocked: {
    input: relation,
    model: name,
    feature: int,
    name,
    layers: list(record({ weight: tensor, bias: optional(tensor), activation: optional(expr) })),
  },
} as const satisfies Partial<ShapesOf>;

export const TENSOR_SHAPES = {
  to_tensor: { exprs: list(expr), dtype: { kind: 'dtype' }, nulls: word('nan', 'null') },
  input: { name },
  weight: { hash: name },
  fill: { value: literal },
  map: { inputs: list(tensor), body: expr },
  reduce: {
    op: word('sum', 'mean', 'max', 'min', 'prod', 'argmax', 'argmin', 'any', 'all'),
    input: tensor,
    axes: ints,
    keepDims: flag,
    last: flag,
  },
  matmul: { left: tensor, right: tensor },
  dense: {
    input: tensor, weight: tensor, bias: optional(tensor), activation: optional(expr),
    representation: optional(word('kernel', 'relational', 'native')),
  },
  reshape: { input: tensor, dims },
  transpose: { input: tensor, permutation: ints },
  expand: { input: tensor, dims },
  concat: { inputs: list(tensor), axis: int },
  slice: { input: tensor, ranges: list(optional(record({ start: int, step: int, count: int }))) },
  pad: { input: tensor, before: ints, after: ints, mode: word('constant', 'edge', 'reflect', 'wrap'), value: literal },
  gather: { mode: word('take', 'elements', 'nd'), input: tensor, indices: tensor, axis: int, batchDims: int },
  scatter: {
    mode: word('elements', 'nd'),
    input: tensor,
    indices: tensor,
    updates: tensor,
    axis: int,
    combine: word('replace', 'add', 'mul', 'max', 'min'),
  },
  topk: { input: tensor, k: int, axis: int, largest: flag, part: word('values', 'indices') },
  cumulative: { op: word('sum', 'prod'), input: tensor, axis: int, exclusive: flag, reverse: flag },
  conv: {
    input: tensor,
    weight: tensor,
    bias: optional(tensor),
    strides: ints,
    dilations: ints,
    before: ints,
    after: ints,
    groups: int,
    transposed: flag,
  },
  pool: {
    op: word('max', 'mean', 'lp', 'argmax'),
    input: tensor,
    window: ints,
    strides: ints,
    dilations: ints,
    before: ints,
    after: ints,
    countPadding: flag, order: int,
  },
  tree_ensemble: {
    input: tensor,
    roots: tensor,
    feature: tensor,
    threshold: tensor,
    mode: tensor,
    yes: tensor,
    no: tensor,
    missingYes: tensor,
    leafTarget: tensor,
    leafWeight: tensor,
    base: optional(tensor),
    targets: int,
    combine: word('sum', 'mean', 'min', 'max'),
  },
  lookup: { input: tensor, keys: tensor, values: tensor, otherwise: literal },
  shape_of: { input: tensor },
  opaque: { op: name, inputs: list(tensor), attributes: { kind: 'data' }, part: int },
} as const satisfies Partial<ShapesOf>;

type ShapesOf = { readonly [K in StatementKind]: { readonly [F in Exclude<keyof NodeOf<K>, 'kind' | 'type'>]: Shape } };

export const SHAPES: { readonly [K in StatementKind]: Fields } = {
  ...RELATION_SHAPES,
  ...TENSOR_SHAPES,
} satisfies ShapesOf;

export const MODEL_FIELDS: Fields = {
  name,
  inputs: list(tensor),
  outputs: list(record({ name, tensor, map: optional(record({ keyDType: word('utf8', 'i64'), keys: list(name) })) })),
};

export function isStatementKind(kind: string): kind is StatementKind {
  return Object.hasOwn(SHAPES, kind);
}

export function isRelationKind(kind: string): boolean {
  return Object.hasOwn(RELATION_SHAPES, kind);
}

export function isTensorKind(kind: string): boolean {
  return Object.hasOwn(TENSOR_SHAPES, kind);
}

/** The value a field has when the text leaves it out; only `flag` and `optional` fields may be left out. */
export function absentOf(shape: Shape): { readonly value: false | undefined } | undefined {
  if (shape.kind === 'flag') return { value: false };
  return shape.kind === 'optional' ? { value: undefined } : undefined;
}
