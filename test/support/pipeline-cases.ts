/** A small world for pipeline tests: two tables, short names for expressions, and the comparison with the oracle. */
import * as assert from 'uvu/assert';
import { emitPlan, type EmitOptions, type EmittedPlan } from '../../backends/emit.js';
import { packWeight, type WeightLayout } from '../../backends/wasm/kernels/weight-layout.js';
import type { WeightSlot } from '../../runtime/plan.js';
import { SIMD128_TIER } from '../../backends/wasm/kernel-tier.js';
import { evaluateRelation } from '../../backends/reference/relation.js';
import { make } from '../../ir/build.js';
import type { DType } from '../../ir/dtype.js';
import type { AggregateCall, Expr, LiteralValue, Relation } from '../../ir/node.js';
import type { ScalarOp } from '../../ir/scalar.js';
import type { Value } from '../../ir/scalar/value.js';
import type { TensorData } from '../../ir/tensor-data.js';
import { relation, scalar, tensor, type RelationType } from '../../ir/type.js';
import { runPlan } from './run-plan.js';

const nullable = (dtype: DType) => scalar(dtype, { nullable: true });

export const ORDERS = relation([
  { name: 'id', type: scalar('i64') },
  { name: 'customer', type: nullable('i32') },
  { name: 'name', type: nullable('utf8') },
  { name: 'amount', type: nullable('f64') },
  { name: 'price', type: nullable('decimal(15,2)') },
  { name: 'day', type: scalar('date') },
  { name: 'flag', type: nullable('bool') },
  { name: 'small', type: scalar('i8') },
  { name: 'vector', type: tensor('f32', [3]) },
  { name: 'at', type: nullable('timestamp') },
]);
export const CUSTOMERS = relation([
  { name: 'id', type: nullable('i32') },
  { name: 'city', type: nullable('utf8') },
  { name: 'score', type: scalar('f32') },
]);

const CITIES = ['Wien', 'Paris', 'København', '', 'Łódź', null, 'a longer name of a city'];

export const TABLES: Readonly<Record<string, readonly (readonly Value[])[]>> = {
  orders: Array.from({ length: 250 }, (_, i) => [
    BigInt(i * 7 - 300),
    i % 11 === 0 ? null : i % 37,
    i % 13 === 0 ? null : `name ${i % 9}`,
    i % 17 === 0 ? null : i % 19 === 0 ? NaN : (i * 1.5) % 41,
    i % 23 === 0 ? null : BigInt((i * 9_973) % 100_000),
    15_000 + ((i * 37) % 900),
    i % 5 === 0 ? null : i % 2 === 0,
    (i % 200) - 100,
    [i, i / 2, -i],
    i % 7 === 0 ? null : BigInt(i) * 86_400_000_000n * 13n + BigInt(i) * 3_723_000_001n - 10n ** 15n,
  ]),
  customers: Array.from({ length: 60 }, (_, i) => [
    i % 20 === 19 ? null : i % 45,
    CITIES[i % CITIES.length]!,
    Math.fround(i * 0.25),
  ]),
};

export function scanOf(table: string, schema: RelationType): Relation {
  return make({ kind: 'scan', table, schema, columns: schema.columns.map((_, i) => i) });
}

export const ordersScan = scanOf('orders', ORDERS);
export const customersScan = scanOf('customers', CUSTOMERS);

export function col(input: Relation, name: string): Expr {
  const index = input.type.columns.findIndex((column) => column.name === name);
  return ref(input, index);
}

export function ref(input: Relation, index: number): Expr {
  return make({ kind: 'ref', index, type: input.type.columns[index]!.type });
}

export const lit = (value: LiteralValue, dtype: DType): Expr =>
  make({ kind: 'literal', value, type: scalar(dtype, { nullable: value === null }) });
export const call = (op: ScalarOp, ...args: readonly Expr[]): Expr => make({ kind: 'call', op, args });
export const columnsOf = (
  groups: readonly { expr: Expr; name: string }[],
  calls: readonly AggregateCall[],
): RelationType =>
  relation([
    ...groups.map((group) => ({ name: group.name, type: group.expr.type })),
    ...calls.map((c) => ({ name: c.name, type: c.type })),
  ]);

const NO_TENSORS = {
  get: (hash: string): never => {
    throw new Error(`no tensor ${hash}`);
  },
};

interface Params {
  readonly values: readonly Value[];
  readonly dtypes: readonly DType[];
}

export function plan(
  relation: Relation,
  tensors: TensorData = NO_TENSORS,
  dtypes: readonly DType[] = [],
  isStored?: EmitOptions['isStored'],
): EmittedPlan {
  return emitPlan(relation, { sql: '', parameters: dtypes, tensors, tier: SIMD128_TIER, isStored });
}

export function run(
  relation: Relation,
  options: {
    readonly params?: Params | undefined;
    readonly tensors?: TensorData | undefined;
    readonly isStored?: EmitOptions['isStored'];
  } = {},
): Value[][] {
  const tensors = options.tensors ?? NO_TENSORS;
  const weight = (slot: WeightSlot): Uint8Array =>
    packWeight(
      slot.hash.split('+').map((hash) => tensors.get(hash)),
      JSON.parse(slot.layout) as WeightLayout,
    );
  return runPlan(plan(relation, tensors, options.params?.dtypes, options.isStored), {
    tables: TABLES,
    params: options.params?.values ?? [],
    weight,
  });
}

/** Rows as sorted lines (as they come where `ordered`), floats to so many digits. */
function lines(
  rows: readonly (readonly Value[])[],
  options: { readonly ordered: boolean; readonly digits: number },
): string[] {
  const text = rows.map((row) =>
    JSON.stringify(row, (_, value: unknown) => {
      if (typeof value === 'bigint') return `${value}n`;
      if (typeof value === 'number')
        return Number.isFinite(value) ? Number(value.toPrecision(options.digits)) : String(value);
      return value;
    }),
  );
  return options.ordered ? text : text.sort();
}

const DIGITS = 12;

export function checkAgainstOracle(
  relation: Relation,
  options: {
    readonly ordered?: boolean;
    readonly params?: Params;
    readonly tensors?: TensorData;
    readonly isStored?: EmitOptions['isStored'];
    readonly digits?: number;
  } = {},
): void {
  const expected = evaluateRelation(relation, {
    tables: (name) => TABLES[name]!,
    params: options.params?.values ?? [],
    tensors: options.tensors ?? NO_TENSORS,
  });
  const found = run(relation, options);
  const form = { ordered: options.ordered === true, digits: options.digits ?? DIGITS };
  assert.equal(lines(found, form), lines(expected, form));
}
