/**
 * Reads the text form character by character: tokens, and errors with line, column, what was found and what was
 * expected.
 */

/** The text is not the form of a node; `message` ends with the place as `line:column`. */
export class ParseError extends Error {
  override readonly name = 'ParseError';
  constructor(message: string, readonly line: number, readonly column: number) {
    super(`${message} at ${line}:${column}`);
  }
}

const SPACE = /(?:\s|--[^\n]*)+/y;
const IDENTIFIER = /[A-Za-z_][A-Za-z0-9_]*/y;
const STRING = /"(?:[^"\\\n]|\\.)*"/y;
const NUMBER = /-?(?:inf|\d+(?:\.\d+)?(?:e[+-]?\d+)?)|nan/y;
const INTEGER = /-?\d+/y;
const BIGINT = /-?\d{1,400}n/y;
const HEX = /(?:[0-9a-f]{2})+/y;
const DIM = /[A-Za-z_][A-Za-z0-9_.+*()-]*/y;

export class Scanner {
  private at = 0;

  constructor(private readonly text: string) {}

  /** Where the next token starts. */
  get position(): number {
    this.skip();
    return this.at;
  }

  get atEnd(): boolean {
    return this.position === this.text.length;
  }

  private skip(): void {
    SPACE.lastIndex = this.at;
    if (SPACE.test(this.text)) this.at = SPACE.lastIndex;
  }

  /** The token that matches, if the next one does. */
  private take(pattern: RegExp): string | undefined {
    this.skip();
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (match === null) return undefined;
    this.at = pattern.lastIndex;
    return match[0];
  }

  peek(symbol: string): boolean {
    this.skip();
    return this.text.startsWith(symbol, this.at);
  }

  /** Takes the symbol if it is next. */
  accept(symbol: string): boolean {
    if (!this.peek(symbol)) return false;
    this.at += symbol.length;
    return true;
  }

  expect(symbol: string): void {
    if (!this.accept(symbol)) this.fail(`'${symbol}'`);
  }

  acceptIdentifier(): string | undefined {
    return this.take(IDENTIFIER);
  }

  identifier(expected: string): string {
    return this.acceptIdentifier() ?? this.fail(expected);
  }

  /** An identifier or a JSON string. */
  name(): string {
    return this.acceptIdentifier() ?? this.acceptString() ?? this.fail('a name');
  }

  acceptString(): string | undefined {
    const start = this.position;
    const quoted = this.take(STRING);
    if (quoted === undefined) return undefined;
    try {
      return JSON.parse(quoted) as string;
    } catch {
      return this.failAt(start, `found ${quoted}, expected a JSON string`);
    }
  }

  integer(): number {
    const start = this.position;
    const value = Number(this.take(INTEGER) ?? this.fail('an integer'));
    return Number.isSafeInteger(value) ? value : this.failAt(start, `found ${value}, expected an integer below 2^53`);
  }

  acceptBigint(): bigint | undefined {
    const digits = this.take(BIGINT);
    return digits === undefined ? undefined : BigInt(digits.slice(0, -1));
  }

  /** `nan` and `inf` included. */
  acceptNumber(): number | undefined {
    const digits = this.take(NUMBER);
    return digits === undefined ? undefined : Number(digits.replace('inf', 'Infinity').replace('nan', 'NaN'));
  }

  /** Pairs of hexadecimal digits, maybe none. */
  hexDigits(): string {
    return this.take(HEX) ?? '';
  }

  dim(): number | string {
    const start = this.position;
    const symbol = this.take(DIM) ?? this.acceptString();
    if (symbol !== undefined) return symbol;
    const size = this.integer();
    return size >= 0 ? size : this.failAt(start, `found ${size}, expected a size of at least 0`);
  }

  /** Goes back to the start of a token. */
  back(position: number): void {
    this.at = position;
  }

  fail(expected: string): never {
    const found = this.atEnd ? 'the end of the text' : `'${this.text.slice(this.at, this.at + 24).split('\n')[0]}'`;
    return this.failAt(this.at, `found ${found}, expected ${expected}`);
  }

  failAt(position: number, message: string): never {
    const before = this.text.slice(0, position).split('\n');
    throw new ParseError(message, before.length, before[before.length - 1]!.length + 1);
  }
}
