/** The grammar of type names: `DECIMAL(15, 2)`, `DOUBLE PRECISION`, `TIMESTAMP WITHOUT TIME ZONE`, `FLOAT[28]`. */
import type { AstType } from '../ast.js';
import * as t from '../tokens.js';
import { GrammarBase } from './base.js';

const k = t.keyword;

export abstract class TypeGrammar extends GrammarBase {
  readonly type = this.RULE('type', (): AstType => {
    const start = this.here();
    const words = [this.CONSUME(t.Word).image];
    this.OPTION({
      GATE: () => /^(double|character|char|bit)$/i.test(words[0]!),
      DEF: () => {
        words.push(
          this.OR([{ ALT: () => this.CONSUME(k('PRECISION')) }, { ALT: () => this.CONSUME(k('VARYING')) }]).image,
        );
      },
    });
    const args: number[] = [];
    this.OPTION2(() => {
      this.CONSUME(t.LParen);
      this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => { args.push(Number(this.CONSUME(t.NumberToken).image)); } });
      this.CONSUME(t.RParen);
    });
    this.OPTION3({
      GATE: () => /^time/i.test(words[0]!),
      DEF: () => {
        words.push(this.SUBRULE(this.timeZone));
      },
    });
    const dims: (number | undefined)[] = [];
    this.MANY({
      GATE: () =>
        this.LA(2).tokenType === t.RBracket ||
        (this.LA(2).tokenType === t.NumberToken && this.LA(3).tokenType === t.RBracket),
      DEF: () => {
        this.CONSUME(t.LBracket);
        let size: number | undefined;
        this.OPTION4(() => { size = Number(this.CONSUME2(t.NumberToken).image); });
        this.CONSUME(t.RBracket);
        dims.push(size);
      },
    });
    return this.ACTION(() => ({
      name: words.map(t.nameText).join(' ').trim().toUpperCase(),
      args,
      dims,
      span: this.spanFrom(start),
    }));
  });

  /** `WITH TIME ZONE` gives those words; `WITHOUT TIME ZONE` is the plain type. */
  private readonly timeZone = this.RULE('timeZone', (): string => {
    let name = '';
    this.OR([
      { ALT: () => { this.CONSUME(k('WITH')); name = 'WITH TIME ZONE'; } },
      { ALT: () => this.CONSUME(k('WITHOUT')) },
    ]);
    this.CONSUME(k('TIME'));
    this.CONSUME(k('ZONE'));
    return name;
  });
}
