/** The grammar of statements: tables, views, rows, files, EXPLAIN, transactions; models are in models.ts. */
import type { ParserMethod } from 'chevrotain';
import { CompileError, type Span } from '../../diagnostics.js';
import type { AstExpr, ColumnDefinition, Copy, Name, Query, Statement, StatementOption } from '../ast.js';
import * as t from '../tokens.js';
import { ModelGrammar } from './models.js';

const k = t.keyword;

/** Taken for a table of the file, it would stay there. */
function refuseTemporary({ text, span }: Name): void {
  throw new CompileError(`${text.toUpperCase()} is not supported yet: tables and views stay in the file until DROP`, {
    span,
  });
}

export class SqlGrammar extends ModelGrammar {
  /** Records the rules; needed once, before the first text. */
  build(): this {
    this.performSelfAnalysis();
    return this;
  }

  readonly statements = this.RULE('statements', (): readonly Statement[] => {
    const found: Statement[] = [];
    let separated = true;
    this.MANY(() => this.CONSUME(t.Semicolon));
    this.MANY2({
      GATE: () => separated,
      DEF: () => {
        found.push(this.SUBRULE(this.statement));
        separated = false;
        this.MANY3(() => {
          this.CONSUME2(t.Semicolon);
          separated = true;
        });
      },
    });
    return found;
  });

  private readonly statement: ParserMethod<[], Statement> = this.RULE('statement', (): Statement => this.OR({
    ERR_MSG: 'a statement, such as SELECT, INSERT or CREATE',
    DEF: [
        {
          ALT: () => {
            const query = this.SUBRULE(this.query);
            return this.ACTION((): Statement => ({ kind: 'query', query, span: query.span }));
          },
        },
        { ALT: () => this.SUBRULE(this.create) },
      { ALT: () => this.SUBRULE(this.drop) },
      { ALT: () => this.SUBRULE(this.insert) },
      { ALT: () => this.SUBRULE(this.update) },
      { ALT: () => this.SUBRULE(this.deleteFrom) },
      { ALT: () => this.SUBRULE(this.copy) },
      { ALT: () => this.SUBRULE(this.explain) },
      { ALT: () => this.SUBRULE(this.transaction) },
    ],
  }));

  private readonly create = this.RULE('create', (): Statement => {
    const start = this.here();
    this.CONSUME(k('CREATE'));
    let replace = false;
    this.OPTION(() => { this.CONSUME(k('OR')); this.CONSUME(k('REPLACE')); replace = true; });
    this.OPTION2(() => {
      const word = this.OR([{ ALT: () => this.CONSUME(k('TEMP')) }, { ALT: () => this.CONSUME(k('TEMPORARY')) }]);
      this.ACTION(() => refuseTemporary(this.asName(word)));
    });
    const rest = this.OR2({
      ERR_MSG: 'TABLE, VIEW or MODEL after CREATE',
      DEF: [
        { ALT: () => this.SUBRULE(this.createTable) },
        { ALT: () => this.SUBRULE(this.createView) },
        { ALT: () => this.SUBRULE(this.createModel) },
      ],
    });
    return this.ACTION(() => ({ ...rest, replace, span: this.spanFrom(start) }));
  });

  private readonly createTable = this.RULE('createTable', () => {
    this.CONSUME(k('TABLE'));
    const ifNotExists = this.SUBRULE(this.ifNotExists);
    const name = this.SUBRULE(this.storedName);
    const columns: ColumnDefinition[] = [];
    let constraint: Span | undefined;
    let query: Query | undefined;
    this.OR([
      { ALT: () => { this.CONSUME(k('AS')); query = this.SUBRULE(this.query); } },
      {
        ALT: () => {
          this.CONSUME(t.LParen);
          this.AT_LEAST_ONE_SEP({
            SEP: t.Comma,
            DEF: () => this.OR2({
              IGNORE_AMBIGUITIES: true,
              DEF: [
                {
                  GATE: () => ['PRIMARY', 'UNIQUE', 'FOREIGN', 'CHECK', 'CONSTRAINT'].some((word) => this.nextIs(word)),
                  ALT: () => { constraint = this.SUBRULE(this.tableConstraint); },
                },
                { ALT: () => { columns.push(this.SUBRULE(this.columnDefinition)); } },
              ],
            }),
          });
          this.CONSUME(t.RParen);
        },
      },
    ]);
    return { kind: 'create-table' as const, name, ifNotExists, columns, query, constraint };
  });

  private readonly columnDefinition = this.RULE('columnDefinition', (): ColumnDefinition => {
    const name = this.SUBRULE(this.name);
    const type = this.SUBRULE(this.type);
    let notNull = false;
    let unique: Span | undefined;
    let defaultValue: AstExpr | undefined;
    this.MANY(() => this.OR([
      { ALT: () => { this.CONSUME(k('NOT')); this.CONSUME(k('NULL')); notNull = true; } },
      { ALT: () => this.CONSUME2(k('NULL')) },
        {
          ALT: () => {
            const start = this.here();
            this.CONSUME(k('PRIMARY'));
            this.CONSUME(k('KEY'));
            unique = this.spanFrom(start);
          },
        },
        {
          ALT: () => {
            const start = this.here();
            this.CONSUME(k('UNIQUE'));
            unique = this.spanFrom(start);
          },
        },
        {
          ALT: () => {
            this.CONSUME(k('DEFAULT'));
            defaultValue = this.SUBRULE(this.operand);
          },
        },
      ]),
    );
    return this.ACTION(() => ({ name, type, notNull, unique, defaultValue, span: this.spanFrom(name.span.start) }));
  });

  private readonly tableConstraint = this.RULE('tableConstraint', (): Span => {
    const start = this.here();
    this.OPTION(() => { this.CONSUME(k('CONSTRAINT')); this.SUBRULE(this.name); });
    this.OR([
      {
        ALT: () => {
          this.CONSUME(k('PRIMARY'));
          this.CONSUME(k('KEY'));
          this.SUBRULE(this.nameList);
        },
      },
      {
        ALT: () => {
          this.CONSUME(k('UNIQUE'));
          this.SUBRULE2(this.nameList);
        },
      },
      {
        ALT: () => {
          this.CONSUME(k('CHECK'));
          this.CONSUME(t.LParen);
          this.SUBRULE(this.expression);
          this.CONSUME(t.RParen);
        },
      },
      {
        ALT: () => {
          this.CONSUME(k('FOREIGN'));
          this.CONSUME2(k('KEY'));
          this.SUBRULE3(this.nameList);
          this.CONSUME(k('REFERENCES'));
          this.SUBRULE2(this.name);
          this.OPTION2(() => this.SUBRULE4(this.nameList));
        },
      },
    ]);
    return this.spanFrom(start);
  });

  private readonly createView = this.RULE('createView', () => {
    this.CONSUME(k('VIEW'));
    const ifNotExists = this.SUBRULE(this.ifNotExists);
    const name = this.SUBRULE(this.storedName);
    let columns: readonly Name[] = [];
    this.OPTION(() => { columns = this.SUBRULE(this.nameList); });
    this.CONSUME(k('AS'));
    return { kind: 'create-view' as const, name, ifNotExists, columns, query: this.SUBRULE(this.query) };
  });

  private readonly drop = this.RULE('drop', (): Statement => {
    const start = this.here();
    this.CONSUME(k('DROP'));
    const what = this.OR({
      ERR_MSG: 'TABLE, VIEW or MODEL after DROP',
      DEF: [
        { ALT: () => { this.CONSUME(k('TABLE')); return 'table' as const; } },
        { ALT: () => { this.CONSUME(k('VIEW')); return 'view' as const; } },
        { ALT: () => { this.CONSUME(k('MODEL')); return 'model' as const; } },
      ],
    });
    let ifExists = false;
    this.OPTION({
      GATE: () => this.nextIs('IF', 'EXISTS'),
      DEF: () => {
        this.CONSUME(k('IF'));
        this.CONSUME(k('EXISTS'));
        ifExists = true;
      },
    });
    const name = this.SUBRULE(this.storedName);
    let version: number | undefined;
    this.OPTION2(() => { this.CONSUME(t.At); version = Number(this.CONSUME(t.NumberToken).image); });
    return this.ACTION(() => ({ kind: 'drop', what, name, version, ifExists, span: this.spanFrom(start) }));
  });

  private readonly insert = this.RULE('insert', (): Statement => {
    const start = this.here();
    this.CONSUME(k('INSERT'));
    this.CONSUME(k('INTO'));
    const table = this.SUBRULE(this.storedName);
    let columns: readonly Name[] = [];
    this.OPTION({ GATE: () => !this.startsQuery(), DEF: () => { columns = this.SUBRULE(this.nameList); } });
    const query = this.SUBRULE(this.query);
    return this.ACTION(() => ({ kind: 'insert', table, columns, query, span: this.spanFrom(start) }));
  });

  private readonly update = this.RULE('update', (): Statement => {
    const start = this.here();
    this.CONSUME(k('UPDATE'));
    const table = this.SUBRULE(this.storedName);
    let alias: Name | undefined;
    this.OPTION({
      GATE: () => !this.nextIs('SET'),
      DEF: () => {
        this.OPTION2(() => this.CONSUME(k('AS')));
        alias = this.SUBRULE(this.name);
      },
    });
    this.CONSUME(k('SET'));
    const assignments: { column: Name; value: AstExpr }[] = [];
    this.AT_LEAST_ONE_SEP({
      SEP: t.Comma,
      DEF: () => {
        const column = this.SUBRULE2(this.name);
        this.CONSUME(t.Equals);
        assignments.push({ column, value: this.SUBRULE(this.expression) });
      },
    });
    let where: AstExpr | undefined;
    this.OPTION3(() => { this.CONSUME(k('WHERE')); where = this.SUBRULE2(this.expression); });
    return this.ACTION(() => ({ kind: 'update', table, alias, assignments, where, span: this.spanFrom(start) }));
  });

  private readonly deleteFrom = this.RULE('deleteFrom', (): Statement => {
    const start = this.here();
    this.CONSUME(k('DELETE'));
    this.CONSUME(k('FROM'));
    const table = this.SUBRULE(this.storedName);
    let alias: Name | undefined;
    this.OPTION(() => { this.OPTION2(() => this.CONSUME(k('AS'))); alias = this.SUBRULE(this.name); });
    let where: AstExpr | undefined;
    this.OPTION3(() => { this.CONSUME(k('WHERE')); where = this.SUBRULE(this.expression); });
    return this.ACTION(() => ({ kind: 'delete', table, alias, where, span: this.spanFrom(start) }));
  });

  private readonly copy = this.RULE('copy', (): Statement => {
    const start = this.here();
    this.CONSUME(k('COPY'));
    let table: Name | undefined;
    let columns: readonly Name[] = [];
    let query: Query | undefined;
    this.OR([
      {
        ALT: () => {
          table = this.SUBRULE(this.storedName);
          this.OPTION(() => {
            columns = this.SUBRULE(this.nameList);
          });
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.LParen);
          query = this.SUBRULE(this.query);
          this.CONSUME(t.RParen);
        },
      },
    ]);
    const direction: Copy['direction'] = this.OR2([
      { ALT: () => { this.CONSUME(k('FROM')); return 'from' as const; } },
      { ALT: () => { this.CONSUME(k('TO')); return 'to' as const; } },
    ]);
    const file = this.SUBRULE(this.stringText);
    let options: readonly StatementOption[] = [];
    this.OPTION2(() => {
      this.OPTION3(() => this.CONSUME(k('WITH')));
      options = this.SUBRULE(this.options);
    });
    return this.ACTION(() => ({
      kind: 'copy',
      direction,
      table,
      columns,
      query,
      file,
      options,
      span: this.spanFrom(start),
    }));
  });

  private readonly explain = this.RULE('explain', (): Statement => {
    const start = this.here();
    this.CONSUME(k('EXPLAIN'));
    let analyze = false;
    this.OPTION(() => { this.CONSUME(k('ANALYZE')); analyze = true; });
    let options: readonly StatementOption[] = [];
    this.OPTION2({ GATE: () => !this.startsQuery(), DEF: () => { options = this.SUBRULE(this.options); } });
    const statement = this.SUBRULE(this.statement);
    return this.ACTION(() => {
      const asked =
        analyze || options.some((option) => option.name.text.toLowerCase() === 'analyze' && option.value !== false);
      return { kind: 'explain', analyze: asked, options, statement, span: this.spanFrom(start) };
    });
  });

  private readonly transaction = this.RULE('transaction', (): Statement => {
    const start = this.here();
    const action = this.OR([
      { ALT: () => { this.CONSUME(k('BEGIN')); return 'begin' as const; } },
      { ALT: () => { this.CONSUME(k('START')); return 'begin' as const; } },
      { ALT: () => { this.CONSUME(k('COMMIT')); return 'commit' as const; } },
      { ALT: () => { this.CONSUME(k('ROLLBACK')); return 'rollback' as const; } },
    ]);
    this.OPTION(() => this.CONSUME(k('TRANSACTION')));
    return this.ACTION(() => ({ kind: 'transaction', action, span: this.spanFrom(start) }));
  });
}
