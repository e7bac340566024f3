/**
 * Nodes and model graphs from their text (print.ts). The text may come from a file that nobody vouches for: its length,
 * its number of statements and the depth of its expressions are bounded, and each error names line and column.
 *
 * A parsed graph has fields of the right shape; whether it makes sense is for `verify` to say.
 */
import { make } from './build.js';
import type { Expr, Input, ModelGraph, Node } from './node.js';
import { parseExpression, parseLiteral } from './parse-expression.js';
import { parseDims, parseDTypeText, parseRelationType, parseScalarType, parseValueType } from './parse-type.js';
import { ParseError, Scanner } from './scanner.js';
import {
  absentOf, isRelationKind, isStatementKind, isTensorKind, MODEL_FIELDS, SHAPES, type Fields, type Shape,
} from './shape.js';
import { unreachable } from './type.js';

const LONGEST_TEXT = 256 * 1024 * 1024;
const MOST_STATEMENTS = 2_000_000;
const MOST_ITEMS = 10_000_000;
const DEEPEST_DATA = 32;

/** What parsing knows: the text and the nodes named so far. */
export interface ParseState {
  readonly scanner: Scanner;
  readonly names: Map<string, Node>;
}

/** @throws ParseError */
export function parse(text: string): Node {
  return parseText(text, 'return', (state) => parseExpression(state, 0));
}

/** @throws ParseError */
export function parseModel(text: string): ModelGraph {
  return parseText(text, 'model', (state) => {
    const start = state.scanner.position;
    const graph = parseFields(state, MODEL_FIELDS) as unknown as ModelGraph;
    const stranger = graph.inputs.find((input: Node) => input.kind !== 'input');
    if (stranger !== undefined) {
      state.scanner.failAt(start, `found a ${(stranger as Node).kind} among the inputs, expected input nodes`);
    }
    return { ...graph, inputs: graph.inputs as readonly Input[] };
  });
}

function parseText<T>(text: string, last: string, finish: (state: ParseState) => T): T {
  if (text.length > LONGEST_TEXT)
    throw new ParseError(`found ${text.length} characters, expected at most ${LONGEST_TEXT}`, 1, 1);
  const state: ParseState = { scanner: new Scanner(text), names: new Map() };
  const { scanner } = state;
  while (scanner.accept('%')) {
    if (state.names.size === MOST_STATEMENTS) scanner.fail(`at most ${MOST_STATEMENTS} statements`);
    const start = scanner.position;
    const name = `%${scanner.integer()}`;
    if (state.names.has(name)) scanner.failAt(start, `found ${name} again, expected a new name`);
    scanner.expect('=');
    state.names.set(name, parseStatement(state));
  }
  const start = scanner.position;
  const word = scanner.acceptIdentifier();
  if (word !== last) {
    scanner.failAt(
      start,
      `found ${word === undefined ? 'no keyword' : `'${word}'`}, expected a statement or '${last}'`,
    );
  }
  const result = finish(state);
  if (!scanner.atEnd) scanner.fail('the end of the text');
  return result;
}

function parseStatement(state: ParseState): Node {
  const { scanner } = state;
  const start = scanner.position;
  const kind = scanner.identifier('a kind of node');
  if (kind === 'let') return parseExpression(state, 0);
  if (!isStatementKind(kind)) return scanner.failAt(start, `found '${kind}', expected a kind of node`);
  const fields =
    kind === 'project' ? parseProject(state) : parseFields(state, SHAPES[kind], () => parseNodeType(scanner, kind));
  return build({ kind, ...fields }, scanner, start);
}

/** Makes the node; what inference refuses becomes an error at the statement. */
export function build(fields: { readonly kind: string }, scanner: Scanner, start: number): Node {
  try {
    return make(fields as never);
  } catch (error) {
    if (error instanceof ParseError) throw error;
    return scanner.failAt(
      start,
      `found a ${fields.kind} whose type cannot be inferred (${(error as Error).message}), expected fields that fit`,
    );
  }
}

function parseNodeType(scanner: Scanner, kind: string): unknown {
  if (isRelationKind(kind)) return parseRelationType(scanner);
  const start = scanner.position;
  const type = parseValueType(scanner);
  return type.kind === 'tensor' ? type : scanner.failAt(start, `found a ${type.kind}, expected a tensor type`);
}

function parseProject(state: ParseState): Record<string, unknown> {
  const { scanner } = state;
  const input = parseValue(state, { kind: 'relation' });
  const [exprs, names]: [Expr[], string[]] = [[], []];
  scanner.expect('[');
  while (!scanner.accept(']')) {
    if (names.length > 0) scanner.expect(',');
    names.push(scanner.name());
    scanner.expect('=');
    exprs.push(parseValue(state, { kind: 'expr' }) as Expr);
  }
  return scanner.accept('type=') ? { input, exprs, names, type: parseRelationType(scanner) } : { input, exprs, names };
}

/** `first name=value ...` up to the next statement. */
function parseFields(state: ParseState, fields: Fields, type?: () => unknown): Record<string, unknown> {
  const { scanner } = state;
  const [first, ...rest] = Object.keys(fields) as [string, ...string[]];
  const start = scanner.position;
  const found: Record<string, unknown> = { [first]: parseValue(state, fields[first]!) };
  while (!scanner.atEnd && !scanner.peek('%')) {
    const at = scanner.position;
    const name = scanner.acceptIdentifier();
    // The last statement's keyword ends the one before it.
    if ((name === 'return' || name === 'model') && !scanner.peek('=')) {
      scanner.back(at);
      break;
    }
    const wanted = type === undefined ? rest : [...rest, 'type'];
    if (name === undefined) return scanner.fail(`a statement, or one of ${wanted.join(', ')}`);
    if (!wanted.includes(name)) scanner.failAt(at, `found '${name}', expected one of ${wanted.join(', ')}`);
    if (Object.hasOwn(found, name)) scanner.failAt(at, `found ${name} twice, expected it once`);
    scanner.expect('=');
    found[name] = name === 'type' && !rest.includes('type') ? type!() : parseValue(state, fields[name]!);
  }
  return completed(found, fields, scanner, start);
}

function completed(
  found: Record<string, unknown>,
  fields: Fields,
  scanner: Scanner,
  start: number,
): Record<string, unknown> {
  for (const [name, shape] of Object.entries(fields)) {
    if (Object.hasOwn(found, name)) continue;
    const absent = absentOf(shape);
    if (absent === undefined) scanner.failAt(start, `found no ${name}, expected one`);
    else found[name] = absent.value;
  }
  return found;
}

function parseValue(state: ParseState, shape: Shape): unknown {
  const { scanner } = state;
  switch (shape.kind) {
    case 'expr': case 'relation': case 'tensor': return parseNodeOf(state, shape.kind);
    case 'int': return scanner.integer();
    case 'flag': return parseWord(scanner, ['true', 'false']) === 'true';
    case 'word': return parseWord(scanner, shape.words);
    case 'name': return scanner.name();
    case 'literal': return parseLiteral(scanner);
    case 'dtype': return parseDTypeText(scanner);
    case 'dims': return parseDims(scanner);
    case 'data': return parseData(scanner, 0);
    case 'type': return shape.of === 'relation' ? parseRelationType(scanner) : parseScalarType(scanner);
    case 'list': return parseList(scanner, () => parseValue(state, shape.item));
    case 'optional': return scanner.accept('-') ? undefined : parseValue(state, shape.item);
    case 'record': return parseRecord(state, shape.fields);
    default: return unreachable(shape);
  }
}

function parseNodeOf(state: ParseState, family: 'expr' | 'relation' | 'tensor'): Node {
  const { scanner } = state;
  const start = scanner.position;
  const node = parseExpression(state, 0);
  const actual = isRelationKind(node.kind) ? 'relation' : isTensorKind(node.kind) ? 'tensor' : 'expr';
  return actual === family ? node : scanner.failAt(start, `found a ${node.kind}, expected a ${family}`);
}

function parseWord(scanner: Scanner, words: readonly string[]): string {
  const start = scanner.position;
  const word = scanner.identifier(words.join(' or '));
  return words.includes(word) ? word : scanner.failAt(start, `found '${word}', expected ${words.join(' or ')}`);
}

function parseList<T>(scanner: Scanner, item: () => T): readonly T[] {
  const items: T[] = [];
  scanner.expect('[');
  while (!scanner.accept(']')) {
    if (items.length > 0) scanner.expect(',');
    if (items.length === MOST_ITEMS) scanner.fail(`at most ${MOST_ITEMS} items`);
    items.push(item());
  }
  return items;
}

function parseRecord(state: ParseState, fields: Fields): Record<string, unknown> {
  const { scanner } = state;
  const start = scanner.position;
  const found: Record<string, unknown> = {};
  scanner.expect('{');
  while (!scanner.accept('}')) {
    if (Object.keys(found).length > 0) scanner.expect(',');
    const at = scanner.position;
    const name = scanner.identifier('a field');
    if (!Object.hasOwn(fields, name) || Object.hasOwn(found, name)) {
      scanner.failAt(at, `found '${name}', expected one of ${Object.keys(fields).join(', ')}, each once`);
    }
    scanner.expect(':');
    found[name] = parseValue(state, fields[name]!);
  }
  return completed(found, fields, scanner, start);
}

/** JSON, where a string after a NUL is a number that JSON has no word for; after a second one it is text. */
function parseData(scanner: Scanner, depth: number): unknown {
  if (depth > DEEPEST_DATA) scanner.fail(`data at most ${DEEPEST_DATA} deep`);
  if (scanner.peek('[')) return parseList(scanner, () => parseData(scanner, depth + 1));
  if (scanner.accept('{')) {
    const entries: [string, unknown][] = [];
    while (!scanner.accept('}')) {
      if (entries.length > 0) scanner.expect(',');
      const name = scanner.acceptString() ?? scanner.fail('a JSON string');
      scanner.expect(':');
      entries.push([name, parseData(scanner, depth + 1)]);
    }
    return Object.fromEntries(entries);
  }
  const text = scanner.acceptString();
  if (text?.startsWith('\0\0')) return text.slice(1);
  if (text !== undefined) return text.startsWith('\0') ? Number(text.slice(1)) : text;
  return scanner.acceptNumber() ?? JSON.parse(parseWord(scanner, ['true', 'false', 'null']));
}
