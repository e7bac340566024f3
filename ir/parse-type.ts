/** Types from their text (`printType` in type.ts), bounded in depth. */
import { parseDType, type DType } from './dtype.js';
import type { Scanner } from './scanner.js';
import {
  relation, scalar, tensor, type Column, type Dim, type MapType, type RelationType, type ScalarType, type ValueType,
} from './type.js';

const DEEPEST_TYPE = 16;
const LARGEST_RANK = 64;

export function parseValueType(scanner: Scanner, depth = 0): ValueType {
  if (depth > DEEPEST_TYPE) scanner.fail(`types at most ${DEEPEST_TYPE} deep`);
  const start = scanner.position;
  const word = scanner.identifier('a type');
  if (word === 'struct' && scanner.peek('{')) {
    return { kind: 'struct', fields: parseColumns(scanner, depth + 1), nullable: scanner.accept('?') };
  }
  if (word === 'map' && scanner.accept('<')) return parseMap(scanner);
  const dtype = parseDTypeAfter(scanner, word, start);
  if (!scanner.accept('[')) return scalar(dtype, { nullable: scanner.accept('?') });
  const dims = parseDimsAfter(scanner);
  return tensor(dtype, dims, { nullable: scanner.accept('?') });
}

export function parseRelationType(scanner: Scanner): RelationType {
  if (scanner.identifier("'rel{'") !== 'rel') scanner.fail("'rel{'");
  return relation(parseColumns(scanner, 0));
}

export function parseScalarType(scanner: Scanner): ScalarType {
  const start = scanner.position;
  const type = parseValueType(scanner);
  return type.kind === 'scalar' ? type : scanner.failAt(start, `found a ${type.kind}, expected a scalar type`);
}

export function parseDTypeText(scanner: Scanner): DType {
  const start = scanner.position;
  return parseDTypeAfter(scanner, scanner.identifier('a dtype'), start);
}

export function parseDims(scanner: Scanner): readonly Dim[] {
  scanner.expect('[');
  return parseDimsAfter(scanner);
}

function parseDimsAfter(scanner: Scanner): readonly Dim[] {
  const dims: Dim[] = [];
  if (scanner.accept(']')) return dims;
  do {
    if (dims.length === LARGEST_RANK) scanner.fail(`at most ${LARGEST_RANK} dims`);
    dims.push(scanner.dim());
  } while (scanner.accept(','));
  scanner.expect(']');
  return dims;
}

function parseDTypeAfter(scanner: Scanner, word: string, start: number): DType {
  let text = word;
  if (word === 'decimal') {
    scanner.expect('(');
    const precision = scanner.integer();
    scanner.expect(',');
    text = `decimal(${precision},${scanner.integer()})`;
    scanner.expect(')');
  }
  return parseDType(text) ?? scanner.failAt(start, `found '${text}', expected a dtype`);
}

function parseColumns(scanner: Scanner, depth: number): readonly Column[] {
  const columns: Column[] = [];
  scanner.expect('{');
  if (scanner.accept('}')) return columns;
  do {
    const name = scanner.name();
    scanner.expect(':');
    columns.push({ name, type: parseValueType(scanner, depth + 1) });
  } while (scanner.accept(','));
  scanner.expect('}');
  return columns;
}

function parseMap(scanner: Scanner): MapType {
  const start = scanner.position;
  const keyDType = scanner.identifier('utf8 or i64');
  if (keyDType !== 'utf8' && keyDType !== 'i64') scanner.failAt(start, `found '${keyDType}', expected utf8 or i64`);
  scanner.expect(',');
  const value = parseScalarType(scanner);
  scanner.expect('>');
  scanner.expect('{');
  const keys: string[] = [];
  if (!scanner.accept('}')) {
    do keys.push(scanner.acceptString() ?? scanner.fail('a JSON string')); while (scanner.accept(','));
    scanner.expect('}');
  }
  return { kind: 'map', keyDType, keys, value, nullable: scanner.accept('?') };
}
