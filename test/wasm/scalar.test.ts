/** Every scalar primitive tile programs have, against the oracle; polynomials within 4 ULP of the exact value. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ModuleBuilder } from '../../backends/wasm/dsl.js';
import { emitBody } from '../../backends/wasm/kernels/map.js';
import { loadQuad, storeQuad } from '../../backends/wasm/kernels/quad.js';
import { SCALAR_QUAD } from '../../backends/wasm/kernels/scalar-quad.js';
import { make } from '../../ir/build.js';
import type { DType } from '../../ir/dtype.js';
import type { Expr, Tensor } from '../../ir/node.js';
import { typeOfCall, type ScalarOp } from '../../ir/scalar.js';
import type { TensorValue } from '../../ir/tensor-data.js';
import { scalar } from '../../ir/type.js';
import { run } from './instantiate.js';
import { check, erf, leaf, random } from './tile.js';

const SPECIAL: Readonly<Record<string, readonly (number | bigint)[]>> = {
  f32: [
    0,
    -0,
    1,
    -1,
    0.5,
    -0.5,
    1.5,
    2.5,
    -2.5,
    0.49999997,
    3.25,
    -7.75,
    100,
    -100,
    1e-30,
    1e30,
    NaN,
    Infinity,
    -Infinity,
    2,
    3,
    -3,
  ],
  f64: [
    0,
    -0,
    1,
    -1,
    0.5,
    -0.5,
    1.5,
    2.5,
    -2.5,
    0.49999999999999994,
    3.25,
    -7.75,
    100,
    -100,
    1e-300,
    1e300,
    NaN,
    Infinity,
    -Infinity,
    2,
    3,
    -3,
  ],
  i32: [0, 1, -1, 2, -2, 7, -7, 100, 2147483647, -2147483648, 3, -3],
  i64: [0n, 1n, -1n, 2n, -2n, 7n, -7n, 100n, 9223372036854775807n, -9223372036854775808n, 3n, -3n],
  bool: [0, 1],
};
const ARRAYS = { f32: Float32Array, f64: Float64Array, i32: Int32Array, i64: BigInt64Array, bool: Uint8Array } as const;

function tensorOf(dtype: DType, values: readonly (number | bigint)[]): TensorValue {
  const data = new ARRAYS[dtype as 'f32'](values as number[]);
  return { dtype, dims: [values.length, 1], data };
}

/** gamma and int-only oddities that the oracle leaves open are not compared. */
const LEFT_OUT: ReadonlySet<ScalarOp> = new Set<ScalarOp>(['gamma', 'coalesce']);

/** Integers that overflow are errors of SQL, and open in models. */
const CHECKED: ReadonlySet<ScalarOp> = new Set<ScalarOp>(['add', 'sub', 'mul', 'neg', 'abs']);

function comparable(op: ScalarOp, dtype: DType, [a, b]: readonly (number | bigint)[]): boolean {
  if (!dtype.startsWith('i')) return true;
  if (CHECKED.has(op)) return [a!, b!].every((value) => value < 1_000_000 && value > -1_000_000);
  if (op === 'shift_left') return b! >= 0 && b! < 3 && a! < 1_000_000 && a! > -1_000_000;
  return op === 'mod' ? Number(b) !== 0 : !op.includes('shift_') || b! >= 0;
}

for (const [op, emit] of Object.entries(SCALAR_QUAD) as [ScalarOp, unknown][]) {
  if (emit === undefined || LEFT_OUT.has(op)) continue;
  for (const dtype of ['f32', 'f64', 'i32', 'i64', 'bool'] as const) {
    for (const arity of [1, 2]) {
      if (
        typeOfCall(
          op,
          Array.from({ length: arity }, () => scalar(dtype)),
        ) === undefined
      )
        continue;
      test(`${op} of ${arity} ${dtype}`, () => {
        const inputs = Array.from({ length: arity }, (_, i) => leaf(dtype, 1, i));
        const body = make({
          kind: 'call',
          op,
          args: inputs.map((_, i): Expr => make({ kind: 'ref', index: i, type: scalar(dtype) })),
        });
        const values = SPECIAL[dtype]!;
        const pairs = values
          .flatMap((a) => (arity === 1 ? [[a, a]] : values.map((b) => [a, b])))
          .filter((pair) => comparable(op, dtype, pair));
        const leaves = new Map<Tensor, TensorValue>(
          inputs.map((input, i) => [
            input,
            tensorOf(
              dtype,
              pairs.map((pair) => pair[i]!),
            ),
          ]),
        );
        check([make({ kind: 'map', body, inputs })], leaves, {
          tolerance: { relative: dtype === 'f32' ? 4e-7 : 1e-14, absolute: 1e-300 },
        });
      });
    }
  }
}

for (const from of ['f32', 'f64', 'i32', 'i64', 'bool'] as const) {
  for (const to of ['f32', 'f64', 'i32', 'i64', 'bool'] as const) {
    test(`cast ${from} to ${to}`, () => {
      const input = leaf(from, 1);
      const body = make({ kind: 'cast', arg: make({ kind: 'ref', index: 0, type: scalar(from) }), to, attempt: false });
      const values = SPECIAL[from]!.filter(
        (value) => !to.startsWith('i') || (Number.isFinite(Number(value)) && Math.abs(Number(value)) < 2 ** 31),
      );
      check([make({ kind: 'map', body, inputs: [input] })], new Map([[input as Tensor, tensorOf(from, values)]]));
    });
  }
}

test('case, literals and constants of the row beside columns', () => {
  const input = leaf('f32', 3);
  const x: Expr = make({ kind: 'ref', index: 0, type: scalar('f32') });
  const zero = make({ kind: 'literal', value: 0, type: scalar('f32') });
  const body = make({
    kind: 'case',
    branches: [
      {
        when: make({ kind: 'call', op: 'ieee_lt', args: [x, zero] }),
        then: make({ kind: 'ref', index: 1, type: scalar('f32') }),
      },
      { when: make({ kind: 'call', op: 'is_nan', args: [x] }), then: zero },
    ],
    otherwise: x,
    type: scalar('f32'),
  });
  const other = make({ kind: 'map', body: make({ kind: 'call', op: 'mul', args: [x, x] }), inputs: [input] });
  const narrow = make({ kind: 'slice', input: other, ranges: [undefined, { start: 2, step: -1, count: 1 }] });
  const next = random(3);
  const data = Float32Array.from({ length: 3 * 37 }, (_, i) => (i % 11 === 0 ? NaN : next() - 0.5));
  check(
    [make({ kind: 'map', body, inputs: [input, narrow] })],
    new Map([[input as Tensor, { dtype: 'f32', dims: [37, 3], data }]]),
  );
});

/** Distance in floats between neighbours around the exact value. */
function ulps(found: number, exact: number, dtype: 'f32' | 'f64'): number {
  const rounded = dtype === 'f32' ? Math.fround(exact) : exact;
  if (Object.is(found, rounded) || (Number.isNaN(found) && Number.isNaN(rounded)) || found === rounded) return 0;
  if (!Number.isFinite(rounded) || !Number.isFinite(found)) return Infinity;
  const least = dtype === 'f32' ? 2 ** -149 : Number.MIN_VALUE;
  const unit =
    dtype === 'f32'
      ? 2 ** (Math.floor(Math.log2(Math.abs(exact))) - 23)
      : 2 ** (Math.floor(Math.log2(Math.abs(exact))) - 52);
  return Math.abs(found - exact) / Math.max(least, unit);
}

const EXACT = {
  exp: Math.exp,
  ln: Math.log,
  tanh: Math.tanh,
  sigmoid: (x: number) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x))),
  erf,
} as const;
const RANGES = { exp: [-110, 90], ln: [0, 1], tanh: [-12, 12], sigmoid: [-110, 110], erf: [-5, 5] } as const;

for (const op of Object.keys(EXACT) as (keyof typeof EXACT)[]) {
  for (const dtype of ['f32', 'f64'] as const) {
    if (dtype === 'f64' && (op === 'tanh' || op === 'erf')) continue;
    for (const relaxedSimd of [false, true]) {
      test(`${op} of ${dtype} is within 4 ULP, relaxed ${relaxedSimd}`, () => {
        const module = new ModuleBuilder({ relaxedSimd });
        const body = make({ kind: 'call', op, args: [make({ kind: 'ref', index: 0, type: scalar(dtype) })] });
        const width = dtype === 'f32' ? 4 : 8;
        module.define(
          'main',
          { params: { from: 'i32', to: 'i32', count: 'i32' }, export: true },
          (f, { from, to, count }) => {
            f.forRange({ to: count, step: 4 }, (i) =>
              storeQuad(
                f,
                f.let(to.add(i.mul(width))),
                emitBody({ f, module }, body, [loadQuad(f, dtype, f.let(from.add(i.mul(width))))]),
              ),
            );
          },
        );
        const running = run(module);
        const next = random(11);
        const [least, most] = RANGES[op];
        const value = (i: number): number => {
          if (op === 'ln')
            return (
              2 ** ((next() - 0.5) * (dtype === 'f32' ? 296 : 2100)) * (i % 2 === 0 ? 1 : 0) + (i % 2) * (0.5 + next())
            );
          return i % 3 === 0
            ? (next() - 0.5) * 2
            : least + next() * (most - least) * (dtype === 'f64' && op === 'exp' ? 7 : 1);
        };
        const count = 100_000;
        const inputs =
          dtype === 'f32'
            ? Float32Array.from({ length: count }, (_, i) => value(i))
            : Float64Array.from({ length: count }, (_, i) => value(i));
        const from = running.put(inputs);
        const to = running.reserve(count * width);
        running.call('main', from, to, count);
        const found =
          dtype === 'f32' ? new Float32Array(running.buffer, to, count) : new Float64Array(running.buffer, to, count);
        let [worst, at] = [0, 0];
        for (let i = 0; i < count; i++) {
          const error = ulps(found[i]!, EXACT[op](inputs[i]!), dtype);
          if (error > worst) [worst, at] = [error, inputs[i]!];
        }
        assert.ok(worst <= 4, `${worst} ULP at ${at}`);
      });
    }
  }
}

test.run();
