/** Random well-typed nodes of every kind, for property tests: from a seed, so that a failure can be repeated. */
import { make } from '../../ir/build.js';
import type { DType } from '../../ir/dtype.js';
import type { Expr, LiteralValue, Node, Relation, Tensor } from '../../ir/node.js';
import { canCast } from '../../ir/scalar/cast.js';
import { SCALAR, typeOfCall, type ScalarOp } from '../../ir/scalar.js';
import { relation, scalar, tensor, type Column, type ScalarType, type ValueType } from '../../ir/type.js';

/** A source of choices: an integer in [0, below). */
export type Choose = (below: number) => number;

const DTYPES: readonly DType[] = ['bool', 'i8', 'i32', 'i64', 'u64', 'f16', 'f32', 'f64', 'decimal(15,2)', 'utf8', 'blob', 'date', 'time', 'timestamp', 'interval'];
const NAMES = ['id', 'amount', 'weird name', 'x"y', 'select', 'né', '', 'return', 'type', 'model', 'none', 'line\nbreak'] as const;

export function pick<T>(choose: Choose, items: readonly T[]): T {
  return items[choose(items.length)]!;
}

export function randomLiteral(choose: Choose, dtype: DType): LiteralValue {
  switch (dtype) {
    case 'bool': return choose(2) === 1;
    case 'i64': case 'u64': case 'time': case 'timestamp': case 'decimal(15,2)': return BigInt(choose(1000)) * 10n ** BigInt(choose(14));
    case 'f16': case 'f32': case 'f64': return pick(choose, [0, -0, 1.5, NaN, Infinity, -Infinity, 1e300, -2.5e-7, 1e21]);
    case 'utf8': return pick(choose, ['', 'a "quoted" text', 'line\nbreak', '-- no comment', '\u{1F600}', 'true']);
    case 'blob': return Uint8Array.from({ length: choose(4) }, () => choose(256));
    case 'interval': return { months: choose(9) - 4, days: choose(9) - 4, microseconds: BigInt(choose(99)) - 50n };
    default: return choose(100);
  }
}

function literal(choose: Choose, dtype: DType): Expr {
  const isNull = choose(6) === 0;
  return make(
    { kind: 'literal', value: isNull ? null : randomLiteral(choose, dtype), type: scalar(dtype, { nullable: isNull }) },
  );
}

function leaf(choose: Choose, columns: readonly Column[], dtype: DType): Expr {
  const fitting = columns.flatMap(
    (column, index) => (column.type.kind === 'scalar' && column.type.dtype === dtype ? [{ column, index }] : []),
  );
  if (fitting.length > 0 && choose(3) > 0) {
    const { column, index } = pick(choose, fitting);
    return make({ kind: 'ref', index, type: column.type });
  }
  if (choose(6) === 0) return make({ kind: 'param', index: choose(3), type: scalar(dtype, { nullable: true }) });
  return literal(choose, dtype);
}

const OPS = Object.keys(SCALAR) as ScalarOp[];

/** An expression over the columns, of the dtype. */
export function randomExpr(choose: Choose, columns: readonly Column[], dtype: DType, depth: number): Expr {
  if (depth <= 0) return leaf(choose, columns, dtype);
  const inner = (wanted: DType): Expr => randomExpr(choose, columns, wanted, depth - 1);
  switch (choose(7)) {
    case 0: return make(
      { kind: 'cast', arg: inner(pick(choose, DTYPES.filter((from) => canCast(from, dtype)))), to: dtype, attempt: choose(2) === 0 },
    );
    case 1: {
      const [then, otherwise] = [inner(dtype), inner(dtype)];
      return make({
        kind: 'case', branches: [{ when: inner('bool'), then }], otherwise,
        type: scalar(dtype, { nullable: then.type.nullable || otherwise.type.nullable }),
      });
    }
    case 2: {
      const [a, b] = [inner(dtype), inner('utf8')];
      const type: ValueType = { kind: 'struct', fields: [{ name: 'a', type: a.type }, { name: pick(choose, NAMES), type: b.type }], nullable: false };
      return make({ kind: 'part', arg: make({ kind: 'pack', parts: [a, b], type }), index: 0, type: a.type });
    }
    case 3: {
      const columnsOut = relation([{ name: 'v', type: scalar(dtype) }]);
      const rows = make({ kind: 'values', rows: [[make({ kind: 'literal', value: randomLiteral(choose, dtype), type: scalar(dtype) })]], type: columnsOut });
      if (dtype !== 'bool') return make({ kind: 'subquery', mode: 'scalar', arg: undefined, relation: rows });
      return make({ kind: 'subquery', mode: 'in', arg: inner('bool'), relation: rows });
    }
    default: return randomCall(choose, dtype, inner) ?? leaf(choose, columns, dtype);
  }
}

function randomCall(choose: Choose, dtype: DType, inner: (dtype: DType) => Expr): Expr | undefined {
  for (let attempt = 0; attempt < 12; attempt++) {
    const op = pick(choose, OPS);
    const count = SCALAR[op].arity[0];
    const wanted = Array.from({ length: count }, () => (choose(2) === 0 ? dtype : pick(choose, DTYPES)));
    const result = typeOfCall(op, wanted.map((part) => scalar(part)));
    if (result?.dtype === dtype) return make({ kind: 'call', op, args: wanted.map(inner) });
  }
  return undefined;
}

function columnsOf(choose: Choose): readonly Column[] {
  return Array.from({ length: 1 + choose(4) }, (_, i) => ({ name: `${pick(choose, NAMES)}${i}`, type: scalar(pick(choose, DTYPES), { nullable: choose(2) === 0 }) }));
}

function refOf(input: Relation, index: number): Expr {
  return make({ kind: 'ref', index, type: input.type.columns[index]!.type });
}

const i64 = scalar('i64');
const constant = (choose: Choose): Expr => make({ kind: 'literal', value: BigInt(choose(9)), type: i64 });

export function randomRelation(choose: Choose, depth: number): Relation {
  if (depth <= 0) return randomSource(choose);
  const input = randomRelation(choose, depth - 1);
  const columns = input.type.columns;
  const places = columns.flatMap((column, i) => (column.type.kind === 'scalar' ? [i] : []));
  const any = (): Expr => (places.length === 0 ? constant(choose) : refOf(input, pick(choose, places)));
  const scalarDType = (expr: Expr): ScalarType => (expr.type.kind === 'scalar' ? expr.type : scalar('i64'));
  const keys = (): { expr: Expr; descending: boolean; nullsFirst: boolean }[] =>
    [{ expr: any(), descending: choose(2) === 0, nullsFirst: choose(2) === 0 }];
  switch (choose(12)) {
    case 0: return make({ kind: 'filter', input, predicate: randomExpr(choose, columns, 'bool', 3) });
    case 1: {
      const exprs = Array.from({ length: 1 + choose(4) }, () => randomExpr(choose, columns, pick(choose, DTYPES), 2));
      return make({ kind: 'project', input, exprs, names: exprs.map((_, i) => `${pick(choose, NAMES)}${i}`) });
    }
    case 2: {
      const right = randomRelation(choose, depth - 1);
      const join = pick(choose, ['inner', 'left', 'right', 'full', 'semi', 'anti', 'cross'] as const);
      const on = join === 'cross' ? undefined : randomExpr(choose, [...columns, ...right.type.columns], 'bool', 2);
      return make({ kind: 'join', join, left: input, right, on });
    }
    case 3: {
      const arg = any();
      return make({
        kind: 'aggregate', input, groups: [{ expr: any(), name: 'g' }],
        calls: [
          { op: 'count_star', args: [], distinct: false, filter: undefined, name: 'n', type: i64 },
          { op: 'min', args: [arg], distinct: choose(2) === 0, filter: randomExpr(choose, columns, 'bool', 1), name: 'least', type: { ...scalarDType(arg), nullable: true } },
        ],
      });
    }
    case 4: return make({
      kind: 'window', input, calls: [
        { op: 'row_number', args: [], partition: [any()], order: keys(), frame: undefined, name: 'r', type: i64 },
        {
          op: 'count', args: [any()], partition: [], order: keys(), name: 'c', type: i64,
          frame: { unit: pick(choose, ['rows', 'range', 'groups'] as const), start: { kind: 'unbounded', offset: 0 }, end: { kind: 'offset', offset: choose(5) - 2 } },
        },
      ],
    });
    case 5: return make({ kind: 'sort', input, keys: keys(), limit: choose(2) === 0 ? undefined : choose(10) });
    case 6: return make({ kind: 'limit', input, limit: choose(2) === 0 ? undefined : constant(choose), offset: choose(2) === 0 ? undefined : constant(choose) });
    case 7: return make({ kind: 'distinct', input });
    case 8: return make({ kind: 'setop', op: pick(choose, ['union', 'intersect', 'except'] as const), all: choose(2) === 0, left: input, right: input });
    case 9: {
      const exists = make({ kind: 'subquery', mode: 'exists', arg: undefined, relation: make({
        kind: 'filter', input: randomSource(choose), predicate: make({ kind: 'call', op: 'is_null', args: [make({ kind: 'outer', depth: 1, index: 0, type: columns[0]!.type })] }),
      }) });
      return make({ kind: 'filter', input, predicate: exists });
    }
    case 10: {
      const [feature, width] = [columns.findIndex((column) => column.type.kind === 'tensor' && column.type.dtype === 'f32'), choose(3) + 1];
      if (feature < 0) return randomApply(choose, input);
      const k = (columns[feature]!.type as { readonly dims: readonly number[] }).dims[0]!;
      const layers = [{ weight: weight(choose, [k, width]), bias: choose(2) === 0 ? undefined : weight(choose, [width]), activation: undefined }];
      return make({ kind: 'blocked', input, model: 'wide@1', feature, name: 'b', layers });
    }
    default: return randomApply(choose, input);
  }
}

function randomSource(choose: Choose): Relation {
  const columns = columnsOf(choose);
  switch (choose(3)) {
    case 0: return make(
      { kind: 'series', start: constant(choose), stop: constant(choose), step: constant(choose), inclusive: choose(2) === 0 },
    );
    case 1: {
      const rows = Array.from({ length: choose(3) }, () => columns.map((column) =>
        make({ kind: 'literal', value: randomLiteral(choose, (column.type as ScalarType).dtype), type: column.type as ScalarType })));
      return make({ kind: 'values', rows, type: relation(columns) });
    }
    default: return make({ kind: 'scan', table: pick(choose, NAMES), schema: relation(columns), columns: columns.map((_, i) => i).filter((i) => i === 0 || choose(2) === 0) });
  }
}

function randomApply(choose: Choose, input: Relation): Relation {
  const features = Array.from({ length: 1 + choose(3) }, () => randomExpr(choose, input.type.columns, 'f32', 1));
  const leafNode = make({ kind: 'to_tensor', exprs: features, dtype: 'f32', nulls: pick(choose, ['nan', 'null'] as const) });
  return make({ kind: 'apply', input, model: 'fraud@3', outputs: [{ name: 'p', tensor: randomTensor(choose, leafNode, 4) }] });
}

const f32 = scalar('f32');

function weight(choose: Choose, dims: readonly number[]): Tensor {
  return make({ kind: 'weight', hash: `hash${choose(1000)}`, type: tensor('f32', dims) });
}

/** Tensors over `source` [n, k] that keep the shape [n, something] known. */
export function randomTensor(choose: Choose, source: Tensor, depth: number): Tensor {
  if (depth <= 0) return source;
  const input = randomTensor(choose, source, depth - 1);
  const k = input.type.dims[1] as number;
  const ref = (index: number): Expr => make({ kind: 'ref', index, type: f32 });
  const half = make({ kind: 'literal', value: randomLiteral(choose, 'f32'), type: f32 });
  const body = make({ kind: 'call', op: 'max', args: [make({ kind: 'call', op: 'tanh', args: [ref(0)] }), half] });
  const index = make({ kind: 'fill', value: 0n, type: tensor('i64', [2]) });
  switch (choose(16)) {
    case 0: return make({ kind: 'map', body, inputs: [input] });
    case 1: return make(
      { kind: 'map', body: make({ kind: 'call', op: 'add', args: [ref(0), ref(1)] }), inputs: [input, weight(choose, [k])] },
    );
    case 2: return make(
      { kind: 'reduce', op: pick(choose, ['sum', 'mean', 'max'] as const), input, axes: [1], keepDims: true, last: choose(2) === 0 },
    );
    case 3: return make({ kind: 'matmul', left: input, right: weight(choose, [k, 1 + choose(4)]) });
    case 4: {
      const m = 1 + choose(4);
      const some = choose(2) === 0;
      return make({
        kind: 'dense', input, weight: weight(choose, [k, m]), bias: some ? weight(choose, [m]) : undefined,
        activation: some ? body : undefined, representation: pick(choose, [undefined, 'kernel', 'relational'] as const),
      });
    }
    case 5: return make({ kind: 'reshape', input, dims: ['n', k] });
    case 6: return make(
      { kind: 'transpose', input: make({ kind: 'transpose', input, permutation: [1, 0] }), permutation: [1, 0] },
    );
    case 7: return make({ kind: 'concat', inputs: [input, input], axis: 1 });
    case 8: return make({ kind: 'slice', input, ranges: [undefined, { start: k - 1, step: -1, count: k }] });
    case 9: return make({ kind: 'pad', input, before: [0, 1], after: [0, 2], mode: 'constant', value: NaN });
    case 10: return make({ kind: 'gather', mode: 'take', input, indices: index, axis: 1, batchDims: 0 });
    case 11: return make({ kind: 'topk', input, k: 1, axis: 1, largest: choose(2) === 0, part: 'values' });
    case 12: return make({ kind: 'cumulative', op: 'sum', input, axis: 1, exclusive: choose(2) === 0, reverse: choose(2) === 0 });
    case 13: return make(
      { kind: 'lookup', input, keys: weight(choose, [2]), values: weight(choose, [2]), otherwise: randomLiteral(choose, 'f32') },
    );
    case 14: return make({ kind: 'opaque', op: 'nonzero', inputs: [input], attributes: { b: [1, -0, NaN], a: { 'x y': null, s: 'text' } }, part: choose(2), type: tensor('f32', ['n', k]) });
    default: return randomWide(choose, input);
  }
}

/** Kinds of four dims, or of many inputs. */
function randomWide(choose: Choose, input: Tensor): Tensor {
  const k = input.type.dims[1] as number;
  const image = make({ kind: 'reshape', input: make({ kind: 'expand', input, dims: ['n', k] }), dims: ['n', 1, 1, k] });
  const window = { strides: [1, 1], dilations: [1, 1], before: [0, 0], after: [0, 0] };
  const constants = (dtype: DType, dims: readonly number[]): Tensor => make(
    { kind: 'weight', hash: `t${choose(9)}`, type: tensor(dtype, dims) },
  );
  switch (choose(4)) {
    case 0: {
      const conv = make({ kind: 'conv', input: image, weight: weight(choose, [1, 1, 1, 1]), bias: undefined, ...window, groups: 1, transposed: choose(2) === 0 });
      return make({ kind: 'reshape', input: conv, dims: ['n', k] });
    }
    case 1: {
      const pool = make({ kind: 'pool', op: pick(choose, ['max', 'mean', 'lp'] as const), input: image, window: [1, 1], ...window, countPadding: choose(2) === 0, order: 2 });
      return make({ kind: 'reshape', input: pool, dims: ['n', k] });
    }
    case 2: return make({
      kind: 'scatter', mode: 'elements', input, indices: constants('i64', [1, k]), updates: weight(choose, [1, k]), axis: 0, combine: 'add',
    });
    default: return make({
      kind: 'tree_ensemble', input, roots: constants('i32', [1]), feature: constants('i32', [3]), threshold: constants('f32', [3]), mode: constants('u8', [3]),
      yes: constants('i32', [3]), no: constants('i32', [3]), missingYes: constants('u8', [3]), leafTarget: constants('i32', [2]), leafWeight: constants('f32', [2]),
      base: choose(2) === 0 ? undefined : constants('f32', [2]), targets: 2, combine: pick(choose, ['sum', 'mean'] as const),
    });
  }
}

/** Any node: relation, tensor or expression. */
export function randomNode(choose: Choose): Node {
  if (choose(5) === 0) return randomExpr(choose, columnsOf(choose), pick(choose, DTYPES), 4);
  if (choose(3) === 0) {
    return randomTensor(choose, make({ kind: 'input', name: pick(choose, NAMES), type: tensor('f32', ['n', 1 + choose(5)]) }), 6);
  }
  return randomRelation(choose, 4);
}
