/** Every pass alone, and all of them together, keep the rows of random plans, as the oracle sees them. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Relation } from '../../ir/node.js';
import { optimise } from '../../passes/optimise.js';
import type { Pass } from '../../passes/pass.js';
import { PIPELINE } from '../../passes/pipeline.js';
import { settleTypes } from '../../passes/settle-types.js';
import { bag, Constants, evaluate, run } from './plans.js';
import { randomModelPlan } from './random-models.js';
import { randomPlan } from './random-plans.js';

const PASSES: readonly Pass[] = [...new Set(PIPELINE.flatMap((step) => ('passes' in step ? step.passes : [step])))];
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 150);

function randomSettled(seed: number, subqueries: boolean): Relation {
  return settleTypes(randomPlan(seed, { depth: 3, subqueries }));
}

function checkAll(rewrite: (plan: Relation) => Relation): void {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1_000_000 }), fc.boolean(), (seed, subqueries) => {
      const plan = randomSettled(seed, subqueries);
      assert.equal(bag(evaluate(rewrite(plan))), bag(evaluate(plan)));
    }),
    { seed: 7, numRuns: RUNS },
  );
}

for (const pass of PASSES) {
  test(`${pass.name} keeps the rows of random plans`, () => checkAll((plan) => run(pass, plan).plan));
  test(`${pass.name} keeps the rows of random models`, () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), (seed) => {
        const { plan, tensors } = randomModelPlan(seed);
        const settled = settleTypes(plan);
        assert.equal(bag(evaluate(run(pass, settled, { tensors }).plan, tensors)), bag(evaluate(settled, tensors)));
      }),
      { seed: 7, numRuns: RUNS },
    );
  });
}

test('the whole pipeline keeps the rows of random plans', () => {
  checkAll((plan) => optimise(plan, { tensors: new Constants(), budgetBytes: 2 ** 28 }).plan);
});

test('the whole pipeline keeps the rows of random models', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1_000_000 }), (seed) => {
      const { plan, tensors } = randomModelPlan(seed);
      const settled = settleTypes(plan);
      assert.equal(
        bag(evaluate(optimise(settled, { tensors, budgetBytes: 2 ** 28 }).plan, tensors)),
        bag(evaluate(settled, tensors)),
      );
    }),
    { seed: 7, numRuns: RUNS },
  );
});

test('the pipeline runs over its own result and keeps the rows', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1_000_000 }), (seed) => {
      const options = { tensors: new Constants(), budgetBytes: 2 ** 28 };
      const once = optimise(randomSettled(seed, false), options).plan;
      const twice = optimise(once, options).plan;
      assert.equal(bag(evaluate(twice)), bag(evaluate(once)));
    }),
    { seed: 7, numRuns: RUNS },
  );
});

test.run();
