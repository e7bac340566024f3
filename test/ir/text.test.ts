import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { make } from '../../ir/build.js';
import type { Expr, Node, Tensor } from '../../ir/node.js';
import { parse, parseModel } from '../../ir/parse.js';
import { print, printModel } from '../../ir/print.js';
import { children, postorder, withChildren } from '../../ir/rewrite.js';
import { isRelationKind, isStatementKind, SHAPES } from '../../ir/shape.js';
import { relation, scalar, tensor } from '../../ir/type.js';
import { verify } from '../../ir/verify.js';
import { golden } from '../support/golden.js';
import { timesAsLong } from '../support/processor-time.js';
import { randomNode } from '../support/random-nodes.js';

/** Choices from fast-check's numbers, so that it can shrink them. */
const nodes = fc.array(fc.nat(0x7fffffff), { minLength: 300, maxLength: 300 }).map((choices) => {
  let next = 0;
  return randomNode((below) => choices[next++ % choices.length]! % below);
});

test('parse(print(x)) is x, for nodes of every kind', () => {
  const kinds = new Set<string>();
  fc.assert(fc.property(nodes, (node) => {
    for (const part of postorder(node)) kinds.add(part.kind);
    return parse(print(node)) === node;
  }), { numRuns: 400, seed: 7 });
  const missing = Object.keys(SHAPES).filter((kind) => !kinds.has(kind) && kind !== 'shape_of');
  assert.equal(missing, [], 'kinds that no random node had');
});

test('withChildren(x, children(x)) is x', () => {
  fc.assert(
    fc.property(nodes, (node) => postorder(node).every((part) => withChildren(part, children(part)) === part)),
    { numRuns: 60, seed: 3 },
  );
});

test('a mutated text gives a node that can be verified or a ParseError, never another error', () => {
  fc.assert(
    fc.property(
      nodes,
      fc.nat(),
      fc.constantFrom('', '{', '%9', '9', '"', ':', 'x', '\0', '[', ' = ', '[]', '-1', '7', '%0', '%1'),
      (node, at, inserted) => {
    const text = print(node);
    const place = at % text.length;
    try {
      verify(parse(text.slice(0, place) + inserted + text.slice(place + 1)), 'bound');
    } catch (error) {
      if ((error as Error).name !== 'ParseError') throw error;
    }
  }), { numRuns: 1500, seed: 5 });
});

const f32 = scalar('f32');
const ref = (index: number, type = f32): Expr => make({ kind: 'ref', index, type });

function exampleQuery(): Node {
  const schema = relation([
    { name: 'id', type: scalar('i64') },
    { name: 'merchant', type: scalar('utf8', { nullable: true }) },
    { name: 'amount', type: f32 },
  ]);
  const scan = make({ kind: 'scan', table: 'tx', schema, columns: [0, 2, 1] });
  const merchants = make(
    { kind: 'scan', table: 'merchants', schema: relation([{ name: 'name', type: scalar('utf8') }]), columns: [0] },
  );
  const merchant = scalar('utf8', { nullable: true });
  const joined = make({
    kind: 'join', join: 'left', left: scan, right: merchants,
    on: make({
      kind: 'call',
      op: 'eq',
      args: [make({ kind: 'ref', index: 2, type: merchant }), make({ kind: 'ref', index: 3, type: scalar('utf8') })],
    }),
  });
  const features = make({ kind: 'to_tensor', exprs: [ref(1)], dtype: 'f32', nulls: 'nan' });
  const dense = make({
    kind: 'dense',
    input: features,
    weight: make({ kind: 'weight', hash: 'ab12', type: tensor('f32', [1, 2]) }),
    bias: undefined,
    activation: make({ kind: 'call', op: 'sigmoid', args: [ref(0)] }), representation: 'kernel',
  });
  const applied = make({ kind: 'apply', input: joined, model: 'fraud@3', outputs: [{ name: 'p', tensor: dense }] });
  const grouped = make({
    kind: 'aggregate',
    input: applied,
    groups: [{ expr: make({ kind: 'ref', index: 2, type: merchant }), name: 'merchant' }],
    calls: [
      {
        op: 'sum',
        args: [ref(1)],
        distinct: false,
        filter: undefined,
        name: 'total',
        type: scalar('f64', { nullable: true }),
      },
      {
        op: 'count',
        args: [ref(0, scalar('i64'))],
        distinct: true,
        filter: undefined,
        name: 'ids',
        type: scalar('i64'),
      },
    ],
  });
  const long = Array.from({ length: 4 }, (_, i) =>
    make({
      kind: 'call',
      op: 'concat',
      args: [
        make({ kind: 'ref', index: 0, type: merchant }),
        make({ kind: 'literal', value: `suffix ${i}`, type: scalar('utf8') }),
      ],
    }),
  );
  return make({ kind: 'project', input: grouped, exprs: long, names: ['a', 'b', 'c', 'the last'] });
}

test('a query reads from its tables to its result', () => {
  const query = exampleQuery();
  golden('ir/query', print(query));
  assert.is(parse(print(query)), query);
});

function chain(length: number): { readonly input: Tensor & { kind: 'input' }; readonly last: Tensor } {
  const input = make({ kind: 'input', name: 'x', type: tensor('f32', ['n', 28]) });
  let last: Tensor = input;
  for (let i = 0; i < length; i++) {
    const product: Tensor = make(
      { kind: 'matmul', left: last, right: make({ kind: 'weight', hash: `w${i}`, type: tensor('f32', [28, 28]) }) },
    );
    last = make({
      kind: 'map',
      body: make({ kind: 'call', op: 'max', args: [ref(0), make({ kind: 'literal', value: 0, type: f32 })] }),
      inputs: [product],
    });
  }
  return { input, last };
}

test('a model graph keeps names, inputs, outputs and maps', () => {
  const { input, last } = chain(2);
  const graph = {
    name: 'fraud', inputs: [input],
    outputs: [
      { name: 'probabilities', tensor: last, map: { keyDType: 'i64' as const, keys: ['0', '1'] } },
      { name: 'raw', tensor: last, map: undefined },
    ],
  };
  const text = printModel(graph);
  golden('ir/model', text);
  const parsed = parseModel(text);
  assert.equal(printModel(parsed), text);
  assert.is(parsed.outputs[0]!.tensor, last);
  assert.is(parsed.inputs[0], input);
});

test('printing and parsing four times the nodes takes about four times as long', () => {
  const roundTrip = (length: number): (() => void) => {
    const { input, last } = chain(length);
    const graph = { name: 'deep', inputs: [input], outputs: [{ name: 'y', tensor: last, map: undefined }] };
    return () => void parseModel(printModel(graph));
  };
  const growth = timesAsLong({ small: roundTrip(500), large: roundTrip(2000) });
  assert.ok(growth < 8, `four times the nodes take ${growth.toFixed(1)} times as long`);
});

test('shared expressions do not blow the text up', () => {
  let expr: Expr = ref(0);
  for (let i = 0; i < 64; i++) expr = make({ kind: 'call', op: 'mul', args: [expr, expr] });
  const text = print(expr);
  assert.ok(text.length < 20_000, `${text.length} characters`);
  assert.is(parse(text), expr);
});

test('deep graphs do not overflow the stack', () => {
  const { last } = chain(20_000);
  assert.is(parse(print(last)), last);
});

test('errors name the place, what was found and what was expected', () => {
  const message = (text: string): string => {
    try {
      parse(text);
    } catch (error) {
      return (error as Error).message;
    }
    return 'no error';
  };
  assert.equal(message('%0 = scam tx'), "found 'scam', expected a kind of node at 1:6");
  assert.equal(
    message('%0 = input x type=f32[n, 4]\n%1 = matmul %0 right=%7\nreturn %1'),
    'found %7, expected the name of an earlier statement at 2:22',
  );
  assert.equal(message('return add(#0:i64'), "found the end of the text, expected ',' or ')' at 1:18");
  assert.equal(
    message('return add(#0:i64, #1:f32)'),
    'found a call whose type cannot be inferred (no typing of add(i64, f32)), expected fields that fit at 1:8',
  );
  assert.equal(
    message('%0 = input x type=f32[2]\nreturn topk(%0)'),
    "found 'topk', expected a scalar primitive at 2:8",
  );
  assert.match(message(`return ${'not('.repeat(3000)}`), /expected expressions at most 256 deep/);
  assert.match(message(`return #0:${'struct{a: '.repeat(3000)}`), /expected types at most 16 deep/);
  assert.match(message('%0 = series 0n:i64 stop=1n:i64\nreturn %0'), /found no step, expected one/);
});

test('every statement kind is a relation or a tensor', () => {
  assert.ok(isStatementKind('scan') && isRelationKind('scan') && !isRelationKind('matmul') && !isStatementKind('ref'));
});

test.run();
