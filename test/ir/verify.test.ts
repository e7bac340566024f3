import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { make } from '../../ir/build.js';
import type { Expr, Node } from '../../ir/node.js';
import type { Stage } from '../../ir/stage.js';
import { relation, scalar, tensor, type ScalarType } from '../../ir/type.js';
import { verify, verifyModel } from '../../ir/verify.js';
import { randomNode } from '../support/random-nodes.js';

const [i64, f32, bool] = [scalar('i64'), scalar('f32'), scalar('bool')];
const scan = make({
  kind: 'scan',
  table: 't',
  schema: relation([
    { name: 'id', type: i64 },
    { name: 'x', type: scalar('f32', { nullable: true }) },
  ]),
  columns: [0, 1],
});
const ref = (index: number, type: ScalarType = i64): Expr => make({ kind: 'ref', index, type });
const yes = make({ kind: 'literal', value: true, type: bool });

function messages(node: Node, stage: Stage = 'bound'): readonly string[] {
  return verify(node, stage).map((error) => error.message);
}

test('well-formed plans have no errors', () => {
  let state = 1;
  const choose = (below: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >>> 8) % below;
  };
  let checked = 0;
  for (let i = 0; i < 300; i++) {
    const node = randomNode(choose);
    if (node.kind === 'input') continue;
    const errors = messages(node).filter((message) => !/representation|there is no row here/.test(message));
    assert.equal(errors, []);
    checked++;
  }
  assert.ok(checked > 200);
});

test('a reference has the type of the column it names, nullability included', () => {
  assert.equal(
    messages(
      make({ kind: 'filter', input: scan, predicate: make({ kind: 'call', op: 'is_nan', args: [ref(1, f32)] }) }),
    ),
    ['ref at filter.predicate[0]: found type f32, expected that of column 1 (x), f32?'],
  );
  assert.equal(messages(make({ kind: 'project', input: scan, exprs: [ref(2)], names: ['c'] })), [
    'ref at project.exprs[0]: found column 2, expected one of 2',
  ]);
});

test('all errors are reported, each with its path', () => {
  const bad = make({
    kind: 'filter',
    input: make({ kind: 'project', input: scan, exprs: [ref(7)], names: ['c'] }),
    predicate: ref(0),
  });
  assert.equal(messages(bad), [
    'ref at filter.input:project.exprs[0]: found column 7, expected one of 2',
    'ref at filter.predicate: found a condition of i64, expected bool',
  ]);
});

test('sides of a set operation agree', () => {
  const other = make({
    kind: 'project',
    input: scan,
    exprs: [ref(1, scalar('f32', { nullable: true })), ref(0)],
    names: ['a', 'b'],
  });
  assert.match(
    messages(make({ kind: 'setop', op: 'union', all: true, left: scan, right: other })).join(),
    /column 0 of i64 and f32\?/,
  );
});

test('a literal is of the form of its dtype', () => {
  const wrong = make({ kind: 'literal', value: 5, type: i64 });
  assert.match(
    messages(make({ kind: 'limit', input: scan, limit: wrong, offset: undefined })).join(),
    /found a number, expected a value of i64/,
  );
  assert.match(messages(make({ kind: 'literal', value: null, type: i64 })).join(), /found NULL/);
});

test('outer references need an enclosing query, and are gone when placed', () => {
  const outer = make({ kind: 'outer', depth: 1, index: 0, type: i64 });
  const inner = make({
    kind: 'filter',
    input: scan,
    predicate: make({ kind: 'call', op: 'eq', args: [ref(0), outer] }),
  });
  const exists = make({ kind: 'subquery', mode: 'exists', arg: undefined, relation: inner });
  const query = make({ kind: 'filter', input: scan, predicate: exists });
  assert.equal(messages(query), []);
  assert.match(messages(query, 'placed').join(), /correlated subqueries are joins by now/);
  assert.match(messages(inner).join(), /found depth 1, expected an enclosing query/);
});

test('a model in a plan reads rows, and its outputs are rows', () => {
  const features = make({
    kind: 'to_tensor',
    exprs: [ref(1, scalar('f32', { nullable: true }))],
    dtype: 'f32',
    nulls: 'nan',
  });
  const dense = (k: number) =>
    make({
      kind: 'dense',
      input: features,
      weight: make({ kind: 'weight', hash: 'w', type: tensor('f32', [k, 2]) }),
      bias: undefined,
      activation: undefined,
      representation: undefined,
    });
  const applied = (node: ReturnType<typeof dense>) =>
    make({ kind: 'apply', input: scan, model: 'm@1', outputs: [{ name: 'p', tensor: node }] });
  assert.equal(messages(applied(dense(1))), []);
  assert.match(messages(applied(dense(3))).join(), /found an input of 1 features, expected the weight's 3/);
  assert.match(messages(applied(dense(1)), 'placed').join(), /every dense layer a representation/);
  const constant = make({ kind: 'fill', value: 0, type: tensor('f32', [4]) });
  assert.match(
    messages(make({ kind: 'apply', input: scan, model: 'm@1', outputs: [{ name: 'p', tensor: constant }] })).join(),
    /expected the leading dim n/,
  );
});

test('a model lists the inputs it reads', () => {
  const x = make({ kind: 'input', name: 'x', type: tensor('f32', ['n', 2]) });
  const outputs = [{ name: 'y', tensor: x, map: undefined }];
  assert.equal(verifyModel({ name: 'm', inputs: [x], outputs }), []);
  assert.match(
    verifyModel({ name: 'm', inputs: [], outputs })[0]!.message,
    /found input x, expected one that the model lists/,
  );
});

test('a stale type is found', () => {
  const stale = make({
    kind: 'join',
    join: 'left',
    left: scan,
    right: scan,
    on: yes,
    type: relation([...scan.type.columns, ...scan.type.columns]),
  });
  assert.match(messages(stale).join(), /found type rel\{.*\}, expected rel\{.*id: i64\?/);
});

test.run();
