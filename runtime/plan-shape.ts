/**
 * Checks that JSON has the shape of a PhysicalPlan before anything is done with it: an artifact is untrusted.
 * Out: the same object, typed. Invariant: offsets lie inside the context or the local area, and references have a
 * target.
 */
import { parseDType } from '../ir/dtype.js';
import { StorageError } from './errors.js';
import { LOCAL_BUFFER_BYTES, PARAM_BYTES, PLAN_VERSION, RESULT_LEAF_BYTES, SLOT_BYTES, type Finish, type PhysicalPlan } from './plan.js';

const MAX_AREA_BYTES = 1 << 30;

type Json = Readonly<Record<string, unknown>>;

class Shape {
  /** Functions of the module that the plan calls. */
  readonly functions = new Set<string>();
  /** Tables by name, with the number of their columns. */
  readonly tables = new Map<string, number>();

  constructor(private readonly file: string) {}

  fail(path: string, expected: string, found: unknown): never {
    const text = JSON.stringify(found) ?? 'nothing';
    throw new StorageError(
      'artifact',
      `${this.file}: the plan's ${path} is ${text.slice(0, 80)}, expected ${expected}`,
      { file: this.file },
    );
  }

  object(value: unknown, path: string): Json {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return this.fail(path, 'an object', value);
    return value as Json;
  }

  list(value: unknown, path: string): readonly unknown[] {
    return Array.isArray(value) ? value : this.fail(path, 'a list', value);
  }

  text(value: unknown, path: string): string {
    return typeof value === 'string' ? value : this.fail(path, 'text', value);
  }

  flag(value: unknown, path: string): void {
    if (typeof value !== 'boolean') this.fail(path, 'true or false', value);
  }

  fn(value: unknown, path: string): void {
    this.functions.add(this.text(value, path));
  }

  count(value: unknown, path: string, most = MAX_AREA_BYTES): number {
    const isCount = typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most;
    return isCount ? value : this.fail(path, `a whole number from 0 to ${most}`, value);
  }

  dtype(value: unknown, path: string): void {
    if (parseDType(this.text(value, path)) === undefined) this.fail(path, 'a data type', value);
  }
}

/** The plan, and the functions its module must have. @throws StorageError with code `artifact`. */
export function checkPlan(
  json: unknown,
  file: string,
): { readonly plan: PhysicalPlan; readonly functions: ReadonlySet<string> } {
  const shape = new Shape(file);
  const plan = shape.object(json, 'top level');
  if (plan['version'] !== PLAN_VERSION) shape.fail('version', String(PLAN_VERSION), plan['version']);
  shape.text(plan['sql'], 'sql');
  const contextBytes = shape.count(plan['contextBytes'], 'contextBytes');
  const localBytes = shape.count(plan['localBytes'], 'localBytes');
  shape.count(plan['dataBytes'], 'dataBytes');
  checkScratch(shape, plan['localScratch'], localBytes);
  const inside = (value: unknown, path: string, area: number, bytes: number): void => {
    shape.count(value, path, area - bytes);
  };
  for (const item of shape.list(plan['parameters'], 'parameters')) {
    const slot = shape.object(item, 'parameter');
    shape.dtype(slot['dtype'], 'parameter dtype');
    inside(slot['offset'], 'parameter offset', contextBytes, PARAM_BYTES);
  }
  const weights = shape.list(plan['weights'], 'weights');
  const weightCount = weights.length;
  for (const item of weights) {
    const slot = shape.object(item, 'weight');
    for (const name of ['model', 'hash', 'layout']) shape.text(slot[name], `weight ${name}`);
    shape.count(slot['byteLength'], 'weight length', Number.MAX_SAFE_INTEGER);
    inside(slot['offset'], 'weight offset', contextBytes, 4);
  }
  const buffers = new Set<unknown>();
  for (const item of shape.list(plan['buffers'], 'buffers')) {
    const buffer = shape.object(item, 'buffer');
    buffers.add(shape.count(buffer['id'], 'buffer id'));
    inside(buffer['localOffset'], 'buffer local offset', localBytes, LOCAL_BUFFER_BYTES);
    inside(buffer['slotOffset'], 'buffer slot offset', contextBytes, SLOT_BYTES);
  }
  for (const item of shape.list(plan['tables'], 'tables')) checkTable(shape, shape.object(item, 'table'));
  checkResult(shape, plan, localBytes);
  for (const item of shape.list(plan['pipelines'], 'pipelines'))
    checkPipeline(shape, shape.object(item, 'pipeline'), { buffers, weightCount });
  for (const item of shape.list(plan['hostFunctions'], 'host functions')) {
    const fn = shape.object(item, 'host function');
    shape.text(fn['op'], 'host function name');
    shape.list(fn['args'], 'host function arguments').forEach((dtype) => shape.dtype(dtype, 'host function argument'));
    shape.dtype(fn['result'], 'host function result');
  }
  return { plan: json as PhysicalPlan, functions: shape.functions };
}

function checkScratch(shape: Shape, value: unknown, localBytes: number): void {
  let end = 0;
  for (const item of shape.list(value, 'scratch')) {
    const [offset, bytes] = shape.list(item, 'place of scratch');
    if (shape.count(offset, 'place of scratch', localBytes) < end) shape.fail('scratch', 'places in order', value);
    end = shape.count(offset, 'place of scratch') + shape.count(bytes, 'length of scratch', localBytes);
    if (end > localBytes) shape.fail('scratch', `places up to ${localBytes}`, value);
  }
}

function checkTable(shape: Shape, table: Json): void {
  const columns = shape.list(table['columns'], 'table columns');
  shape.tables.set(shape.text(table['name'], 'table name'), columns.length);
  for (const item of columns) {
    const column = shape.object(item, 'column');
    shape.text(column['name'], 'column name');
    shape.dtype(column['dtype'], 'column dtype');
    shape.count(column['width'], 'column width');
    shape.flag(column['nullable'], 'column nullable');
  }
}

function checkResult(shape: Shape, plan: Json, localBytes: number): void {
  const leaves = shape.list(plan['leaves'], 'leaves');
  for (const item of leaves) {
    const leaf = shape.object(item, 'leaf');
    shape.dtype(leaf['dtype'], 'leaf dtype');
    shape.count(leaf['width'], 'leaf width');
    shape.count(leaf['chunkOffset'], 'leaf offset', localBytes - RESULT_LEAF_BYTES);
  }
  const column = (value: unknown, depth: number): void => {
    const output = shape.object(value, 'output column');
    if (depth > 8) shape.fail('output', 'at most 8 levels', depth);
    if (output['kind'] === 'leaf') shape.count(output['leaf'], 'output leaf', leaves.length - 1);
    else if (output['kind'] === 'struct')
      shape.list(output['fields'], 'struct fields').forEach((field) => column(field, depth + 1));
    else if (output['kind'] === 'map')
      shape.list(output['values'], 'map values').forEach((field) => column(field, depth + 1));
    else shape.fail('output column kind', 'leaf, struct or map', output['kind']);
  };
  shape.list(plan['output'], 'output').forEach((value) => column(value, 0));
}

const SOURCE_KINDS: readonly unknown[] = ['scan', 'buffer', 'sorted', 'once'];
const FINISH_FUNCTIONS: Readonly<Record<Finish['kind'], readonly string[]>> = {
  link: ['fn'], merge: ['fn'], sort: ['gather', 'sort'], blocked: ['gather', 'scatter'], once: ['fn'],
};
const FINISH_KINDS: readonly unknown[] = Object.keys(FINISH_FUNCTIONS);
const LAYER_FUNCTIONS = ['first', 'firstLast', 'next', 'nextLast'];

/** Layers fit each other, and their blocks the layers. */
function checkLayers(shape: Shape, step: Json, weightCount: number): void {
  shape.count(step['tupleBytes'], 'tuple bytes');
  let width: number | undefined;
  for (const item of shape.list(step['layers'], 'layers')) {
    const layer = shape.object(item, 'layer');
    for (const name of LAYER_FUNCTIONS) shape.fn(layer[name], `layer function ${name}`);
    const inputs = shape.count(layer['inputs'], 'layer inputs');
    const outputs = shape.count(layer['outputs'], 'layer outputs');
    if (width !== undefined && inputs !== width) shape.fail('layer inputs', String(width), inputs);
    width = outputs;
    if (layer['bias'] !== undefined) shape.count(layer['bias'], 'bias', weightCount - 1);
    const rows = shape
      .list(layer['blocks'], 'blocks')
      .map((row) => shape.list(row, 'blocks').map((block) => checkBlock(shape, block)));
    const isWhole =
      rows.length > 0 &&
      rows.every((row) => row.length === rows[0]!.length && row.reduce((sum, block) => sum + block.m, 0) === outputs) &&
      rows.reduce((sum, row) => sum + row[0]!.k, 0) === inputs;
    if (!isWhole) shape.fail('blocks', `a grid that covers ${inputs} x ${outputs}`, `${rows.length} rows`);
  }
}

function checkBlock(shape: Shape, value: unknown): { k: number; m: number } {
  const block = shape.object(value, 'block');
  for (const name of ['model', 'hash', 'layout']) shape.text(block[name], `block ${name}`);
  const k = shape.count(block['k'], 'block k');
  const m = shape.count(block['m'], 'block m');
  if (shape.count(block['byteLength'], 'block length') !== k * m * 4)
    shape.fail('block length', String(k * m * 4), block['byteLength']);
  return { k, m };
}

function checkPipeline(
  shape: Shape,
  pipeline: Json,
  { buffers, weightCount }: { buffers: ReadonlySet<unknown>; weightCount: number },
): void {
  const needBuffer = (id: unknown, path: string): void => {
    if (!buffers.has(id)) shape.fail(path, 'the id of a buffer', id);
  };
  const source = shape.object(pipeline['source'], 'source');
  if (!SOURCE_KINDS.includes(source['kind'])) shape.fail('source kind', SOURCE_KINDS.join(', '), source['kind']);
  if (source['kind'] === 'scan') {
    const columns = shape.tables.get(shape.text(source['table'], 'scanned table'));
    if (columns === undefined) return shape.fail('scanned table', [...shape.tables.keys()].join(' or '), source['table']);
    shape
      .list(source['columns'], 'scanned columns')
      .forEach((index) => shape.count(index, 'scanned column', columns - 1));
  } else if (source['kind'] !== 'once') needBuffer(source['buffer'], 'source buffer');
  shape.fn(pipeline['run'], 'function');
  if (pipeline['init'] !== undefined) shape.fn(pipeline['init'], 'init function');
  shape.list(pipeline['writes'], 'written buffers').forEach((id) => needBuffer(id, 'written buffer'));
  for (const item of shape.list(pipeline['finish'], 'finish steps')) {
    const step = shape.object(item, 'finish step');
    if (!FINISH_KINDS.includes(step['kind'])) shape.fail('finish step', FINISH_KINDS.join(', '), step['kind']);
    if (step['kind'] !== 'once') needBuffer(step['buffer'], 'finish buffer');
    for (const name of FINISH_FUNCTIONS[step['kind'] as Finish['kind']]) shape.fn(step[name], `${name} function`);
    if (step['kind'] === 'blocked') checkLayers(shape, step, weightCount);
  }
  shape.list(pipeline['explain'], 'explain lines').forEach((line) => shape.text(line, 'explain line'));
}
