/** The grammar of the functions whose arguments standard SQL parts with words: EXTRACT, SUBSTRING, POSITION, TRIM. */
import type { ParserMethod } from 'chevrotain';
import type { AstExpr, FunctionCall, Name } from '../ast.js';
import * as t from '../tokens.js';
import { TypeGrammar } from './types.js';

const k = t.keyword;

export abstract class SpecialCallGrammar extends TypeGrammar {
  abstract readonly expression: ParserMethod<[], AstExpr>;
  abstract readonly operand: ParserMethod<[], AstExpr>;

  protected plainCall(name: Name, values: readonly AstExpr[], start: number): FunctionCall {
    return {
      kind: 'function', name, args: values.map((value) => ({ name: undefined, value })), distinct: false, order: [],
      filter: undefined, over: undefined, ignoreNulls: false, span: this.spanFrom(start),
    };
  }

  /** `EXTRACT(year FROM d)` is `date_part('year', d)`. */
  protected readonly extract = this.RULE('extract', (): AstExpr => {
    const start = this.here();
    const word = this.CONSUME(k('EXTRACT'));
    this.CONSUME(t.LParen);
    const field = this.OR([{ ALT: () => this.CONSUME(t.Word) }, { ALT: () => this.CONSUME(t.StringToken) }]);
    this.CONSUME(k('FROM'));
    const value = this.SUBRULE(this.expression);
    this.CONSUME(t.RParen);
    return this.ACTION(() => {
      const text = field.image.startsWith("'") ? t.stringValue(field.image) : t.nameText(field.image);
      const part: AstExpr = { kind: 'string', value: text.toLowerCase(), span: this.asName(field).span };
      return this.plainCall({ text: 'date_part', span: this.asName(word).span }, [part, value], start);
    });
  });

  protected readonly substring = this.RULE('substring', (): AstExpr => {
    const start = this.here();
    const word = this.CONSUME(k('SUBSTRING'));
    this.CONSUME(t.LParen);
    const values = [this.SUBRULE(this.expression)];
    this.OR([
      {
        ALT: () => {
          this.CONSUME(k('FROM'));
          values.push(this.SUBRULE2(this.expression));
          this.OPTION(() => { this.CONSUME(k('FOR')); values.push(this.SUBRULE3(this.expression)); });
        },
      },
      {
        ALT: () => {
          this.CONSUME2(k('FOR'));
          const length = this.SUBRULE4(this.expression);
          this.ACTION(() => values.push({ kind: 'number', text: '1', span: length.span }, length));
        },
      },
      { ALT: () => { this.MANY(() => { this.CONSUME(t.Comma); values.push(this.SUBRULE5(this.expression)); }); } },
    ]);
    this.CONSUME(t.RParen);
    return this.ACTION(() => this.plainCall(this.asName(word), values, start));
  });

  /** `POSITION(b IN a)` is `position(a, b)`. */
  protected readonly position = this.RULE('position', (): AstExpr => {
    const start = this.here();
    const word = this.CONSUME(k('POSITION'));
    this.CONSUME(t.LParen);
    const values = [this.SUBRULE(this.operand)];
    this.OR([
      { ALT: () => { this.CONSUME(k('IN')); values.unshift(this.SUBRULE2(this.operand)); } },
      { ALT: () => { this.CONSUME(t.Comma); values.push(this.SUBRULE3(this.operand)); } },
    ]);
    this.CONSUME(t.RParen);
    return this.ACTION(() => this.plainCall(this.asName(word), values, start));
  });

  /** `TRIM([LEADING | TRAILING | BOTH] [characters] [FROM] text)` */
  protected readonly trim = this.RULE('trim', (): AstExpr => {
    const start = this.here();
    const word = this.CONSUME(k('TRIM'));
    this.CONSUME(t.LParen);
    let side: string | undefined;
    this.OPTION(() => {
      side = this.OR([
        { ALT: () => this.CONSUME(k('BOTH')) },
        { ALT: () => this.CONSUME(k('LEADING')) },
        { ALT: () => this.CONSUME(k('TRAILING')) },
      ]).image;
    });
    const values: AstExpr[] = [];
    this.OPTION2(() => { values.push(this.SUBRULE(this.expression)); });
    this.OPTION3(() => {
      this.OR2([
        { ALT: () => { this.CONSUME(k('FROM')); values.unshift(this.SUBRULE2(this.expression)); } },
        { ALT: () => { this.CONSUME(t.Comma); values.push(this.SUBRULE3(this.expression)); } },
      ]);
    });
    this.CONSUME(t.RParen);
    return this.ACTION(() => {
      const name = { both: 'trim', leading: 'ltrim', trailing: 'rtrim' }[side?.toLowerCase() ?? 'both']!;
      return this.plainCall({ text: name, span: this.asName(word).span }, values, start);
    });
  });
}
