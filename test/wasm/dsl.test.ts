/** The DSL: each construct does what its name says, in a real engine. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ModuleBuilder } from '../../backends/wasm/dsl.js';
import { f32x4 } from '../../backends/wasm/lanes.js';
import { f32, load, select } from '../../backends/wasm/values.js';
import { enableSimd } from '../../runtime/executor/simd.js';
import { run } from './instantiate.js';

enableSimd();

test('loops, branches, calls and data segments', () => {
  const module = new ModuleBuilder();
  const table = module.data(new Uint8Array([3, 5, 7]));
  assert.equal(module.data(new Uint8Array([3, 5, 7])).code, table.code);
  const square = module.define('square', { params: { x: 'i32' }, result: 'i32' }, (f, { x }) => f.return(x.mul(x)));
  module.define('main', { params: { n: 'i32' }, result: 'i32', export: true }, (f, { n }) => {
    const sum = f.local('i32', 'sum');
    f.forRange({ to: n }, (i, round) => {
      round.continue(i.eq(2));
      round.break(i.eq(5));
      f.set(sum, sum.add(f.call(square, { x: i })));
    });
    f.switch(n, [() => f.set(sum, -1), () => f.set(sum, load.i8_u(table, 2))], () => f.advance(sum, 1000));
    f.return(select(sum.gt_s(1_000_000), sum.sub(1), sum));
  });
  const { call } = run(module);
  assert.equal(
    [0, 1, 2, 3, 6, 100].map((n) => call('main', n)),
    [-1, 7, 1001, 1001, 1026, 1026],
  );
});

test('the locals of a region are those of the next one, 0 at first again', () => {
  const module = new ModuleBuilder();
  module.define('main', { params: { n: 'i32' }, result: 'i32', export: true }, (f, { n }) => {
    const sum = f.let(n);
    for (let i = 0; i < 20; i++)
      f.region(() => {
        const [count, wide] = [f.local('i32'), f.local('i64')];
        f.advance(count, 1);
        f.region(() => f.set(wide, f.let(n.extend_s())));
        f.set(sum, sum.add(count).add(wide.wrap()));
      });
    f.return(sum);
  });
  assert.is(module.text().match(/\(local /g)!.length, 4);
  const { call } = run(module);
  assert.equal([call('main', 0), call('main', 100)], [20, 100 + 20 * 101]);
});

for (const relaxedSimd of [false, true]) {
  test(`a description is code: used twice it runs twice, relaxed ${relaxedSimd}`, () => {
    const module = new ModuleBuilder({ relaxedSimd });
    module.define('main', { params: { p: 'i32' }, result: 'f32', export: true }, (f, { p }) => {
      const first = load.v128(p);
      const before = f.let(f32x4.lane(first, 1));
      f.store.v128(p, f32x4.madd(first, f32x4.splat(f32(2)), first));
      f.return(before.add(f32x4.lane(first, 1).mul(10)));
    });
    const { call, put } = run(module);
    assert.is(call('main', put(Float32Array.of(1, 2, 3, 4))), 62);
  });
}

test.run();
