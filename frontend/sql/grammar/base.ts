/**
 * What all grammar families share: places, names, lists, and the look ahead that decides what a parenthesis opens.
 *
 * The grammar is LL(1); where SQL needs more, a GATE says in words what it looks for. Rules build the tree directly
 * (`ACTION` bodies do not run while chevrotain records the grammar).
 */
import type { IParserErrorMessageProvider, IToken, TokenType } from 'chevrotain';
import type { Span } from '../../diagnostics.js';
import type { Name } from '../ast.js';
import { EmbeddedActionsParser } from '../chevrotain.js';
import { storedName } from '../schema.js';
import * as t from '../tokens.js';

const QUERY_STARTS: ReadonlySet<TokenType> = new Set(['SELECT', 'WITH', 'VALUES', 'FROM', 'TABLE'].map(t.keyword));
const QUERY_CONTINUES: ReadonlySet<TokenType> = new Set(
  ['UNION', 'INTERSECT', 'EXCEPT', 'ORDER', 'LIMIT', 'OFFSET'].map(t.keyword),
);

/** `validate`: check the grammar for ambiguities, which a test does once; it is too slow to do at each start. */
export interface GrammarOptions { readonly errors: IParserErrorMessageProvider; readonly validate: boolean }

export abstract class GrammarBase extends EmbeddedActionsParser {
  constructor(options: GrammarOptions) {
    super([...t.VOCABULARY], {
      maxLookahead: 1, recoveryEnabled: false, errorMessageProvider: options.errors, skipValidations: !options.validate,
    });
  }

  /** From `start` to the end of the last token consumed. */
  protected spanFrom(start: number): Span {
    const last = this.LA(0);
    return { start, end: Math.max(start, last.startOffset + last.image.length) };
  }

  protected here(): number {
    return this.LA(1).startOffset;
  }

  protected nextIs(...words: string[]): boolean {
    return words.every((word, i) => this.LA(i + 1).tokenType === t.keyword(word));
  }

  protected isWord(token: IToken): boolean {
    const type = token.tokenType;
    return type === t.Identifier || type === t.QuotedIdentifier || (type.CATEGORIES?.includes(t.Word) ?? false);
  }

  /** Whether the token at `offset` opens a query, through any number of parentheses. */
  protected startsQuery(offset = 1): boolean {
    const token = this.LA(offset);
    if (token.tokenType === t.keyword('FROM')) return this.LA(offset + 1).tokenType !== t.RParen;
    if (token.tokenType === t.keyword('VALUES')) return this.LA(offset + 1).tokenType === t.LParen;
    if (QUERY_STARTS.has(token.tokenType)) return true;
    if (token.tokenType !== t.LParen || !this.startsQuery(offset + 1)) return false;
    const after = this.LA(this.closing(offset) + 1).tokenType;
    return QUERY_CONTINUES.has(after) || after === t.RParen;
  }

  /** The offset of the parenthesis that closes the one at `offset`. */
  private closing(offset: number): number {
    let depth = 0;
    for (let i = offset; ; i++) {
      const type = this.LA(i).tokenType;
      if (type === t.LParen) depth++;
      if (type === t.RParen && --depth === 0) return i;
      if (type.name === 'EOF') return i;
    }
  }

  protected asName(token: IToken): Name {
    return this.ACTION(() => ({
      text: t.nameText(token.image),
      span: { start: token.startOffset, end: token.startOffset + token.image.length },
    }));
  }

  readonly name = this.RULE('name', (): Name => this.asName(this.CONSUME(t.Word)));

  /** `t`, `main.t` */
  readonly path = this.RULE('path', (): readonly Name[] => {
    const path = [this.SUBRULE(this.name)];
    this.MANY(() => { this.CONSUME(t.Dot); path.push(this.SUBRULE2(this.name)); });
    return path;
  });

  readonly storedName = this.RULE('storedName', (): Name => {
    const path = this.SUBRULE(this.path);
    return this.ACTION(() => storedName(path));
  });

  /** `(a, b, c)` */
  readonly nameList = this.RULE('nameList', (): readonly Name[] => {
    const names: Name[] = [];
    this.CONSUME(t.LParen);
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => { names.push(this.SUBRULE(this.name)); } });
    this.CONSUME(t.RParen);
    return names;
  });

  readonly stringText = this.RULE('stringText', (): string => {
    const token = this.CONSUME(t.StringToken);
    return this.ACTION(() => t.stringValue(token.image));
  });
}
