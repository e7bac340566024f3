/** Random well-typed nodes of every kind, for property tests: from a seed, so that a failure can be repeated. */
import { make } from '../../ir/build.js';
import type { DType } from '../../ir/dtype.js';
import type { Expr, Node, Relation } from '../../ir/node.js';
import { canCast } from '../../ir/scalar/cast.js';
import { SCALAR, typeOfCall, type ScalarOp } from '../../ir/scalar.js';
import { relation, scalar, tensor, type Column, type ScalarType, type ValueType } from '../../ir/type.js';
import { randomTensor, weight } from './random-tensors.js';
import { pick, randomLiteral, type Choose } from './random-values.js';

const DTYPES: readonly DType[] = [
  'bool',
  'i8',
  'i32',
  'i64',
  'u64',
  'f16',
  'f32',
  'f64',
  'decimal(15,2)',
  'utf8',
  'blob',
  'date',
  'time',
  'timestamp',
  'interval',
];
const NAMES = [
  'id',
  'amount',
  'weird name',
  'x"y',
  'select',
  'né',
  '',
  'return',
  'type',
  'model',
  'none',
  'line\nbreak',
  '-',
  '%1',
  'true',
  'nan',
  '-- no comment',
  ']',
  'a\0b',
  '\ud800',
  '\u2028',
  '__proto__',
] as const;

function literal(choose: Choose, dtype: DType): Expr {
  const isNull = choose(6) === 0;
  return make({
    kind: 'literal',
    value: isNull ? null : randomLiteral(choose, dtype),
    type: scalar(dtype, { nullable: isNull }),
  });
}

function leaf(choose: Choose, columns: readonly Column[], dtype: DType): Expr {
  const fitting = columns.flatMap((column, index) =>
    column.type.kind === 'scalar' && column.type.dtype === dtype ? [{ column, index }] : [],
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
    case 0:
      return make({
        kind: 'cast',
        arg: inner(
          pick(
            choose,
            DTYPES.filter((from) => canCast(from, dtype)),
          ),
        ),
        to: dtype,
        attempt: choose(2) === 0,
      });
    case 1: {
      const [then, otherwise] = [inner(dtype), inner(dtype)];
      return make({
        kind: 'case',
        branches: [{ when: inner('bool'), then }],
        otherwise,
        type: scalar(dtype, { nullable: then.type.nullable || otherwise.type.nullable }),
      });
    }
    case 2: {
      const [a, b] = [inner(dtype), inner('utf8')];
      const type: ValueType = {
        kind: 'struct',
        fields: [
          { name: 'a', type: a.type },
          { name: pick(choose, NAMES), type: b.type },
        ],
        nullable: false,
      };
      return make({ kind: 'part', arg: make({ kind: 'pack', parts: [a, b], type }), index: 0, type: a.type });
    }
    case 3: {
      const columnsOut = relation([{ name: 'v', type: scalar(dtype) }]);
      const rows = make({
        kind: 'values',
        rows: [[make({ kind: 'literal', value: randomLiteral(choose, dtype), type: scalar(dtype) })]],
        type: columnsOut,
      });
      if (dtype !== 'bool') return make({ kind: 'subquery', mode: 'scalar', arg: undefined, relation: rows });
      return make({ kind: 'subquery', mode: 'in', arg: inner('bool'), relation: rows });
    }
    default:
      return randomCall(choose, dtype, inner) ?? leaf(choose, columns, dtype);
  }
}

function randomCall(choose: Choose, dtype: DType, inner: (dtype: DType) => Expr): Expr | undefined {
  for (let attempt = 0; attempt < 12; attempt++) {
    const op = pick(choose, OPS);
    const count = SCALAR[op].arity[0];
    const wanted = Array.from({ length: count }, () => (choose(2) === 0 ? dtype : pick(choose, DTYPES)));
    const result = typeOfCall(
      op,
      wanted.map((part) => scalar(part)),
    );
    if (result?.dtype === dtype) return make({ kind: 'call', op, args: wanted.map(inner) });
  }
  return undefined;
}

function columnsOf(choose: Choose): readonly Column[] {
  return Array.from({ length: 1 + choose(4) }, (_, i) => ({
    name: `${pick(choose, NAMES)}${i}`,
    type: scalar(pick(choose, DTYPES), { nullable: choose(2) === 0 }),
  }));
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
  const column = (): Expr => (places.length === 0 ? constant(choose) : refOf(input, pick(choose, places)));
  switch (choose(12)) {
    case 0:
      return make({ kind: 'filter', input, predicate: randomExpr(choose, columns, 'bool', 3) });
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
    case 3:
      return randomAggregate(choose, input, column);
    case 4:
      return randomWindow(choose, input, column);
    case 5:
      return make({
        kind: 'sort',
        input,
        keys: randomKeys(choose, column),
        limit: choose(2) === 0 ? undefined : choose(10),
      });
    case 6:
      return make({
        kind: 'limit',
        input,
        limit: choose(2) === 0 ? undefined : constant(choose),
        offset: choose(2) === 0 ? undefined : constant(choose),
      });
    case 7:
      return make({ kind: 'distinct', input });
    case 8:
      return make({
        kind: 'setop',
        op: pick(choose, ['union', 'intersect', 'except'] as const),
        all: choose(2) === 0,
        left: input,
        right: input,
      });
    case 9:
      return randomExists(choose, input);
    case 10:
      return randomBlocked(choose, input);
    default:
      return randomApply(choose, input);
  }
}

type ColumnOf = () => Expr;

function randomKeys(choose: Choose, column: ColumnOf): { expr: Expr; descending: boolean; nullsFirst: boolean }[] {
  return [{ expr: column(), descending: choose(2) === 0, nullsFirst: choose(2) === 0 }];
}

function randomAggregate(choose: Choose, input: Relation, column: ColumnOf): Relation {
  const { columns } = input.type;
  const arg = column();
  return make({
    kind: 'aggregate',
    input,
    groups: [{ expr: column(), name: 'g' }],
    calls: [
      { op: 'count_star', args: [], distinct: false, filter: undefined, name: 'n', type: i64 },
      {
        op: 'min',
        args: [arg],
        distinct: choose(2) === 0,
        filter: randomExpr(choose, columns, 'bool', 1),
        name: 'least',
        type: { ...(arg.type.kind === 'scalar' ? arg.type : i64), nullable: true },
      },
    ],
  });
}

function randomWindow(choose: Choose, input: Relation, column: ColumnOf): Relation {
  return make({
    kind: 'window',
    input,
    calls: [
      {
        op: 'row_number',
        args: [],
        partition: [column()],
        order: randomKeys(choose, column),
        frame: undefined,
        name: 'r',
        type: i64,
      },
      {
        op: 'count',
        args: [column()],
        partition: [],
        order: randomKeys(choose, column),
        name: 'c',
        type: i64,
        frame: {
          unit: pick(choose, ['rows', 'range', 'groups'] as const),
          start: { kind: 'unbounded', offset: 0 },
          end: { kind: 'offset', offset: choose(5) - 2 },
        },
      },
    ],
  });
}

function randomExists(choose: Choose, input: Relation): Relation {
  const { columns } = input.type;
  const exists = make({
    kind: 'subquery',
    mode: 'exists',
    arg: undefined,
    relation: make({
      kind: 'filter',
      input: randomSource(choose),
      predicate: make({
        kind: 'call',
        op: 'is_null',
        args: [make({ kind: 'outer', depth: 1, index: 0, type: columns[0]!.type })],
      }),
    }),
  });
  return make({ kind: 'filter', input, predicate: exists });
}

function randomBlocked(choose: Choose, input: Relation): Relation {
  const { columns } = input.type;
  const [feature, width] = [
    columns.findIndex((column) => column.type.kind === 'tensor' && column.type.dtype === 'f32'),
    choose(3) + 1,
  ];
  if (feature < 0) return randomApply(choose, input);
  const k = (columns[feature]!.type as { readonly dims: readonly number[] }).dims[0]!;
  const layers = [
    {
      weight: weight(choose, [k, width]),
      bias: choose(2) === 0 ? undefined : weight(choose, [width]),
      activation: undefined,
    },
  ];
  return make({ kind: 'blocked', input, model: 'wide@1', feature, name: 'b', layers });
}

function randomSource(choose: Choose): Relation {
  const columns = columnsOf(choose);
  switch (choose(3)) {
    case 0:
      return make({
        kind: 'series',
        start: constant(choose),
        stop: constant(choose),
        step: constant(choose),
        inclusive: choose(2) === 0,
      });
    case 1: {
      const rows = Array.from({ length: choose(3) }, () =>
        columns.map((column) =>
          make({
            kind: 'literal',
            value: randomLiteral(choose, (column.type as ScalarType).dtype),
            type: column.type as ScalarType,
          }),
        ),
      );
      return make({ kind: 'values', rows, type: relation(columns) });
    }
    default:
      return make({
        kind: 'scan',
        table: pick(choose, NAMES),
        schema: relation(columns),
        columns: columns.map((_, i) => i).filter((i) => i === 0 || choose(2) === 0),
      });
  }
}

function randomApply(choose: Choose, input: Relation): Relation {
  const features = Array.from({ length: 1 + choose(3) }, () => randomExpr(choose, input.type.columns, 'f32', 1));
  const leafNode = make({
    kind: 'to_tensor',
    exprs: features,
    dtype: 'f32',
    nulls: pick(choose, ['nan', 'null'] as const),
  });
  return make({
    kind: 'apply',
    input,
    model: 'fraud@3',
    outputs: [{ name: 'p', tensor: randomTensor(choose, leafNode, 4) }],
  });
}

/** Any node: relation, tensor or expression. */
export function randomNode(choose: Choose): Node {
  if (choose(5) === 0) return randomExpr(choose, columnsOf(choose), pick(choose, DTYPES), 4);
  if (choose(3) === 0) {
    return randomTensor(
      choose,
      make({ kind: 'input', name: pick(choose, NAMES), type: tensor('f32', ['n', 1 + choose(5)]) }),
      6,
    );
  }
  return randomRelation(choose, 4);
}
