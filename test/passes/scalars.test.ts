/** simplify-scalars and fold-constants: which rule fires, and where none may. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { make } from '../../ir/build.js';
import type { DType } from '../../ir/dtype.js';
import type { Expr, Project } from '../../ir/node.js';
import { scalar, tensor } from '../../ir/type.js';
import { foldConstants } from '../../passes/fold-constants.js';
import { simplifyScalars } from '../../passes/simplify-scalars.js';
import { apply, call, expectUnchanged, features, filter, goldenPass, lit, project, ref, run, scan } from './plans.js';

const t = scan('t');
const [a, b] = [ref(0), ref(1, 'i32', true)];
const c = ref(2, 'utf8', true);
const flag = call('is_null', b);
const unknown = call('eq', b, lit(1));

function simplified(expr: Expr): Expr {
  return (run(simplifyScalars, project(t, expr)).plan as Project).exprs[0]!;
}

function folded(expr: Expr): Expr {
  return (run(foldConstants, project(t, expr)).plan as Project).exprs[0]!;
}

const same = (found: Expr, wanted: Expr): void => assert.is(found, wanted);

test('AND and OR lose their neutral element and stop at their zero, NULL or not', () => {
  same(simplified(call('and', unknown, lit(true, 'bool'))), unknown);
  same(simplified(call('and', unknown, lit(false, 'bool'))), lit(false, 'bool'));
  same(simplified(call('or', unknown, call('or', unknown, unknown))), unknown);
  same(simplified(call('or', call('and', unknown, flag), unknown)), unknown);
});

test('NOT goes into comparisons and ORs', () => {
  same(simplified(call('not', call('lt', b, a))), call('ge', b, a));
  same(simplified(call('not', call('or', unknown, flag))), call('and', call('ne', b, lit(1)), call('is_not_null', b)));
});

test('what all branches of an OR ask is factored out', () => {
  const [x, y, z] = [call('eq', a, b), call('lt', a, lit(3)), call('gt', a, lit(5))];
  same(simplified(call('or', call('and', x, y), call('and', x, z))), call('and', x, call('or', y, z)));
});

test('what may fail stays in the branches of an OR, behind what each asks before it', () => {
  const [y, z] = [call('eq', c, lit('y', 'utf8')), call('eq', c, lit('z', 'utf8'))];
  const number = call('gt', make({ kind: 'cast', arg: c, to: 'i32', attempt: false }), lit(4));
  expectUnchanged(simplifyScalars, filter(t, call('or', call('and', y, number), call('and', z, number))));
  const all = (...parts: readonly Expr[]): Expr => parts.reduce((left, right) => call('and', left, right));
  same(
    simplified(call('or', all(unknown, y, number), all(unknown, z, number))),
    call('and', unknown, call('or', call('and', y, number), call('and', z, number))),
  );
});

test('x = x is true only where x is not NULL', () => {
  same(simplified(call('eq', a, a)), lit(true, 'bool'));
  same(simplified(call('eq', b, b)), call('eq', b, b));
});

test('floats keep their bits: x + 0, x * 0 and least stay', () => {
  const x = call('exp', make({ kind: 'cast', arg: a, to: 'f32', attempt: false }));
  expectUnchanged(simplifyScalars, project(t, call('add', x, lit(0, 'f32'))));
  expectUnchanged(simplifyScalars, project(t, call('mul', x, lit(0, 'f32'))));
  expectUnchanged(simplifyScalars, project(t, call('least', x, lit(1, 'f32'))));
  same(simplified(call('add', x, lit(-0, 'f32'))), x);
  same(simplified(call('greatest', x, lit(1, 'f32'))), call('max', x, lit(1, 'f32')));
});

test('x * 0 is 0 only where x is not NULL', () => {
  same(simplified(call('mul', a, lit(0))), lit(0));
  same(simplified(call('mul', b, lit(0))), call('mul', b, lit(0)));
});

test('a cast through a wider dtype goes; one that may lose digits stays', () => {
  const wide = make({ kind: 'cast', arg: a, to: 'i64', attempt: false });
  same(simplified(make({ kind: 'cast', arg: wide, to: 'i32', attempt: false })), a);
  const narrow = make({ kind: 'cast', arg: a, to: 'i16', attempt: false });
  expectUnchanged(simplifyScalars, project(t, make({ kind: 'cast', arg: narrow, to: 'i32', attempt: false })));
});

test('a cast through a narrow integer goes where the range is its own; one beyond it stays', () => {
  const x = call('exp', make({ kind: 'cast', arg: a, to: 'f32', attempt: false }));
  const held = (least: number, most: number): Expr =>
    call('trunc', call('min', call('max', x, lit(least, 'f32')), lit(most, 'f32')));
  const widened = (arg: Expr): Expr => make({
    kind: 'cast', arg: make({ kind: 'cast', arg, to: 'i8', attempt: false }), to: 'i32', attempt: false,
  });
  same(simplified(widened(held(-128, 127))), make({ kind: 'cast', arg: held(-128, 127), to: 'i32', attempt: false }));
  for (const arg of [held(-129, 127), held(-128, 128), held(5, 4), call('max', x, lit(0, 'f32')), x])
    expectUnchanged(simplifyScalars, project(t, widened(arg)));
});

test('a column is compared without its cast where the constant fits it', () => {
  const wide = make({ kind: 'cast', arg: a, to: 'i64', attempt: false });
  same(simplified(call('lt', wide, lit(7n, 'i64'))), call('lt', a, lit(7)));
  expectUnchanged(simplifyScalars, project(t, call('lt', wide, lit(1n << 40n, 'i64'))));
});

test('LIKE without inner wildcards becomes a plain comparison; with _ or an escape it stays', () => {
  same(simplified(call('like', c, lit('abc', 'utf8'))), call('eq', c, lit('abc', 'utf8')));
  same(simplified(call('like', c, lit('abc%', 'utf8'))), call('starts_with', c, lit('abc', 'utf8')));
  same(simplified(call('like', c, lit('%abc%', 'utf8'))), call('contains', c, lit('abc', 'utf8')));
  expectUnchanged(simplifyScalars, project(t, call('like', c, lit('a_c%', 'utf8'))));
  expectUnchanged(simplifyScalars, project(t, call('like', c, lit('a\\%', 'utf8'))));
  expectUnchanged(simplifyScalars, project(t, call('like', c, lit('%', 'utf8'))));
});

test('a CASE loses branches that are never taken', () => {
  const type = scalar('i32');
  const branches = [
    { when: lit(false, 'bool'), then: lit(1) },
    { when: lit(true, 'bool'), then: a },
    { when: flag, then: lit(3) },
  ];
  same(simplified(make({ kind: 'case', branches, otherwise: lit(4), type })), a);
});

test('COALESCE ends at what cannot be NULL', () => {
  same(simplified(call('coalesce', b, lit(null), a, lit(4))), call('coalesce', b, a));
});

test('identities that would change the dtype, a NULL or an error stay', () => {
  const cast = (arg: Expr, to: DType, attempt = false): Expr => make({ kind: 'cast', arg, to, attempt });
  const amount = cast(a, 'decimal(9,2)');
  const chosen = (then: boolean, when: Expr): Expr => make({
    kind: 'case', branches: [{ when, then: lit(then, 'bool') }], otherwise: lit(!then, 'bool'), type: scalar('bool'),
  });
  const float = call('exp', cast(a, 'f64'));
  for (const expr of [
    call('add', amount, lit(0n, 'decimal(9,2)')),
    call('mul', amount, lit(10n, 'decimal(2,1)')),
    cast(cast(a, 'utf8'), 'i32'),
    cast(cast(float, 'f32'), 'f64'),
    cast(cast(c, 'i32', true), 'i64'),
    chosen(false, unknown),
    call('is_null', b),
    call('is_distinct', a, b),
    call('greatest', a, b),
    call('neg', call('neg', a)),
    call('abs', call('neg', a)),
    call('sub', a, a),
    call('mod', a, lit(1)),
    call('not', call('ieee_lt', float, lit(1, 'f64'))),
    call('eq', float, call('add', float, lit(0, 'f64'))),
  ]) expectUnchanged(simplifyScalars, project(t, expr));
});

test('constants fold, failing and volatile calls do not', () => {
  same(folded(call('add', lit(1), call('mul', lit(2), lit(3)))), lit(7));
  same(folded(call('add', b, lit(null))), lit(null));
  expectUnchanged(foldConstants, project(t, call('add', lit(2147483647), lit(1))));
  expectUnchanged(foldConstants, project(t, make({ kind: 'cast', arg: lit('x', 'utf8'), to: 'i32', attempt: false })));
  expectUnchanged(foldConstants, project(t, call('gt', call('random', lit(0n, 'i64')), lit(0.5, 'f64'))));
  expectUnchanged(foldConstants, project(t, call('error', lit('no', 'utf8'))));
  expectUnchanged(foldConstants, project(t, call('coalesce', b, lit(null))));
  expectUnchanged(foldConstants, project(t, call('and', unknown, lit(null, 'bool'))));
  expectUnchanged(foldConstants, project(t, call('add_days', lit(2 ** 31 - 1, 'date'), lit(1))));
  expectUnchanged(foldConstants, project(t, call('repeat', lit('abc', 'utf8'), lit(10n ** 12n, 'i64'))));
});

test('golden: constants in a filter and a model folded', () => {
  const zeros = make({ kind: 'fill', value: 1, type: tensor('f32', [2]) });
  const shift = make({ kind: 'map', body: call('add', ref(0, 'f32'), lit(2, 'f32')), inputs: [zeros] });
  const moved = make({
    kind: 'map',
    body: call('add', ref(0, 'f32'), ref(1, 'f32')),
    inputs: [features(t, [0, 1]), shift],
  });
  const few = filter(t, call('gt', a, call('add', lit(1), call('mul', lit(2), lit(3)))));
  goldenPass('fold-constants', foldConstants, apply(few, moved));
});

test('golden: a filter simplified', () => {
  goldenPass(
    'simplify-scalars',
    simplifyScalars,
    filter(t, call('not', call('or', call('not', unknown), call('eq', flag, lit(true, 'bool'))))),
  );
});

test.run();
