/** Expressions and literal values from their text; named nodes are looked up. */
import type { Expr, LiteralValue, Node, Relation } from './node.js';
import { build, type ParseState } from './parse.js';
import { parseDTypeText, parseScalarType, parseValueType } from './parse-type.js';
import { SCALAR, type ScalarOp } from './scalar.js';
import type { Scanner } from './scanner.js';
import { isRelationKind, isStatementKind } from './shape.js';

const DEEPEST_EXPRESSION = 256;

/** A named node, or an expression written out. */
export function parseExpression(state: ParseState, depth: number): Node {
  const { scanner } = state;
  if (depth > DEEPEST_EXPRESSION) scanner.fail(`expressions at most ${DEEPEST_EXPRESSION} deep`);
  const start = scanner.position;
  if (scanner.accept('%')) return named(state, start);
  if (scanner.accept('#')) return typed(state, start, { kind: 'ref', index: scanner.integer() });
  if (scanner.accept('?')) return typed(state, start, { kind: 'param', index: scanner.integer() });
  if (scanner.accept('^')) {
    const level = scanner.integer();
    scanner.expect('#');
    return typed(state, start, { kind: 'outer', depth: level, index: scanner.integer() });
  }
  const literal = acceptLiteral(scanner);
  if (literal !== undefined) {
    scanner.expect(':');
    return build({ kind: 'literal', ...literal, type: parseScalarType(scanner) } as never, scanner, start);
  }
  const word = scanner.identifier('an expression');
  scanner.expect('(');
  const fields = parseForm(state, word, { start, depth });
  scanner.expect(')');
  const type = scanner.accept(':') ? { type: parseValueType(scanner) } : {};
  return build({ ...fields, ...type } as never, scanner, start);
}

function named(state: ParseState, start: number): Node {
  const name = `%${state.scanner.integer()}`;
  return (
    state.names.get(name) ?? state.scanner.failAt(start, `found ${name}, expected the name of an earlier statement`)
  );
}

interface Placed { readonly kind: string; readonly index: number; readonly depth?: number }

function typed(state: ParseState, start: number, fields: Placed): Node {
  const { scanner } = state;
  for (const value of Object.values(fields)) {
    if (typeof value === 'number' && value < 0) scanner.failAt(start, `found ${value}, expected a place from 0`);
  }
  scanner.expect(':');
  return build({ ...fields, type: parseValueType(scanner) } as never, scanner, start);
}

interface Place { readonly start: number; readonly depth: number }

function parseForm(state: ParseState, word: string, at: Place): { readonly kind: string } {
  const { scanner } = state;
  const next = (): Expr => parseExpr(state, at.depth + 1);
  switch (word) {
    case 'cast':
    case 'try_cast': {
      const arg = next();
      scanner.expect(',');
      return { kind: 'cast', arg, to: parseDTypeText(scanner), attempt: word === 'try_cast' } as never;
    }
    case 'case': return parseCase(scanner, next);
    case 'pack': return { kind: 'pack', parts: parseArgs(scanner, next) } as never;
    case 'part': {
      const arg = next();
      scanner.expect(',');
      return { kind: 'part', arg, index: scanner.integer() } as never;
    }
    case 'subquery': return parseSubquery(state, at);
    default: break;
  }
  if (!Object.hasOwn(SCALAR, word)) return scanner.failAt(at.start, `found '${word}', expected a scalar primitive`);
  return { kind: 'call', op: word as ScalarOp, args: parseArgs(scanner, next) } as never;
}

function parseExpr(state: ParseState, depth: number): Expr {
  const start = state.scanner.position;
  const node = parseExpression(state, depth);
  if (isStatementKind(node.kind)) return state.scanner.failAt(start, `found a ${node.kind}, expected an expression`);
  return node as Expr;
}

function parseArgs(scanner: Scanner, next: () => Expr): readonly Expr[] {
  const args: Expr[] = [];
  while (!scanner.peek(')')) {
    if (args.length > 0 && !scanner.accept(',')) scanner.fail("',' or ')'");
    args.push(next());
  }
  return args;
}

/** `case(a -> b, c -> d, else e)`. */
function parseCase(scanner: Scanner, next: () => Expr): { readonly kind: string } {
  const branches: { when: Expr; then: Expr }[] = [];
  while (!acceptElse(scanner)) {
    const when = next();
    scanner.expect('->');
    branches.push({ when, then: next() });
    scanner.expect(',');
  }
  return { kind: 'case', branches, otherwise: next() } as never;
}

function acceptElse(scanner: Scanner): boolean {
  return scanner.accept('else ');
}

function parseSubquery(state: ParseState, { depth }: { readonly depth: number }): { readonly kind: string } {
  const { scanner } = state;
  const start = scanner.position;
  const mode = scanner.identifier('scalar, exists or in');
  if (mode !== 'scalar' && mode !== 'exists' && mode !== 'in') {
    scanner.failAt(start, `found '${mode}', expected scalar, exists or in`);
  }
  scanner.expect(',');
  const at = scanner.position;
  const relation = parseExpression(state, depth + 1);
  if (!isRelationKind(relation.kind)) scanner.failAt(at, `found a ${relation.kind}, expected a relation`);
  const arg = scanner.accept(',') ? parseExpr(state, depth + 1) : undefined;
  return { kind: 'subquery', mode, arg, relation: relation as Relation } as never;
}

const WORDS: ReadonlyMap<string, boolean | null> = new Map([['true', true], ['false', false], ['null', null]]);

/** A literal's value, if one is next; wrapped, because NULL is one. */
export function acceptLiteral(scanner: Scanner): { readonly value: LiteralValue } | undefined {
  for (const [word, value] of WORDS) if (scanner.accept(word)) return { value };
  if (scanner.accept('interval(')) return { value: intervalAfter(scanner) };
  if (scanner.accept('x"')) return { value: bytesAfter(scanner) };
  const value = scanner.acceptBigint() ?? scanner.acceptNumber() ?? scanner.acceptString();
  return value === undefined ? undefined : { value };
}

export function parseLiteral(scanner: Scanner): LiteralValue {
  const literal = acceptLiteral(scanner);
  return literal === undefined ? scanner.fail('a literal') : literal.value;
}

function intervalAfter(scanner: Scanner): LiteralValue {
  const months = scanner.integer();
  scanner.expect(',');
  const days = scanner.integer();
  scanner.expect(',');
  const microseconds = scanner.acceptBigint() ?? scanner.fail('an integer with n');
  scanner.expect(')');
  return { months, days, microseconds };
}

function bytesAfter(scanner: Scanner): Uint8Array {
  const digits = scanner.hexDigits();
  scanner.expect('"');
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
