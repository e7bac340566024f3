/**
 * The grammar of expressions, in PostgreSQL's order of precedence: OR, AND, NOT, IS and comparison, BETWEEN IN LIKE,
 * the other operators, + -, * / // %, ^, unary, postfix (:: [] .). Operators of one flat list are folded by
 * `foldOperators`.
 */
import type { IToken, ParserMethod } from 'chevrotain';
import type { AstExpr } from '../ast.js';
import * as t from '../tokens.js';
import { PrimaryGrammar } from './primary.js';

const k = t.keyword;

const PRECEDENCE: Readonly<Record<string, number>> = {
  '||': 1, '<<': 1, '>>': 1, '&': 1, '|': 1, '+': 2, '-': 2, '*': 3, '/': 3, '//': 3, '%': 3, '^': 4, '**': 4,
};

/** Folds `a op b op c ...` by precedence, left to right within one. */
function foldOperators(first: AstExpr, rest: readonly { readonly op: string; readonly arg: AstExpr }[]): AstExpr {
  const operands = [first];
  const pending: string[] = [];
  const reduce = (): void => {
    const right = operands.pop()!;
    const left = operands.pop()!;
    operands.push({
      kind: 'binary',
      op: pending.pop()!,
      left,
      right,
      span: { start: left.span.start, end: right.span.end },
    });
  };
  for (const { op, arg } of rest) {
    while (pending.length > 0 && PRECEDENCE[pending[pending.length - 1]!]! >= PRECEDENCE[op]!) reduce();
    pending.push(op);
    operands.push(arg);
  }
  while (pending.length > 0) reduce();
  return operands[0]!;
}

function binary(op: string, left: AstExpr, right: AstExpr): AstExpr {
  return { kind: 'binary', op, left, right, span: { start: left.span.start, end: right.span.end } };
}

type Predicate = (left: AstExpr) => AstExpr;

export abstract class ExpressionGrammar extends PrimaryGrammar {
  readonly expression: ParserMethod<[], AstExpr> = this.RULE('expression', (): AstExpr => {
    let left = this.SUBRULE(this.conjunction);
    this.MANY(() => {
      this.CONSUME(k('OR'));
      const right = this.SUBRULE2(this.conjunction);
      left = this.ACTION(() => binary('OR', left, right));
    });
    return left;
  });

  private readonly conjunction = this.RULE('conjunction', (): AstExpr => {
    let left = this.SUBRULE(this.negation);
    this.MANY(() => {
      this.CONSUME(k('AND'));
      const right = this.SUBRULE2(this.negation);
      left = this.ACTION(() => binary('AND', left, right));
    });
    return left;
  });

  private readonly negation: ParserMethod<[], AstExpr> = this.RULE('negation', (): AstExpr => {
    const start = this.here();
    let nots = 0;
    this.MANY(() => { this.CONSUME(k('NOT')); nots++; });
    let arg = this.SUBRULE(this.predicate);
    this.ACTION(() => {
      for (; nots > 0; nots--) arg = { kind: 'unary', op: 'NOT', arg, span: this.spanFrom(start) };
    });
    return arg;
  });

  private readonly predicate = this.RULE('predicate', (): AstExpr => {
    let left = this.SUBRULE(this.matched);
    this.MANY(() => {
      const apply = this.OR({
        ERR_MSG: 'a predicate',
        DEF: [
          { ALT: () => this.SUBRULE(this.comparison) },
          { ALT: () => this.SUBRULE(this.isTest) },
          // After IS only: what stands before belongs to the operand.
          { ALT: () => this.SUBRULE(this.negatable) },
        ],
      });
      left = this.ACTION(() => apply(left));
    });
    return left;
  });

  /** BETWEEN, IN and LIKE bind tighter than comparisons: `a = b IN (c)` is `a = (b IN (c))`. */
  private readonly matched = this.RULE('matched', (): AstExpr => {
    let left = this.SUBRULE(this.operand);
    this.MANY(() => {
      const apply = this.SUBRULE(this.negatable);
      left = this.ACTION(() => apply(left));
    });
    return left;
  });

  private readonly comparison = this.RULE('comparison', (): Predicate => {
    const op = this.CONSUME(t.Comparison).image;
    let quantifier: IToken | undefined;
    this.OPTION({
      GATE: () => this.LA(2).tokenType === t.LParen,
      DEF: () => {
        quantifier = this.OR([
          { ALT: () => this.CONSUME(k('ANY')) },
          { ALT: () => this.CONSUME(k('SOME')) },
          { ALT: () => this.CONSUME(k('ALL')) },
        ]);
      },
    });
    const result = this.OR2([
      {
        GATE: () => quantifier !== undefined,
        ALT: () => {
          this.CONSUME(t.LParen);
          const query = this.SUBRULE(this.query);
          this.CONSUME(t.RParen);
          return this.ACTION((): Predicate => {
            const all = quantifier!.tokenType === k('ALL');
            return (left) => ({ kind: 'quantified', op, all, left, query, span: this.spanFrom(left.span.start) });
          });
        },
      },
      {
        ALT: () => {
          const right = this.SUBRULE(this.matched);
          return this.ACTION((): Predicate => (left) => binary(op, left, right));
        },
      },
    ]);
    return result;
  });

  private readonly isTest = this.RULE('isTest', (): Predicate => {
    this.CONSUME(k('IS'));
    let negated = false;
    this.OPTION(() => { this.CONSUME(k('NOT')); negated = true; });
    return this.OR({
      ERR_MSG: 'NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM after IS',
      DEF: [
        { ALT: () => { this.CONSUME(k('NULL')); return this.isPredicate('null', negated); } },
        { ALT: () => { this.CONSUME(k('UNKNOWN')); return this.isPredicate('null', negated); } },
        { ALT: () => { this.CONSUME(k('TRUE')); return this.isPredicate('true', negated); } },
        { ALT: () => { this.CONSUME(k('FALSE')); return this.isPredicate('false', negated); } },
        {
          ALT: () => {
            this.CONSUME(k('DISTINCT'));
            this.CONSUME(k('FROM'));
            const right = this.SUBRULE(this.matched);
            return this.ACTION((): Predicate => (left) => ({
              kind: 'is-distinct',
              left,
              right,
              negated,
              span: this.spanFrom(left.span.start),
            }));
          },
        },
      ],
    });
  });

  private isPredicate(test: 'null' | 'true' | 'false', negated: boolean): Predicate {
    return (arg) => ({ kind: 'is', arg, test, negated, span: this.spanFrom(arg.span.start) });
  }

  /** [NOT] BETWEEN, IN, LIKE, ILIKE, SIMILAR TO */
  private readonly negatable = this.RULE('negatable', (): Predicate => {
    let negated = false;
    this.OPTION(() => { this.CONSUME(k('NOT')); negated = true; });
    return this.OR({
      ERR_MSG: 'BETWEEN, IN, LIKE or ILIKE',
      DEF: [
        {
          ALT: () => {
            this.CONSUME(k('BETWEEN'));
            const low = this.SUBRULE(this.operand);
            this.CONSUME(k('AND'));
            const high = this.SUBRULE2(this.operand);
            return this.ACTION((): Predicate => (arg) => ({
              kind: 'between',
              arg,
              low,
              high,
              negated,
              span: this.spanFrom(arg.span.start),
            }));
          },
        },
        {
          ALT: () => {
            this.CONSUME(k('IN'));
            const list = this.SUBRULE(this.inList);
            return this.ACTION((): Predicate => (arg) => list(arg, negated));
          },
        },
        {
          ALT: () => {
            const like = this.SUBRULE(this.like);
            return this.ACTION((): Predicate => (arg) => like(arg, negated));
          },
        },
      ],
    });
  });

  private readonly like = this.RULE('like', () => {
    const op = this.OR([
      { ALT: () => { this.CONSUME(k('LIKE')); return 'like' as const; } },
      { ALT: () => { this.CONSUME(k('ILIKE')); return 'ilike' as const; } },
      { ALT: () => { this.CONSUME(k('SIMILAR')); this.CONSUME(k('TO')); return 'similar' as const; } },
    ]);
    const pattern = this.SUBRULE(this.operand);
    let escape: AstExpr | undefined;
    this.OPTION(() => { this.CONSUME(k('ESCAPE')); escape = this.SUBRULE2(this.operand); });
    return this.ACTION(() => (arg: AstExpr, negated: boolean): AstExpr =>
      ({ kind: 'like', op, arg, pattern, escape, negated, span: this.spanFrom(arg.span.start) }));
  });

  private readonly inList = this.RULE('inList', () => {
    this.CONSUME(t.LParen);
    const result = this.OR([
      {
        GATE: () => this.startsQuery(),
        ALT: () => {
          const query = this.SUBRULE(this.query);
          return this.ACTION(() => (arg: AstExpr, negated: boolean): AstExpr => ({
            kind: 'in-query',
            arg,
            query,
            negated,
            span: this.spanFrom(arg.span.start),
          }));
        },
      },
      {
        ALT: () => {
          const items = this.SUBRULE(this.expressions);
          return this.ACTION(() => (arg: AstExpr, negated: boolean): AstExpr => ({
            kind: 'in-list',
            arg,
            items,
            negated,
            span: this.spanFrom(arg.span.start),
          }));
        },
      },
    ]);
    this.CONSUME(t.RParen);
    return result;
  });

  /**
   * Arithmetic and the other operators: what may stand at either side of a comparison, AND of BETWEEN, IN of POSITION.
   */
  readonly operand: ParserMethod<[], AstExpr> = this.RULE('operand', (): AstExpr => {
    const first = this.SUBRULE(this.unary);
    let rest: { op: string; arg: AstExpr }[] | undefined;
    this.MANY(() => {
      const op = this.CONSUME(t.BinaryOperator).image;
      const arg = this.SUBRULE2(this.unary);
      (rest ??= []).push({ op, arg });
    });
    return rest === undefined ? first : this.ACTION(() => foldOperators(first, rest!));
  });

  private readonly unary: ParserMethod<[], AstExpr> = this.RULE('unary', (): AstExpr => {
    let signs: IToken[] | undefined;
    this.MANY(() => {
      const sign = this.OR([
        { ALT: () => this.CONSUME(t.Minus) },
        { ALT: () => this.CONSUME(t.Plus) },
        { ALT: () => this.CONSUME(t.Tilde) },
      ]);
      (signs ??= []).push(sign);
    });
    let arg = this.SUBRULE(this.postfix);
    this.ACTION(() => {
      for (const sign of (signs ?? []).reverse())
        arg = { kind: 'unary', op: sign.image, arg, span: this.spanFrom(sign.startOffset) };
    });
    return arg;
  });

  private readonly postfix = this.RULE('postfix', (): AstExpr => {
    let arg = this.SUBRULE(this.primary);
    this.MANY(() => {
      arg = this.OR([
        {
          ALT: () => {
            this.CONSUME(t.DoubleColon);
            const type = this.SUBRULE(this.type);
            return this.ACTION((): AstExpr => ({
              kind: 'cast',
              arg,
              type,
              attempt: false,
              span: this.spanFrom(arg.span.start),
            }));
          },
        },
        {
          ALT: () => {
            this.CONSUME(t.LBracket);
            const index = this.SUBRULE(this.expression);
            this.CONSUME(t.RBracket);
            return this.ACTION((): AstExpr => ({ kind: 'subscript', arg, index, span: this.spanFrom(arg.span.start) }));
          },
        },
        {
          ALT: () => {
            this.CONSUME(t.Dot);
            const name = this.SUBRULE(this.name);
            return this.ACTION((): AstExpr => ({ kind: 'field', arg, name, span: this.spanFrom(arg.span.start) }));
          },
        },
      ]);
    });
    return arg;
  });

  readonly expressions = this.RULE('expressions', (): readonly AstExpr[] => {
    const items: AstExpr[] = [];
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => { items.push(this.SUBRULE(this.expression)); } });
    return items;
  });
}
