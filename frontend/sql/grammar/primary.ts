/** The grammar of what an operator works on: literals, names, calls, CASE, CAST, parentheses and their like. */
import type { IToken, ParserMethod } from 'chevrotain';
import type { Argument, AstExpr, FunctionCall, Name, OrderItem, Query, WindowSpec } from '../ast.js';
import * as t from '../tokens.js';
import { SpecialCallGrammar } from './special-calls.js';

const k = t.keyword;

export abstract class PrimaryGrammar extends SpecialCallGrammar {
  abstract readonly expressions: ParserMethod<[], readonly AstExpr[]>;
  abstract readonly query: ParserMethod<[], Query>;
  abstract readonly orderItems: ParserMethod<[], readonly OrderItem[]>;
  abstract readonly windowSpec: ParserMethod<[], WindowSpec>;

  private readonly calls = (): boolean => this.LA(2).tokenType === t.LParen;

  readonly primary: ParserMethod<[], AstExpr> = this.RULE('primary', (): AstExpr => this.OR({
    ERR_MSG: 'an expression',
    IGNORE_AMBIGUITIES: true,
    DEF: [
      { ALT: () => this.SUBRULE(this.literal) },
        {
          GATE: () => this.LA(2).tokenType === t.StringToken && !this.nextIs('INTERVAL') && this.isWord(this.LA(1)),
          ALT: () => this.SUBRULE(this.typedLiteral),
        },
        { GATE: () => this.nextIs('INTERVAL') && !this.isIntervalName(), ALT: () => this.SUBRULE(this.interval) },
      { ALT: () => this.SUBRULE(this.caseExpr) },
      { ALT: () => this.SUBRULE(this.castExpr) },
      { GATE: this.calls, ALT: () => this.SUBRULE(this.exists) },
      { GATE: this.calls, ALT: () => this.SUBRULE(this.extract) },
      { GATE: this.calls, ALT: () => this.SUBRULE(this.substring) },
      { GATE: this.calls, ALT: () => this.SUBRULE(this.position) },
      { GATE: this.calls, ALT: () => this.SUBRULE(this.trim) },
      { GATE: this.calls, ALT: () => this.SUBRULE(this.functionCall) },
      { ALT: () => this.SUBRULE(this.column) },
      { ALT: () => this.SUBRULE(this.parenthesised) },
      { ALT: () => this.SUBRULE(this.arrayLiteral) },
    ],
  }));

  private isIntervalName(): boolean {
    const next = this.LA(2).tokenType;
    return !(
      next === t.StringToken ||
      next === t.EscapeString ||
      next === t.NumberToken ||
      next === t.LParen ||
      next === t.Minus ||
      next === t.ParameterToken
    );
  }

  private readonly literal = this.RULE('literal', (): AstExpr => {
    const token = this.OR([
      { ALT: () => this.CONSUME(t.NumberToken) },
      { ALT: () => this.CONSUME(t.StringToken) },
      { ALT: () => this.CONSUME(t.ParameterToken) },
      { ALT: () => this.CONSUME(k('NULL')) },
      { ALT: () => this.CONSUME(k('TRUE')) },
      { ALT: () => this.CONSUME(k('FALSE')) },
    ]);
    return this.ACTION(() => this.literalOf(token));
  });

  private literalOf(token: IToken): AstExpr {
    const span = { start: token.startOffset, end: token.startOffset + token.image.length };
    switch (token.tokenType) {
      case t.NumberToken: return { kind: 'number', text: token.image.replaceAll('_', ''), span };
      case k('NULL'): return { kind: 'null', span };
      case k('TRUE'): return { kind: 'boolean', value: true, span };
      case k('FALSE'): return { kind: 'boolean', value: false, span };
      case t.ParameterToken: {
        const name = /^\$[A-Za-z_]/.test(token.image) ? token.image.slice(1) : undefined;
        return { kind: 'parameter', name, index: token.payload as number, span };
      }
      default: return { kind: 'string', value: t.stringValue(token.image), span };
    }
  }

  private readonly typedLiteral = this.RULE('typedLiteral', (): AstExpr => {
    const start = this.here();
    const name = this.CONSUME(t.Word);
    const value = this.SUBRULE(this.stringText);
    return this.ACTION(() => {
      const type = { name: t.nameText(name.image).toUpperCase(), args: [], dims: [], span: this.asName(name).span };
      return { kind: 'typed', type, value, span: this.spanFrom(start) };
    });
  });

  private readonly interval = this.RULE('interval', (): AstExpr => {
    const start = this.here();
    this.CONSUME(k('INTERVAL'));
    const value = this.OR([
      { ALT: () => this.SUBRULE(this.literal) },
      { ALT: () => this.SUBRULE(this.parenthesised) },
      {
        ALT: () => {
          const from = this.here();
          this.CONSUME(t.Minus);
          const arg = this.SUBRULE2(this.literal);
          return this.ACTION((): AstExpr => ({ kind: 'unary', op: '-', arg, span: this.spanFrom(from) }));
        },
      },
    ]);
    let unit: string | undefined;
    this.OPTION({
      GATE: () =>
        /^(millenni|centur|decade|year|quarter|month|week|day|hour|minute|second|millisecond|microsecond)(s|um|a|y|ies)?$/i.test(
          this.LA(1).image,
        ),
      DEF: () => {
        unit = this.CONSUME(t.Word).image.toLowerCase();
      },
    });
    return this.ACTION(() => ({ kind: 'interval', value, unit, span: this.spanFrom(start) }));
  });

  private readonly caseExpr = this.RULE('caseExpr', (): AstExpr => {
    const start = this.here();
    this.CONSUME(k('CASE'));
    let operand: AstExpr | undefined;
    this.OPTION(() => { operand = this.SUBRULE(this.expression); });
    const branches: { when: AstExpr; then: AstExpr }[] = [];
    this.AT_LEAST_ONE({
      ERR_MSG: 'WHEN',
      DEF: () => {
        this.CONSUME(k('WHEN'));
        const when = this.SUBRULE2(this.expression);
        this.CONSUME(k('THEN'));
        branches.push({ when, then: this.SUBRULE3(this.expression) });
      },
    });
    let otherwise: AstExpr | undefined;
    this.OPTION2(() => { this.CONSUME(k('ELSE')); otherwise = this.SUBRULE4(this.expression); });
    this.CONSUME(k('END'));
    return this.ACTION(() => ({ kind: 'case', operand, branches, otherwise, span: this.spanFrom(start) }));
  });

  private readonly castExpr = this.RULE('castExpr', (): AstExpr => {
    const start = this.here();
    const word = this.OR([{ ALT: () => this.CONSUME(k('CAST')) }, { ALT: () => this.CONSUME(k('TRY_CAST')) }]);
    this.CONSUME(t.LParen);
    const arg = this.SUBRULE(this.expression);
    this.CONSUME(k('AS'));
    const type = this.SUBRULE(this.type);
    this.CONSUME(t.RParen);
    return this.ACTION(() => ({
      kind: 'cast',
      arg,
      type,
      attempt: word.tokenType === k('TRY_CAST'),
      span: this.spanFrom(start),
    }));
  });

  private readonly exists = this.RULE('exists', (): AstExpr => {
    const start = this.here();
    this.CONSUME(k('EXISTS'));
    this.CONSUME(t.LParen);
    const query = this.SUBRULE(this.query);
    this.CONSUME(t.RParen);
    return this.ACTION(() => ({ kind: 'exists', query, span: this.spanFrom(start) }));
  });

  private readonly functionCall = this.RULE('functionCall', (): FunctionCall => {
    const start = this.here();
    const word = this.OR([{ ALT: () => this.CONSUME(t.Word) }, { ALT: () => this.CONSUME(t.FunctionWord) }]);
    this.CONSUME(t.LParen);
    let distinct = false;
    this.OPTION(() => {
      this.OR2([
        {
          ALT: () => {
            this.CONSUME(k('DISTINCT'));
            distinct = true;
          },
        },
        { ALT: () => this.CONSUME(k('ALL')) },
      ]);
    });
    const args: Argument[] = [];
    this.MANY_SEP({ SEP: t.Comma, DEF: () => { args.push(this.SUBRULE(this.argument)); } });
    let order: readonly OrderItem[] = [];
    this.OPTION2(() => { order = this.SUBRULE(this.orderItems); });
    let ignoreNulls = false;
    this.OPTION3(() => {
      this.OR3([
        {
          ALT: () => {
            this.CONSUME(k('IGNORE'));
            ignoreNulls = true;
          },
        },
        { ALT: () => this.CONSUME(k('RESPECT')) },
      ]);
      this.CONSUME(k('NULLS'));
    });
    this.CONSUME(t.RParen);
    let filter: AstExpr | undefined;
    this.OPTION4({
      GATE: () => this.LA(2).tokenType === t.LParen,
      DEF: () => {
        this.CONSUME(k('FILTER'));
        this.CONSUME2(t.LParen);
        this.OPTION5(() => this.CONSUME(k('WHERE')));
        filter = this.SUBRULE(this.expression);
        this.CONSUME2(t.RParen);
      },
    });
    let over: WindowSpec | Name | undefined;
    this.OPTION6(() => {
      this.CONSUME(k('OVER'));
      over = this.OR4([{ ALT: () => this.SUBRULE(this.windowSpec) }, { ALT: () => this.SUBRULE(this.name) }]);
    });
    return this.ACTION(() => ({
      kind: 'function',
      name: this.asName(word),
      args,
      distinct,
      order,
      filter,
      over,
      ignoreNulls,
      span: this.spanFrom(start),
    }));
  });

  /** `x`, `name => x`, `t.*`, `fraud@3` */
  private readonly argument = this.RULE('argument', (): Argument => this.OR({
    IGNORE_AMBIGUITIES: true,
    DEF: [
      {
        GATE: () => this.LA(2).tokenType === t.Arrow,
        ALT: () => {
          const name = this.SUBRULE(this.name);
          this.CONSUME(t.Arrow);
          return { name, value: this.SUBRULE(this.expression) };
        },
      },
      {
        GATE: () => this.LA(2).tokenType === t.At,
        ALT: () => {
          const name = this.SUBRULE2(this.name);
          this.CONSUME(t.At);
          const version = Number(this.CONSUME(t.NumberToken).image);
          return this.ACTION(
            (): Argument => ({ name: undefined, value: { kind: 'model', name, version, span: this.spanFrom(name.span.start) } }),
          );
        },
      },
      { GATE: () => this.startsStar(), ALT: () => ({ name: undefined, value: this.SUBRULE(this.star) }) },
      { ALT: () => ({ name: undefined, value: this.SUBRULE2(this.expression) }) },
    ],
  }));

  /** `*` or `name.*` or `a.b.*` comes next. */
  protected startsStar(): boolean {
    let i = 1;
    while (this.isWord(this.LA(i)) && this.LA(i + 1).tokenType === t.Dot) i += 2;
    return this.LA(i).tokenType === t.Times;
  }

  readonly star: ParserMethod<[], AstExpr> = this.RULE('star', (): AstExpr => {
    const start = this.here();
    const qualifier: Name[] = [];
    this.MANY(() => { qualifier.push(this.SUBRULE(this.name)); this.CONSUME(t.Dot); });
    this.CONSUME(t.Times);
    let exclude: readonly Name[] = [];
    this.OPTION({
      GATE: () => this.LA(2).tokenType === t.LParen || this.isWord(this.LA(2)),
      DEF: () => {
        this.CONSUME(k('EXCLUDE'));
        exclude = this.OR([{ ALT: () => this.SUBRULE(this.nameList) }, { ALT: () => [this.SUBRULE2(this.name)] }]);
      },
    });
    const replace: { expr: AstExpr; name: Name }[] = [];
    this.OPTION2({
      GATE: () => this.LA(2).tokenType === t.LParen,
      DEF: () => {
        this.CONSUME(k('REPLACE'));
        this.CONSUME(t.LParen);
        this.AT_LEAST_ONE_SEP({
          SEP: t.Comma,
          DEF: () => {
            const expr = this.SUBRULE(this.expression);
            this.CONSUME(k('AS'));
            replace.push({ expr, name: this.SUBRULE3(this.name) });
          },
        });
        this.CONSUME(t.RParen);
      },
    });
    return this.ACTION(() => ({ kind: 'star', qualifier, exclude, replace, span: this.spanFrom(start) }));
  });

  private readonly column = this.RULE('column', (): AstExpr => {
    const path = [this.SUBRULE(this.name)];
    this.MANY({
      GATE: () => this.LA(2).tokenType !== t.Times,
      DEF: () => { this.CONSUME(t.Dot); path.push(this.SUBRULE2(this.name)); },
    });
    return this.ACTION(() => ({ kind: 'column', path, span: this.spanFrom(path[0]!.span.start) }));
  });

  private readonly parenthesised: ParserMethod<[], AstExpr> = this.RULE('parenthesised', (): AstExpr => {
    const start = this.here();
    this.CONSUME(t.LParen);
    const inner = this.OR({
      IGNORE_AMBIGUITIES: true,
      DEF: [
        {
          GATE: () => this.startsQuery(),
          ALT: () => {
            const query = this.SUBRULE(this.query);
            return (): AstExpr => ({ kind: 'subquery', query, span: this.spanFrom(start) });
          },
        },
        {
          ALT: () => {
            const items = this.SUBRULE(this.expressions);
            return (): AstExpr =>
              items.length === 1
                ? { ...items[0]!, span: this.spanFrom(start) }
                : { kind: 'row', items, span: this.spanFrom(start) };
          },
        },
      ],
    });
    this.CONSUME(t.RParen);
    return this.ACTION(() => inner());
  });

  private readonly arrayLiteral = this.RULE('arrayLiteral', (): AstExpr => {
    const start = this.here();
    this.CONSUME(t.LBracket);
    const items: AstExpr[] = [];
    this.MANY_SEP({ SEP: t.Comma, DEF: () => { items.push(this.SUBRULE(this.expression)); } });
    this.CONSUME(t.RBracket);
    return this.ACTION(() => ({ kind: 'array', items, span: this.spanFrom(start) }));
  });
}
