/** The grammar of FROM: tables, files, table functions, derived tables, joins, and the T-SQL form of PREDICT. */
import type { ParserMethod } from 'chevrotain';
import type { Alias, AstExpr, AstJoinKind, AstType, Name, TableRef } from '../ast.js';
import * as t from '../tokens.js';
import { ExpressionGrammar } from './expressions.js';

const k = t.keyword;

export abstract class FromGrammar extends ExpressionGrammar {
  /** A name after AS: every word may follow but those that end the clause. */
  readonly label = this.RULE('label', (): Name => this.asName(
      this.OR([
        { ALT: () => this.CONSUME(t.Word) },
        { ALT: () => this.CONSUME(t.FunctionWord) },
        { ALT: () => this.CONSUME(k('END')) },
      ]),
  ));

  readonly tableRefs: ParserMethod<[], readonly TableRef[]> = this.RULE('tableRefs', (): readonly TableRef[] => {
    const refs: TableRef[] = [];
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => { refs.push(this.SUBRULE(this.tableRef)); } });
    return refs;
  });

  readonly tableRef: ParserMethod<[], TableRef> = this.RULE('tableRef', (): TableRef => {
    let left = this.SUBRULE(this.tablePrimary);
    this.MANY(() => {
      const { join, natural } = this.SUBRULE(this.joinKind);
      const right = this.SUBRULE2(this.tablePrimary);
      let on: AstExpr | undefined;
      let using: readonly Name[] = [];
      this.OPTION(() => this.OR([
          {
            ALT: () => {
              this.CONSUME(k('ON'));
              on = this.SUBRULE(this.expression);
            },
          },
          {
            ALT: () => {
              this.CONSUME(k('USING'));
              using = this.SUBRULE(this.nameList);
            },
          },
        ]),
      );
      left = this.ACTION(() => ({
        kind: 'join',
        join,
        natural,
        left,
        right,
        on,
        using,
        span: this.spanFrom(left.span.start),
      }));
    });
    return left;
  });

  private readonly joinKind = this.RULE('joinKind', (): { join: AstJoinKind; natural: boolean } => {
    let natural = false;
    let join: AstJoinKind = 'inner';
    this.OPTION(() => { this.CONSUME(k('NATURAL')); natural = true; });
    this.OPTION2(() => {
      join = this.OR([
        { ALT: () => { this.CONSUME(k('INNER')); return 'inner' as const; } },
        { ALT: () => { this.CONSUME(k('CROSS')); return 'cross' as const; } },
        { ALT: () => { this.CONSUME(k('SEMI')); return 'semi' as const; } },
        { ALT: () => { this.CONSUME(k('ANTI')); return 'anti' as const; } },
        {
          ALT: () => {
            const side = this.OR2([
              { ALT: () => { this.CONSUME(k('LEFT')); return 'left' as const; } },
              { ALT: () => { this.CONSUME(k('RIGHT')); return 'right' as const; } },
              { ALT: () => { this.CONSUME(k('FULL')); return 'full' as const; } },
            ]);
            this.OPTION3(() => this.CONSUME(k('OUTER')));
            return side;
          },
        },
      ]);
    });
    this.CONSUME(k('JOIN'));
    return { join, natural };
  });

  private readonly tablePrimary: ParserMethod<[], TableRef> = this.RULE('tablePrimary', (): TableRef => this.OR({
    ERR_MSG: 'a table, a file name, a function or a query in parentheses',
    IGNORE_AMBIGUITIES: true,
    DEF: [
      {
        GATE: () =>
          this.LA(2).tokenType === t.LParen &&
          this.LA(3).tokenType === k('MODEL') &&
          this.LA(4).tokenType === t.Equals,
        ALT: () => this.SUBRULE(this.predictTable),
      },
      {
        GATE: () => this.LA(2).tokenType === t.LParen && this.LA(1).tokenType !== t.LParen,
        ALT: () => this.SUBRULE(this.tableFunction),
      },
      { ALT: () => this.SUBRULE(this.namedTable) },
      { ALT: () => this.SUBRULE(this.fileTable) },
      {
        GATE: () => this.LA(1).tokenType === k('LATERAL') || this.startsQuery(2),
        ALT: () => this.SUBRULE(this.derivedTable),
      },
      {
        ALT: () => {
          this.CONSUME(t.LParen);
          const inner = this.SUBRULE(this.tableRef);
          this.CONSUME(t.RParen);
          return inner;
        },
      },
    ],
  }));

  private readonly namedTable = this.RULE('namedTable', (): TableRef => {
    const path = this.SUBRULE(this.path);
    const alias = this.SUBRULE(this.alias);
    return this.ACTION(() => ({ kind: 'table', path, alias, span: this.spanFrom(path[0]!.span.start) }));
  });

  private readonly fileTable = this.RULE('fileTable', (): TableRef => {
    const start = this.here();
    const path = this.SUBRULE(this.stringText);
    const alias = this.SUBRULE(this.alias);
    return this.ACTION(() => ({ kind: 'file', path, alias, span: this.spanFrom(start) }));
  });

  private readonly tableFunction = this.RULE('tableFunction', (): TableRef => {
    const start = this.here();
    const name = this.SUBRULE(this.name);
    this.CONSUME(t.LParen);
    const values: AstExpr[] = [];
    this.MANY_SEP({ SEP: t.Comma, DEF: () => { values.push(this.SUBRULE(this.expression)); } });
    this.CONSUME(t.RParen);
    const call = this.ACTION(() => this.plainCall(name, values, start));
    const alias = this.SUBRULE(this.alias);
    return this.ACTION(() => ({ kind: 'table-function', call, alias, span: this.spanFrom(start) }));
  });

  private readonly derivedTable = this.RULE('derivedTable', (): TableRef => {
    const start = this.here();
    let lateral = false;
    this.OPTION(() => { this.CONSUME(k('LATERAL')); lateral = true; });
    this.CONSUME(t.LParen);
    const query = this.SUBRULE(this.query);
    this.CONSUME(t.RParen);
    const alias = this.SUBRULE(this.alias);
    return this.ACTION(() => ({ kind: 'derived', query, alias, lateral, span: this.spanFrom(start) }));
  });

  private readonly predictTable = this.RULE('predictTable', (): TableRef => {
    const start = this.here();
    this.CONSUME(k('PREDICT'));
    this.CONSUME(t.LParen);
    this.CONSUME(k('MODEL'));
    this.CONSUME(t.Equals);
    const model = this.SUBRULE(this.name);
    let version: number | undefined;
    this.OPTION(() => { this.CONSUME(t.At); version = Number(this.CONSUME(t.NumberToken).image); });
    this.CONSUME(t.Comma);
    this.CONSUME(k('DATA'));
    this.CONSUME2(t.Equals);
    const data = this.SUBRULE(this.tablePrimary);
    this.CONSUME(t.RParen);
    const outputs: { name: Name; type: AstType }[] = [];
    this.OPTION2(() => {
      this.CONSUME(k('WITH'));
      this.CONSUME2(t.LParen);
      this.AT_LEAST_ONE_SEP({
        SEP: t.Comma,
        DEF: () => {
          const name = this.SUBRULE2(this.name);
          outputs.push({ name, type: this.SUBRULE(this.type) });
        },
      });
      this.CONSUME2(t.RParen);
    });
    const alias = this.SUBRULE(this.alias);
    return this.ACTION(() => ({ kind: 'predict', model, version, data, outputs, alias, span: this.spanFrom(start) }));
  });

  /** `[AS] t (a, b)`; nothing is no alias. */
  private readonly alias = this.RULE('alias', (): Alias | undefined => {
    let alias: Alias | undefined;
    this.OPTION(() => {
      const name = this.OR([
        { ALT: () => { this.CONSUME(k('AS')); return this.SUBRULE(this.label); } },
        { ALT: () => this.SUBRULE(this.name) },
      ]);
      let columns: readonly Name[] = [];
      this.OPTION2(() => { columns = this.SUBRULE(this.nameList); });
      alias = { name, columns };
    });
    return alias;
  });
}
