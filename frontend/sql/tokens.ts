/**
 * The lexer. In: SQL text. Out: chevrotain tokens with offsets.
 *
 * Words are lexed by one pattern and become keywords by a table afterwards: the lexer stays small and quick however
 * many keywords there are. `Word` is the category of everything that may be a name: identifiers and those keywords
 * that are not reserved.
 */
import type { IToken, Lexer as LexerType, TokenType } from 'chevrotain';
import { CompileError } from '../diagnostics.js';
import { createToken, Lexer } from './chevrotain.js';

export const Word = createToken({ name: 'Word', label: 'a name', pattern: Lexer.NA });
/** A reserved word that can still name a function: `left('abc', 1)`. */
export const FunctionWord = createToken({ name: 'FunctionWord', label: 'a function name', pattern: Lexer.NA });
export const BinaryOperator = createToken({ name: 'BinaryOperator', label: 'an operator', pattern: Lexer.NA });
export const Comparison = createToken({ name: 'Comparison', label: 'a comparison', pattern: Lexer.NA });

const Space = createToken({ name: 'Space', pattern: /\s+/, group: Lexer.SKIPPED, line_breaks: true });
const LineComment = createToken({ name: 'LineComment', pattern: /--[^\n]*/, group: Lexer.SKIPPED });
const BlockComment = createToken({
  name: 'BlockComment',
  pattern: /\/\*[\s\S]*?\*\//,
  group: Lexer.SKIPPED,
  line_breaks: true,
});

export const Identifier = createToken({
  name: 'Identifier', label: 'a name', categories: [Word], pattern: /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/,
});
export const QuotedIdentifier = createToken({
  name: 'QuotedIdentifier',
  label: 'a name',
  categories: [Word],
  pattern: /"[^"]*(?:""[^"]*)*"/,
  line_breaks: true,
});
/** Runs of plain characters are one step: one for each fills the engine's stack within some million. */
export const StringToken = createToken({
  name: 'String',
  label: 'a string',
  pattern: /'[^']*(?:''[^']*)*'/,
  line_breaks: true,
});
export const EscapeString = createToken({
  name: 'EscapeString',
  label: 'a string',
  categories: [StringToken],
  pattern: /[eE]'[^'\\]*(?:(?:\\[\s\S]|'')[^'\\]*)*'/,
  line_breaks: true,
});
export const DollarString = createToken({
  name: 'DollarString',
  label: 'a string',
  categories: [StringToken],
  pattern: /\$\$[\s\S]*?\$\$/,
  line_breaks: true,
});
export const NumberToken = createToken({
  name: 'Number',
  label: 'a number',
  pattern: /(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/,
});
export const ParameterToken = createToken({
  name: 'Parameter',
  label: 'a parameter',
  pattern: /\?|\$\d+|\$[A-Za-z_]\w*/,
});

const symbol = (text: string, ...categories: TokenType[]): TokenType =>
  createToken({ name: text, label: `"${text}"`, pattern: text, categories });

export const DoubleColon = symbol('::');
export const Arrow = symbol('=>');
export const LParen = symbol('(');
export const RParen = symbol(')');
export const LBracket = symbol('[');
export const RBracket = symbol(']');
export const Comma = symbol(',');
export const Dot = symbol('.');
export const Semicolon = symbol(';');
export const At = symbol('@');
export const Plus = symbol('+', BinaryOperator);
export const Minus = symbol('-', BinaryOperator);
export const Times = symbol('*', BinaryOperator);
export const Tilde = symbol('~');
export const Equals = symbol('=', Comparison);

const OPERATORS: readonly TokenType[] = [
  DoubleColon, Arrow,
  symbol('<>', Comparison),
  symbol('!=', Comparison),
  symbol('==', Comparison),
  symbol('<=', Comparison),
  symbol('>=', Comparison),
  symbol('||', BinaryOperator), symbol('//', BinaryOperator), symbol('**', BinaryOperator),
  symbol('<<', BinaryOperator), symbol('>>', BinaryOperator),
  Equals, symbol('<', Comparison), symbol('>', Comparison),
  Plus, Minus, Times, symbol('/', BinaryOperator), symbol('%', BinaryOperator), symbol('^', BinaryOperator),
  symbol('&', BinaryOperator), symbol('|', BinaryOperator),
  Tilde, LParen, RParen, LBracket, RBracket, Comma, Dot, Semicolon, At,
];

const RESERVED = `
  ALL AND ANY AS ASC CASE CAST CREATE CROSS DEFAULT DESC DISTINCT ELSE END EXCEPT FALSE FOR FROM GROUP HAVING IN
  INTERSECT INTO LATERAL LIMIT NOT NULL OFFSET ON OR ORDER QUALIFY SELECT SOME TABLE THEN TRUE UNION USING WHEN WHERE WINDOW WITH OVER`
  .trim()
  .split(/\s+/);

/** Reserved, but function names all the same. */
const FUNCTION_WORDS = 'LEFT RIGHT FULL INNER JOIN OUTER NATURAL SEMI ANTI IS LIKE ILIKE SIMILAR'.split(' ');

const UNRESERVED = `
  ANALYZE BEGIN BETWEEN BOTH BY COMMIT COPY CURRENT DATA DELETE DROP ESCAPE EXCLUDE EXISTS EXPLAIN EXTRACT FILTER
  FIRST FOLLOWING GROUPS IF IGNORE NO OTHERS TIES INSERT INTERVAL KEY LAST LEADING MODEL NULLS ONLY PARTITION POSITION
  PRECEDING PRECISION PRIMARY PREDICT RANGE RECURSIVE REPLACE RESPECT ROLLBACK ROW ROWS SET START SUBSTRING TEMP
  TEMPORARY TO TRAILING TRANSACTION TRIM TRY_CAST UNBOUNDED UNIQUE UPDATE VALUES VIEW TIME ZONE VARYING CHECK FOREIGN
  REFERENCES CONSTRAINT UNKNOWN WITHOUT OPTIMIZE MODELS MATERIALIZED`
  .trim()
  .split(/\s+/);

export const KEYWORDS: ReadonlyMap<string, TokenType> = new Map([
  ...RESERVED.map((word) => [word, keywordToken(word, [])] as const),
  ...FUNCTION_WORDS.map((word) => [word, keywordToken(word, [FunctionWord])] as const),
  ...UNRESERVED.map((word) => [word, keywordToken(word, [Word])] as const),
]);

function keywordToken(word: string, categories: TokenType[]): TokenType {
  return createToken({ name: word, label: word, pattern: Lexer.NA, categories });
}

/** The token type of a keyword; a missing one is our mistake. */
export function keyword(word: string): TokenType {
  const type = KEYWORDS.get(word);
  if (type === undefined) throw new Error(`${word} is no keyword of tokens.ts`);
  return type;
}

const LEXED: readonly TokenType[] = [
  Space,
  LineComment,
  BlockComment,
  EscapeString,
  Identifier,
  QuotedIdentifier,
  StringToken,
  DollarString,
  NumberToken,
  ParameterToken,
  ...OPERATORS,
];

/** All token types, as the parser wants them. */
export const VOCABULARY: readonly TokenType[] = [
  Word,
  FunctionWord,
  BinaryOperator,
  Comparison,
  ...LEXED,
  ...KEYWORDS.values(),
];

let lexer: LexerType | undefined;

/** Throws CompileError at a character no token starts with, and at a string or comment that never ends. */
export function tokenize(source: string): IToken[] {
  lexer ??= new Lexer([...LEXED, Word, FunctionWord, BinaryOperator, Comparison], {
    positionTracking: 'onlyOffset',
    ensureOptimizations: false,
  });
  const { tokens, errors } = lexer.tokenize(source);
  const first = errors[0];
  if (first !== undefined) throw lexicalError(source, first.offset);
  const open = tokens.find(
    (token, i) => token.image === '/' && tokens[i + 1]?.image === '*' && source.startsWith('/*', token.startOffset),
  );
  if (open !== undefined) throw lexicalError(source, open.startOffset);
  numberParameters(tokens, source);
  for (const token of tokens) {
    if (token.tokenType !== Identifier) continue;
    const type = KEYWORDS.get(token.image.toUpperCase());
    if (type === undefined) continue;
    token.tokenType = type;
    token.tokenTypeIdx = type.tokenTypeIdx!;
  }
  return tokens;
}

/** The greatest number of a parameter, as in PostgreSQL: each below it is a value that must be given. */
const MOST_PARAMETERS = 65_535;

/** Gives each parameter its index, anew in each statement: `$2` is 1; `?` and names count in the order of the text. */
function numberParameters(tokens: readonly IToken[], source: string): void {
  let next = 0;
  let names = new Map<string, number>();
  for (const token of tokens) {
    if (token.tokenType === Semicolon) {
      next = 0;
      names = new Map();
    }
    if (token.tokenType !== ParameterToken) continue;
    const name = token.image.slice(1);
    if (Number(name) > MOST_PARAMETERS || /^0+$/.test(name)) {
      const span = { start: token.startOffset, end: token.startOffset + token.image.length };
      const expected = `a number from 1 to ${MOST_PARAMETERS}`;
      throw new CompileError(`found parameter ${name}, expected ${expected}`, { span, source });
    }
    if (/^\d+$/.test(name)) token.payload = Number(name) - 1;
    else if (name === '') token.payload = next++;
    else {
      if (!names.has(name)) names.set(name, next++);
      token.payload = names.get(name)!;
    }
  }
}

function lexicalError(source: string, offset: number): CompileError {
  const rest = source.slice(offset);
  const span = { start: offset, end: offset + 1 };
  if (rest.startsWith("'"))
    return new CompileError("this string is never closed: expected a ' at its end", { span, source });
  if (rest.startsWith('"'))
    return new CompileError('this quoted name is never closed: expected a " at its end', { span, source });
  if (rest.startsWith('/*'))
    return new CompileError('this comment is never closed: expected */ at its end', { span, source });
  const character = String.fromCodePoint(rest.codePointAt(0)!);
  return new CompileError(`found ${JSON.stringify(character)}, which begins nothing in SQL`, {
    span: { start: offset, end: offset + character.length },
    source,
  });
}

/** The value of a string token. */
export function stringValue(image: string): string {
  if (image.startsWith('$$')) return image.slice(2, -2);
  if (!image.startsWith("'")) return unescape(image.slice(2, -1));
  return image.slice(1, -1).replaceAll("''", "'");
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' };

function unescape(text: string): string {
  return text.replace(
    /''|\\x([0-9a-fA-F]{1,2})|\\([\s\S])/g,
    (whole, hex: string | undefined, letter: string | undefined) => {
    if (whole === "''") return "'";
    return hex === undefined ? (ESCAPES[letter!] ?? letter!) : String.fromCharCode(parseInt(hex, 16));
  });
}

/** A name as written, without the quotes of a quoted one. */
export function nameText(image: string): string {
  return image.startsWith('"') ? image.slice(1, -1).replaceAll('""', '"') : image;
}
