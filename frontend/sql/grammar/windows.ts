/** The grammar of orders and windows: ORDER BY, OVER (...), frames. */
import type { ParserMethod } from 'chevrotain';
import type { AstExpr, AstFrameBound, Name, OrderItem, WindowFrame, WindowSpec } from '../ast.js';
import * as t from '../tokens.js';
import { FromGrammar } from './from.js';

const k = t.keyword;

export abstract class WindowGrammar extends FromGrammar {
  readonly orderItems: ParserMethod<[], readonly OrderItem[]> = this.RULE('orderItems', (): readonly OrderItem[] => {
    const items: OrderItem[] = [];
    this.CONSUME(k('ORDER'));
    this.CONSUME(k('BY'));
    this.AT_LEAST_ONE_SEP({
      SEP: t.Comma,
      DEF: () => {
        const expr = this.SUBRULE(this.expression);
        const direction = this.SUBRULE(this.direction);
        this.ACTION(() => items.push({ expr, ...direction, span: this.spanFrom(expr.span.start) }));
      },
    });
    return items;
  });

  protected readonly orderAll = this.RULE('orderAll', () => {
    this.CONSUME(k('ORDER'));
    this.CONSUME(k('BY'));
    this.CONSUME(k('ALL'));
    return this.SUBRULE(this.direction);
  });

  private readonly direction = this.RULE('direction', () => {
    let descending = false;
    let nulls: 'first' | 'last' | undefined;
    this.OPTION(() => {
      this.OR([
        { ALT: () => this.CONSUME(k('ASC')) },
        {
          ALT: () => {
            this.CONSUME(k('DESC'));
            descending = true;
          },
        },
      ]);
    });
    this.OPTION2(() => {
      this.CONSUME(k('NULLS'));
      this.OR2([
        {
          ALT: () => {
            this.CONSUME(k('FIRST'));
            nulls = 'first';
          },
        },
        {
          ALT: () => {
            this.CONSUME(k('LAST'));
            nulls = 'last';
          },
        },
      ]);
    });
    return { descending, nulls };
  });

  readonly windowSpec: ParserMethod<[], WindowSpec> = this.RULE('windowSpec', (): WindowSpec => {
    const start = this.here();
    this.CONSUME(t.LParen);
    let base: Name | undefined;
    this.OPTION({
      GATE: () => !['PARTITION', 'ROWS', 'RANGE', 'GROUPS'].some((word) => this.nextIs(word)),
      DEF: () => { base = this.SUBRULE(this.name); },
    });
    let partition: readonly AstExpr[] = [];
    this.OPTION2(() => {
      this.CONSUME(k('PARTITION'));
      this.CONSUME(k('BY'));
      partition = this.SUBRULE(this.expressions);
    });
    let order: readonly OrderItem[] = [];
    this.OPTION3(() => { order = this.SUBRULE(this.orderItems); });
    let frame: WindowFrame | undefined;
    this.OPTION4(() => { frame = this.SUBRULE(this.windowFrame); });
    this.CONSUME(t.RParen);
    return this.ACTION(() => ({ base, partition, order, frame, span: this.spanFrom(start) }));
  });

  private readonly windowFrame = this.RULE('windowFrame', (): WindowFrame => {
    const unit = this.OR([
      { ALT: () => { this.CONSUME(k('ROWS')); return 'rows' as const; } },
      { ALT: () => { this.CONSUME(k('RANGE')); return 'range' as const; } },
      { ALT: () => { this.CONSUME(k('GROUPS')); return 'groups' as const; } },
    ]);
    const range = this.OR2({
      IGNORE_AMBIGUITIES: true,
      DEF: [
        {
          ALT: () => {
            this.CONSUME(k('BETWEEN'));
            const start = this.SUBRULE(this.frameBound);
            this.CONSUME(k('AND'));
            return { start, end: this.SUBRULE2(this.frameBound) };
          },
        },
        {
          ALT: () => ({ start: this.SUBRULE3(this.frameBound), end: { kind: 'current', offset: undefined } as const }),
        },
      ],
    });
    let exclude: WindowFrame['exclude'];
    this.OPTION(() => {
      const start = this.here();
      this.CONSUME(k('EXCLUDE'));
      this.OR3([
        { ALT: () => { this.CONSUME(k('NO')); this.CONSUME(k('OTHERS')); } },
        { ALT: () => { this.CONSUME(k('CURRENT')); this.CONSUME(k('ROW')); exclude = this.spanFrom(start); } },
        { ALT: () => { this.CONSUME(k('GROUP')); exclude = this.spanFrom(start); } },
        { ALT: () => { this.CONSUME(k('TIES')); exclude = this.spanFrom(start); } },
      ]);
    });
    return this.ACTION(() => ({ unit, ...range, exclude }));
  });

  private readonly frameBound = this.RULE('frameBound', (): AstFrameBound => this.OR({
    IGNORE_AMBIGUITIES: true,
    DEF: [
      {
        ALT: () => {
          this.CONSUME(k('CURRENT'));
          this.CONSUME(k('ROW'));
          return { kind: 'current' as const, offset: undefined };
        },
      },
      {
        ALT: () => {
          this.CONSUME(k('UNBOUNDED'));
          return this.OR2([
            {
              ALT: () => {
                this.CONSUME(k('PRECEDING'));
                return { kind: 'unbounded-preceding' as const, offset: undefined };
              },
            },
            {
              ALT: () => {
                this.CONSUME(k('FOLLOWING'));
                return { kind: 'unbounded-following' as const, offset: undefined };
              },
            },
          ]);
        },
      },
      {
        ALT: () => {
          const offset = this.SUBRULE(this.operand);
          return this.OR3([
            { ALT: () => { this.CONSUME2(k('PRECEDING')); return { kind: 'preceding' as const, offset }; } },
            { ALT: () => { this.CONSUME2(k('FOLLOWING')); return { kind: 'following' as const, offset }; } },
          ]);
        },
      },
    ],
  }));
}
