/**
 * The parser's door. In: SQL text. Out: its statements as trees, or a CompileError with the place, what was found and
 * what was expected. The grammar is built at the first call, once.
 */
import { EOF, type IParserErrorMessageProvider, type IRecognitionException, type IToken, type TokenType } from 'chevrotain';
import { CompileError, nearestName } from '../diagnostics.js';
import type { Statement } from './ast.js';
import { SqlGrammar } from './grammar/statements.js';
import { KEYWORDS, QuotedIdentifier, Semicolon, tokenize, Word } from './tokens.js';

const label = (type: TokenType): string => type.LABEL ?? type.name;

function found(token: IToken): string {
  return token.tokenType === EOF ? 'the end of the statement' : `"${token.image.length > 40 ? `${token.image.slice(0, 40)}...` : token.image}"`;
}

/** More alternatives than these say nothing: the description of the rule is given instead. */
const LISTED_ALTERNATIVES = 6;

function oneOf(types: readonly TokenType[]): string {
  const labels = [...new Set(types.map(label))];
  return labels.length === 1 ? labels[0]! : `${labels.slice(0, -1).join(', ')} or ${labels[labels.length - 1]!}`;
}

const MESSAGES: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected, actual }) => expectation(label(expected), actual),
  buildNotAllInputParsedMessage: ({ firstRedundant }) => expectation('";" or the end of the statement', firstRedundant),
  buildNoViableAltMessage: ({ expectedPathsPerAlt, actual, customUserDescription }) => {
    const types = expectedPathsPerAlt.flat().map((path) => path[0]).filter((type) => type !== undefined);
    const few = new Set(types).size <= LISTED_ALTERNATIVES;
    return expectation(customUserDescription ?? (few ? oneOf(types) : 'an expression'), actual[0]!);
  },
  buildEarlyExitMessage: ({ expectedIterationPaths, actual, customUserDescription }) =>
    expectation(customUserDescription ?? oneOf(expectedIterationPaths.flat()), actual[0]!),
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
  grammar ??= buildGrammar({ validate: false });
  grammar.input = tokens;
  const statements = grammar.statements();
  const error = grammar.errors[0];
  if (error !== undefined) throw syntaxError(source, tokens, error);
  return statements;
}

function syntaxError(source: string, tokens: readonly IToken[], error: IRecognitionException): CompileError {
  const { token } = error;
  const before = tokens[tokens.indexOf(token) - 1];
  const beginsStatement = token.tokenType !== EOF && (before === undefined || before.tokenType === Semicolon);
  const message = beginsStatement ? expectation('a statement, such as SELECT, INSERT or CREATE', token) : error.message;
  const atEnd = token.tokenType === EOF;
  const end = source.trimEnd().length;
  const span = atEnd ? { start: end, end: end + 1 } : { start: token.startOffset, end: token.startOffset + token.image.length };
  return new CompileError(message, { span, source, found: found(token), suggestion: keywordMeant(token, error) });
}

/** `SELCT` where a statement begins, `FORM` after the select list: the keyword one slip away. */
function keywordMeant(token: IToken, error: IRecognitionException): string | undefined {
  const isName = token.tokenType !== QuotedIdentifier && (token.tokenType.CATEGORIES?.includes(Word) ?? false);
  if (!isName || token.image.length < 3 || KEYWORDS.has(token.image.toUpperCase())) return undefined;
  const nearest = nearestName(token.image, KEYWORDS.keys());
  return nearest === undefined || error.message.includes('";"') && nearest.length < 4 ? undefined : nearest;
}
