/**
 * The parser's door. In: SQL text. Out: its statements as trees, or a CompileError with the place, what was found and
 * what was expected. The grammar is built at the first call, once.
 */
import type { IParserErrorMessageProvider, IRecognitionException, IToken, TokenType } from 'chevrotain';
import { CompileError, nearestName } from '../diagnostics.js';
import type { Statement } from './ast.js';
import { EOF } from './chevrotain.js';
import { SqlGrammar } from './grammar/statements.js';
import {
  keyword,
  KEYWORDS,
  LBracket,
  LParen,
  QuotedIdentifier,
  RBracket,
  RParen,
  Semicolon,
  tokenize,
  Word,
} from './tokens.js';

const label = (type: TokenType): string => type.LABEL ?? type.name;

function found(token: IToken): string {
  return token.tokenType === EOF
    ? 'the end of the statement'
    : `"${token.image.length > 40 ? `${token.image.slice(0, 40)}...` : token.image}"`;
}

/** More alternatives than these say nothing: the description of the rule is given instead. */
const LISTED_ALTERNATIVES = 6;

function oneOf(types: readonly TokenType[]): string {
  const labels = [...new Set(types.map(label))];
  return labels.length === 1 ? labels[0]! : `${labels.slice(0, -1).join(', ')} or ${labels[labels.length - 1]!}`;
}

function few(types: readonly TokenType[]): string {
  return new Set(types).size <= LISTED_ALTERNATIVES ? oneOf(types) : 'an expression';
}

const MESSAGES: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected, actual }) => expectation(label(expected), actual),
  buildNotAllInputParsedMessage: ({ firstRedundant }) => expectation('";" or the end of the statement', firstRedundant),
  buildNoViableAltMessage: ({ expectedPathsPerAlt, actual, customUserDescription }) => {
    const types = expectedPathsPerAlt.flat().map((path) => path[0]).filter((type) => type !== undefined);
    return expectation(customUserDescription ?? few(types), actual[0]!);
  },
  buildEarlyExitMessage: ({ expectedIterationPaths, actual, customUserDescription }) =>
    expectation(customUserDescription ?? few(expectedIterationPaths.flat()), actual[0]!),
};

function expectation(expected: string, actual: IToken): string {
  return `expected ${expected}, found ${found(actual)}`;
}

let grammar: SqlGrammar | undefined;

/** The grammar, built. `validate` checks it for ambiguities and throws where it has some. */
export function buildGrammar(options: { validate: boolean }): SqlGrammar {
  return new SqlGrammar({ errors: MESSAGES, validate: options.validate }).build();
}

/** The statements of a script, which `;` separates. */
export function parseStatements(source: string): readonly Statement[] {
  const tokens = tokenize(source);
  refuseDeep(source, tokens);
  grammar ??= buildGrammar({ validate: false });
  grammar.input = tokens;
  const statements = parsed(grammar, source);
  const error = grammar.errors[0];
  if (error !== undefined) throw syntaxError(source, tokens, error);
  return statements;
}

function parsed(parser: SqlGrammar, source: string): readonly Statement[] {
  try {
    return parser.statements();
  } catch (error) {
    throw error instanceof CompileError ? error.withSource(source) : error;
  }
}

/** Far more than people write, far less than what the stack holds. */
const MAX_NESTING = 200;

const OPENING: ReadonlySet<TokenType> = new Set([LParen, LBracket, keyword('CASE')]);
const CLOSING: ReadonlySet<TokenType> = new Set([RParen, RBracket, keyword('END')]);

function refuseDeep(source: string, tokens: readonly IToken[]): void {
  let depth = 0;
  for (const token of tokens) {
    if (OPENING.has(token.tokenType)) depth++;
    else if (CLOSING.has(token.tokenType)) depth = Math.max(0, depth - 1);
    if (depth <= MAX_NESTING) continue;
    const span = { start: token.startOffset, end: token.startOffset + token.image.length };
    throw new CompileError(`the statement nests more than ${MAX_NESTING} levels deep`, { span, source });
  }
}

/** Clauses that other engines have, by the words that the grammar stumbles over. */
const NOT_SUPPORTED = ['GROUPING SETS', 'IGNORE NULLS', 'RESPECT NULLS', 'WITHIN GROUP', 'WITH ROLLUP', 'WITH CUBE'];

/** The clause that begins or ends at the token, or ends just before it. */
function notSupported(source: string, tokens: readonly IToken[], token: IToken): CompileError | undefined {
  const at = token.tokenType === EOF ? tokens.length : tokens.indexOf(token);
  for (const last of [at + 1, at, at - 1]) {
    const words = tokens.slice(Math.max(last - 1, 0), last + 1);
    const clause = NOT_SUPPORTED.find((name) => name === words.map(({ image }) => image.toUpperCase()).join(' '));
    if (clause === undefined) continue;
    const span = { start: words[0]!.startOffset, end: words[1]!.startOffset + words[1]!.image.length };
    return new CompileError(`${clause} is not supported ${clause.endsWith('NULLS') ? 'here' : 'yet'}`, { span, source });
  }
  return undefined;
}

function syntaxError(source: string, tokens: readonly IToken[], error: IRecognitionException): CompileError {
  const { token } = error;
  const refused = notSupported(source, tokens, token);
  if (refused !== undefined) return refused;
  const before = tokens[tokens.indexOf(token) - 1];
  const beginsStatement = token.tokenType !== EOF && (before === undefined || before.tokenType === Semicolon);
  const message = beginsStatement ? expectation('a statement, such as SELECT, INSERT or CREATE', token) : error.message;
  const atEnd = token.tokenType === EOF;
  const end = source.trimEnd().length;
  const span = atEnd
    ? { start: end, end: end + 1 }
    : { start: token.startOffset, end: token.startOffset + token.image.length };
  return new CompileError(message, {
    span,
    source,
    found: found(token),
    suggestion: keywordMeant(token, before, error.message.replace(/, found [^]*$/, '')),
  });
}

const STATEMENT_WORDS = [
  'SELECT',
  'INSERT',
  'CREATE',
  'DROP',
  'UPDATE',
  'DELETE',
  'COPY',
  'EXPLAIN',
  'WITH',
  'VALUES',
  'BEGIN',
  'COMMIT',
  'ROLLBACK',
];
const CLAUSE_WORDS = [
  'FROM',
  'WHERE',
  'GROUP',
  'HAVING',
  'ORDER',
  'LIMIT',
  'OFFSET',
  'JOIN',
  'UNION',
  'QUALIFY',
  'BETWEEN',
  'LIKE',
  'AND',
  'WITH',
  'USING',
];

/**
 * The keyword meant: `SELCT` where a statement begins; one that was expected; `FORM`, taken for an alias, just before.
 */
function keywordMeant(token: IToken, before: IToken | undefined, message: string): string | undefined {
  const expected = message.match(/\b[A-Z]{2,}\b/g) ?? [];
  const beginning = before === undefined || before.tokenType === Semicolon;
  const words = beginning ? STATEMENT_WORDS : message.includes('";"') ? CLAUSE_WORDS : expected;
  const own = slip(token, words);
  return own ?? (before !== undefined && message.includes('";"') ? slip(before, CLAUSE_WORDS) : undefined);
}

function slip(token: IToken, words: readonly string[]): string | undefined {
  const isName = token.tokenType !== QuotedIdentifier && (token.tokenType.CATEGORIES?.includes(Word) ?? false);
  return isName && token.image.length >= 3 && !KEYWORDS.has(token.image.toUpperCase())
    ? nearestName(token.image, words)
    : undefined;
}
