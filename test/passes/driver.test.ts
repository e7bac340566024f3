/** The driver: blames, verifies, times, bounds groups; placement: what fits the budget, what is decided and why. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { make } from '../../ir/build.js';
import type { Relation } from '../../ir/node.js';
import { postorder } from '../../ir/rewrite.js';
import { tensor } from '../../ir/type.js';
import { allows, PassError } from '../../passes/driver.js';
import { estimateDense } from '../../passes/estimate-representation.js';
import { optimise } from '../../passes/optimise.js';
import type { Pass } from '../../passes/pass.js';
import { placeOperators } from '../../passes/place-operators.js';
import { DEFAULT_RATES } from '../../passes/rates.js';
import {
  apply,
  call,
  col,
  Constants,
  expectUnchanged,
  features,
  filter,
  goldenPass,
  lit,
  outer,
  project,
  ref,
  run,
  scan,
  subquery,
} from './plans.js';

const t = scan('t');
const budgetBytes = 2 ** 28;
const tensors = new Constants();

function passOf(change: Partial<Pass>): Pass {
  return { name: 'trial', doc: '', stage: 'bound', numerics: 'exact', run: (plan) => plan, ...change };
}

test('a pass that leaves an invalid plan is named', () => {
  const broken = passOf({ run: (plan) => make({ kind: 'filter', input: plan, predicate: ref(0) }) });
  assert.throws(() => optimise(t, { tensors, budgetBytes, pipeline: [broken] }), (error: unknown) =>
    error instanceof PassError && error.pass === 'trial' && /pass trial: leaves an invalid plan/.test(error.message));
});

test('a pass that throws is named; a signal of the context is passed on as it is', () => {
  const signal = new Error('not loaded yet');
  const failing = passOf({ run: () => { throw signal; } });
  assert.throws(
    () => optimise(t, { tensors, budgetBytes, pipeline: [failing] }),
    (error: unknown) => error instanceof PassError && error.cause === signal,
  );
  assert.throws(
    () => optimise(t, { tensors, budgetBytes, pipeline: [failing], isSignal: (error) => error === signal }),
    (error: unknown) => error === signal,
  );
});

test('a group runs until nothing changes, and no more often than its bound', () => {
  const growing = passOf({ run: (plan) => project(plan, call('add', col(plan, 0), lit(1))) });
  const { timings } = optimise(t, { tensors, budgetBytes, pipeline: [{ passes: [growing], bound: 3 }] });
  assert.equal(timings.map(({ changed }) => changed), [true, true, true]);
  const idle = optimise(t, { tensors, budgetBytes, pipeline: [{ passes: [passOf({})], bound: 3 }] });
  assert.equal(idle.timings.map(({ pass, changed }) => `${pass} ${changed}`), ['trial false']);
});

test('passes beyond the allowed numerics do not run', () => {
  assert.ok(allows({ ulp: 2 }, { ulp: 1 }) && allows('approximate', { ulp: 9 }) && allows('exact', 'exact'));
  assert.not.ok(allows('exact', { ulp: 1 }) || allows({ ulp: 1 }, { ulp: 2 }) || allows({ ulp: 100 }, 'approximate'));
  const { timings } = optimise(t, { tensors, budgetBytes, pipeline: [passOf({ numerics: 'approximate' })] });
  assert.is(timings.length, 0);
});

test('types settle after a pass: a reference has the nullability its column came to have', () => {
  const outer = make({ kind: 'join', join: 'left', left: t, right: scan('v'), on: call('eq', ref(0), ref(3)) });
  const { plan } = optimise(project(filter(outer, call('gt', col(outer, 3), lit(0))), col(outer, 3)), {
    tensors,
    budgetBytes,
  });
  assert.is(plan.type.columns[0]!.type.nullable, false);
});

function layers(...widths: readonly number[]): Relation {
  let current = features(t, [0, 1]);
  let inputs = 2;
  for (const outputs of widths) {
    const weight = make({ kind: 'weight', hash: `w${inputs}x${outputs}`, type: tensor('f32', [inputs, outputs]) });
    current = make({
      kind: 'dense',
      input: current,
      weight,
      bias: undefined,
      activation: undefined,
      representation: undefined,
    });
    inputs = outputs;
  }
  return apply(t, current);
}

function representations(plan: Relation): readonly unknown[] {
  return postorder(plan).flatMap((node) => (node.kind === 'dense' ? [node.representation] : []));
}

test('layers that fit are kernels; one whose weights do not fit the budget is relational, with the reason', () => {
  const fitting = run(placeOperators, layers(256, 2));
  assert.equal(representations(fitting.plan), ['kernel', 'kernel']);
  const { plan, decisions } = run(placeOperators, layers(8, 2 ** 21), { budgetBytes: 2 ** 26 });
  assert.equal(decisions.map(({ chosen }) => chosen), ['kernel', 'relational']);
  assert.match(decisions[1]!.reason, /the kernel would hold \d+\.\d MiB of the 32\.0 MiB it may/);
  assert.equal(representations(plan), decisions.map(({ chosen }) => chosen));
  goldenPass('place-operators', placeOperators, layers(8, 2 ** 21), { budgetBytes: 2 ** 26 });
  assert.ok(decisions.every(({ node }) => postorder(plan).includes(node)));
  assert.ok(decisions.every(({ native }) => native.ms > 0 && native.bytes > 0));
});

test('layers that fit one by one but not together are not all kernels; a weight they share counts once', () => {
  const budget = { budgetBytes: 2 ** 26 - 1 };
  const { decisions } = run(placeOperators, layers(2048, 2048, 2049, 1), budget);
  const held = decisions.filter(({ chosen }) => chosen === 'kernel').reduce((sum, { kernel }) => sum + kernel.bytes, 0);
  assert.ok(held <= 2 ** 25 && decisions.some(({ chosen }) => chosen === 'relational'));
  assert.ok(
    run(placeOperators, layers(2048, 2048, 2048, 1), budget).decisions.every(({ chosen }) => chosen === 'kernel'),
  );
});

test('a plan without layers is not placed, and a placed layer keeps its representation', () => {
  expectUnchanged(placeOperators, filter(t, call('gt', ref(0), lit(1))));
  const placed = run(placeOperators, layers(8)).plan;
  expectUnchanged(placeOperators, placed);
});

test('a plan that still has a correlated subquery is not placed: it is refused by name where it gets no code', () => {
  const [above, u] = [layers(8), scan('u')];
  const correlated = subquery('exists', filter(u, call('eq', col(u, 0), outer(above, 0))));
  expectUnchanged(placeOperators, filter(above, correlated));
});

test('peak memory of the relational form stays within the share of the budget, however large the weights', () => {
  const size = { rows: 1e6, inputs: 16_384, outputs: 16_384, elementBytes: 4 };
  const { kernel, relational } = estimateDense(size, DEFAULT_RATES, 2 ** 28);
  assert.ok(kernel.bytes > 2 ** 30 && relational.bytes <= 2 ** 28);
});

test.run();
