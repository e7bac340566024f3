/** Compilation hints: which functions of an artifact's module V8 is to optimise before they run. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ModuleBuilder } from '../../backends/wasm/dsl.js';
import { moduleOf } from '../../runtime/executor/simd.js';
import { HINTS_SECTION } from '../../runtime/plan.js';
import { RealDatabase } from '../support/real-database.js';

const SOON = 0b10_01_11;
const WHEN_CALLED = 1;

/** The hints, one a function; none without a section. */
function hintsOf(module: WebAssembly.Module): readonly number[] {
  const [section] = WebAssembly.Module.customSections(module, HINTS_SECTION);
  if (section === undefined) return [];
  const bytes = new Uint8Array(section);
  // The count, in as many bytes as it takes.
  return [...bytes.subarray(bytes.findIndex((byte) => byte < 0x80) + 1)];
}

/** The hint of each exported function; V8 names a function by its number. */
function hintsByName(module: WebAssembly.Module, exports: object): Readonly<Record<string, number>> {
  const hints = hintsOf(module);
  const imported = WebAssembly.Module.imports(module).filter(({ kind }) => kind === 'function').length;
  return Object.fromEntries(
    Object.entries(exports).map(([name, value]) => [name, hints[Number((value as () => void).name) - imported]!]),
  );
}

for (const hasHints of [true, false]) {
  test(`a function and what it calls, whether the engine is asked ${hasHints ? 'for them' : 'or not'}`, () => {
    const builder = new ModuleBuilder();
    const fail = builder.importFunction('fail', { params: { code: 'i32' } });
    const one = (name: string, value: number): Parameters<ModuleBuilder['export']>[0] =>
      builder.define(name, { params: {}, result: 'i32', export: true }, (f) => f.return(value));
    one('cold', 1);
    builder.define('main', { params: { n: 'i32' }, result: 'i32', export: true }, (f, { n }) => {
      f.if(n.gt_s(100), () => f.call(fail, { code: 1 }));
      f.return(f.call({ name: 'later', params: { n: 'i32' }, result: 'i32' }, { n }));
    });
    builder.define('later', { params: { n: 'i32' }, result: 'i32', export: true }, (f, { n }) => f.return(n.add(1)));
    one('colder', 2);
    builder.optimiseSoon('main');
    const wasm = builder.build();
    builder.dispose();
    const module = moduleOf(wasm, { isRelaxed: false, hasHints });
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536, shared: true });
    const { exports } = new WebAssembly.Instance(module, { env: { memory, fail: () => undefined } });
    assert.equal(hintsByName(module, exports), { cold: WHEN_CALLED, main: SOON, later: SOON, colder: WHEN_CALLED });
    assert.is((exports['main'] as (n: number) => number)(41), 42);
  });
}

test('a function that V8 is to widen is optimised when it has been asked to, not before', () => {
  const builder = new ModuleBuilder();
  const dense = builder.define('dense', { params: {}, result: 'i32', export: true, wide: true }, (f) => f.return(3));
  builder.define('main', { params: {}, result: 'i32', export: true }, (f) => f.return(f.call(dense, {})));
  builder.define('other', { params: {}, result: 'i32', export: true }, (f) => f.return(4));
  builder.optimiseSoon('main');
  assert.equal(['main', 'dense', 'other'].map((name) => builder.reachesWide(name)), [true, true, false]);
  const module = new WebAssembly.Module(builder.build());
  builder.dispose();
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536, shared: true });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  assert.equal(hintsByName(module, exports), { dense: WHEN_CALLED, main: SOON, other: WHEN_CALLED });
});

test('a plan asks for a long scan that must end before there is a row, and for nothing else', async () => {
  const engine = await RealDatabase.create();
  try {
    await engine.text('CREATE TABLE t AS SELECT r.x FROM (SELECT range AS x FROM range(20000)) r');
    await engine.text('CREATE TABLE small AS SELECT x FROM t WHERE x < 10000');
    const hot = async (sql: string): Promise<number> => {
      const { bytes } = await engine.db.compile(sql);
      const module = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
      assert.is((await engine.db.run(bytes).toArray()).length > 0, true);
      return hintsOf(module).filter((hint) => hint === SOON).length;
    };
    assert.ok((await hot('SELECT sum(x) FROM t')) > 0);
    assert.ok((await hot('SELECT x FROM t ORDER BY x DESC LIMIT 3')) > 0);
    assert.is(await hot('SELECT x + 1 FROM t'), 0);
    assert.is(await hot('SELECT sum(x) FROM small'), 0);
  } finally {
    await engine.close();
  }
});

test.run();
