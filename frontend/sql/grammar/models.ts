/** The grammar of model statements, and the parts CREATE statements share. */
import type { StatementOption } from '../ast.js';
import * as t from '../tokens.js';
import { SelectGrammar } from './select.js';

const k = t.keyword;

export abstract class ModelGrammar extends SelectGrammar {
  /** `MODEL name FROM 'file.onnx' [(option value, ...)]` */
  readonly createModel = this.RULE('createModel', () => {
    this.CONSUME(k('MODEL'));
    const ifNotExists = this.SUBRULE(this.ifNotExists);
    const name = this.SUBRULE(this.name);
    this.CONSUME(k('FROM'));
    const file = this.SUBRULE(this.stringText);
    let options: readonly StatementOption[] = [];
    this.OPTION(() => { this.OPTION2(() => this.CONSUME(k('WITH'))); options = this.SUBRULE(this.options); });
    return { kind: 'create-model' as const, name, ifNotExists, file, options };
  });

  readonly ifNotExists = this.RULE('ifNotExists', (): boolean => {
    let found = false;
    this.OPTION({
      GATE: () => this.nextIs('IF', 'NOT'),
      DEF: () => { this.CONSUME(k('IF')); this.CONSUME(k('NOT')); this.CONSUME(k('EXISTS')); found = true; },
    });
    return found;
  });

  /** `(FORMAT csv, HEADER, DELIMITER '|')`; an option without a value is true. */
  readonly options = this.RULE('options', (): readonly StatementOption[] => {
    const found: StatementOption[] = [];
    this.CONSUME(t.LParen);
    this.AT_LEAST_ONE_SEP({
      SEP: t.Comma,
      DEF: () => {
        const name = this.OR([
          { ALT: () => this.SUBRULE(this.name) },
          { ALT: () => this.asName(this.CONSUME(k('NULL'))) },
        ]);
        let value: StatementOption['value'] = true;
        this.OPTION(() => this.CONSUME(t.Equals));
        this.OPTION2(() => { value = this.SUBRULE(this.optionValue); });
        found.push({ name, value });
      },
    });
    this.CONSUME(t.RParen);
    return found;
  });

  private readonly optionValue = this.RULE('optionValue', (): StatementOption['value'] => this.OR([
    { ALT: () => this.SUBRULE(this.stringText) },
    { ALT: () => Number(this.CONSUME(t.NumberToken).image) },
    { ALT: () => { this.CONSUME(k('TRUE')); return true; } },
    { ALT: () => { this.CONSUME(k('FALSE')); return false; } },
    { ALT: () => this.SUBRULE(this.name).text },
  ]));
}
