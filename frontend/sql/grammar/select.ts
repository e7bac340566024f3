/** The grammar of queries: WITH, SELECT and its clauses, set operations, FROM. */
import type { ParserMethod, TokenType } from 'chevrotain';
import type {
  AstExpr,
  CommonTable,
  Name,
  OrderItem,
  Query,
  QueryBody,
  Select,
  SelectItem,
  TableRef,
  WindowSpec,
} from '../ast.js';
import * as t from '../tokens.js';
import { WindowGrammar } from './windows.js';

const k = t.keyword;

interface SetPart { readonly op: 'union' | 'intersect' | 'except'; readonly all: boolean; readonly body: QueryBody }

function asQuery(body: QueryBody): Query {
  return body.kind === 'nested'
    ? body.query
    : {
        with: [],
        recursive: false,
        body,
        order: [],
        orderAll: undefined,
        limit: undefined,
        offset: undefined,
        span: body.span,
      };
}

/** INTERSECT binds closer than UNION and EXCEPT, which go left to right. */
function foldSetOperations(first: QueryBody, parts: readonly SetPart[]): QueryBody {
  const joined = (left: QueryBody, part: SetPart): QueryBody => ({
    kind: 'set', op: part.op, all: part.all, left: asQuery(left), right: asQuery(part.body),
    span: { start: left.span.start, end: part.body.span.end },
  });
  const terms: SetPart[] = [];
  let head = first;
  for (const part of parts) {
    const last = terms.pop();
    if (part.op !== 'intersect') terms.push(...(last === undefined ? [] : [last]), part);
    else if (last === undefined) head = joined(head, part);
    else terms.push({ ...last, body: joined(last.body, part) });
  }
  return terms.reduce(joined, head);
}

export abstract class SelectGrammar extends WindowGrammar {
  readonly query: ParserMethod<[], Query> = this.RULE('query', (): Query => {
    const start = this.here();
    const tables: CommonTable[] = [];
    let recursive = false;
    this.OPTION(() => {
      this.CONSUME(k('WITH'));
      this.OPTION2({
        GATE: () => this.isWord(this.LA(2)),
        DEF: () => {
          this.CONSUME(k('RECURSIVE'));
          recursive = true;
        },
      });
      this.AT_LEAST_ONE_SEP({
        SEP: t.Comma,
        DEF: () => {
          tables.push(this.SUBRULE(this.commonTable));
        },
      });
    });
    const body = this.SUBRULE(this.setOperations);
    let order: readonly OrderItem[] = [];
    let orderAll: Query['orderAll'];
    this.OPTION3({
      GATE: () => this.LA(3).tokenType !== k('ALL'),
      DEF: () => { order = this.SUBRULE(this.orderItems); },
    });
    this.OPTION4(() => { orderAll = this.SUBRULE(this.orderAll); });
    let limit: AstExpr | undefined;
    let offset: AstExpr | undefined;
    const seen = new Set<TokenType>();
    const isNew = (): boolean => !seen.has(this.LA(1).tokenType);
    this.MANY({ GATE: isNew, DEF: () => this.OR([
      {
        ALT: () => {
          seen.add(this.CONSUME(k('LIMIT')).tokenType);
          this.OR2([{ ALT: () => { limit = this.SUBRULE(this.expression); } }, { ALT: () => this.CONSUME(k('ALL')) }]);
        },
      },
      {
        ALT: () => {
          seen.add(this.CONSUME(k('OFFSET')).tokenType);
          offset = this.SUBRULE2(this.expression);
          this.OPTION5(() => this.OR3([{ ALT: () => this.CONSUME(k('ROW')) }, { ALT: () => this.CONSUME(k('ROWS')) }]));
        },
      },
    ]) });
    return this.ACTION(() => {
      const span = this.spanFrom(start);
      return { with: tables, recursive, body, order, orderAll, limit, offset, span };
    });
  });

  private readonly commonTable = this.RULE('commonTable', (): CommonTable => {
    const name = this.SUBRULE(this.name);
    let columns: readonly Name[] = [];
    this.OPTION(() => { columns = this.SUBRULE(this.nameList); });
    this.CONSUME(k('AS'));
    this.OPTION2(() => { this.OPTION3(() => this.CONSUME(k('NOT'))); this.CONSUME(k('MATERIALIZED')); });
    this.CONSUME(t.LParen);
    const query = this.SUBRULE(this.query);
    this.CONSUME(t.RParen);
    return this.ACTION(() => ({ name, columns, query, span: this.spanFrom(name.span.start) }));
  });

  private readonly setOperations = this.RULE('setOperations', (): QueryBody => {
    const first = this.SUBRULE(this.queryBody);
    const parts: SetPart[] = [];
    this.MANY(() => {
      const op = this.OR([
        { ALT: () => { this.CONSUME(k('UNION')); return 'union' as const; } },
        { ALT: () => { this.CONSUME(k('INTERSECT')); return 'intersect' as const; } },
        { ALT: () => { this.CONSUME(k('EXCEPT')); return 'except' as const; } },
      ]);
      let all = false;
      this.OPTION(() => {
        this.OR2([{ ALT: () => { this.CONSUME(k('ALL')); all = true; } }, { ALT: () => this.CONSUME(k('DISTINCT')) }]);
      });
      const body = this.SUBRULE2(this.queryBody);
      parts.push({ op, all, body });
    });
    return this.ACTION(() => foldSetOperations(first, parts));
  });

  private readonly queryBody = this.RULE('queryBody', (): QueryBody => this.OR({
    ERR_MSG: 'SELECT, VALUES, FROM or a query in parentheses',
    DEF: [
      { ALT: () => this.SUBRULE(this.select) },
      { ALT: () => this.SUBRULE(this.fromFirst) },
      { ALT: () => this.SUBRULE(this.valuesBody) },
      {
        ALT: () => {
          const start = this.here();
          this.CONSUME(k('TABLE'));
          const name = this.SUBRULE(this.name);
          const from = { kind: 'table', path: [name], alias: undefined, span: name.span } as const;
          return this.ACTION(() => this.selectAll([from], start));
        },
      },
      {
        ALT: () => {
          const start = this.here();
          this.CONSUME(t.LParen);
          const query = this.SUBRULE(this.query);
          this.CONSUME(t.RParen);
          return this.ACTION((): QueryBody => ({ kind: 'nested', query, span: this.spanFrom(start) }));
        },
      },
    ],
  }));

  private selectAll(from: readonly TableRef[], start: number): Select {
    const span = this.spanFrom(start);
    const star: AstExpr = { kind: 'star', qualifier: [], exclude: [], replace: [], span };
    return {
      kind: 'select',
      distinct: false,
      distinctOn: [],
      items: [{ expr: star, alias: undefined, span }],
      from,
      where: undefined,
      groups: [],
      groupAll: false, having: undefined, windows: [], qualify: undefined, span,
    };
  }

  private readonly select = this.RULE('select', (): Select => {
    const start = this.here();
    this.CONSUME(k('SELECT'));
    const { distinct, distinctOn } = this.SUBRULE(this.distinctClause);
    const items = this.SUBRULE(this.selectItems);
    let from: readonly TableRef[] = [];
    this.OPTION2(() => { this.CONSUME(k('FROM')); from = this.SUBRULE(this.tableRefs); });
    const clauses = this.SUBRULE(this.selectClauses);
    return this.ACTION(() => ({
      kind: 'select',
      distinct,
      distinctOn,
      items,
      from,
      ...clauses,
      span: this.spanFrom(start),
    }));
  });

  /** `FROM t [SELECT ...] WHERE ...` */
  private readonly fromFirst = this.RULE('fromFirst', (): Select => {
    const start = this.here();
    this.CONSUME(k('FROM'));
    const from = this.SUBRULE(this.tableRefs);
    let distinction: { distinct: boolean; distinctOn: readonly AstExpr[] } | undefined;
    let items: readonly SelectItem[] | undefined;
    this.OPTION(() => {
      this.CONSUME(k('SELECT'));
      distinction = this.SUBRULE(this.distinctClause);
      items = this.SUBRULE(this.selectItems);
    });
    const clauses = this.SUBRULE(this.selectClauses);
    return this.ACTION(() => {
      const all = this.selectAll(from, start);
      return { ...all, ...distinction, items: items ?? all.items, ...clauses, span: this.spanFrom(start) };
    });
  });

  private readonly distinctClause = this.RULE('distinctClause', () => {
    let distinct = false;
    let distinctOn: readonly AstExpr[] = [];
    this.OPTION(() => this.OR([
      {
        ALT: () => {
          this.CONSUME(k('DISTINCT'));
          distinct = true;
          this.OPTION2(() => {
            this.CONSUME(k('ON'));
            this.CONSUME(t.LParen);
            distinctOn = this.SUBRULE(this.expressions);
            this.CONSUME(t.RParen);
          });
        },
      },
      { ALT: () => this.CONSUME(k('ALL')) },
    ]));
    return { distinct, distinctOn };
  });

  private readonly selectItems = this.RULE('selectItems', (): readonly SelectItem[] => {
    const items: SelectItem[] = [];
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => { items.push(this.SUBRULE(this.selectItem)); } });
    return items;
  });

  private readonly selectItem = this.RULE('selectItem', (): SelectItem => {
    const start = this.here();
    const expr = this.OR({
      IGNORE_AMBIGUITIES: true,
      DEF: [
        { GATE: () => this.startsStar(), ALT: () => this.SUBRULE(this.star) },
        { ALT: () => this.SUBRULE(this.expression) },
      ],
    });
    let alias: Name | undefined;
    this.OPTION(() => {
      alias = this.OR2([
        { ALT: () => { this.CONSUME(k('AS')); return this.SUBRULE(this.label); } },
        { ALT: () => this.SUBRULE2(this.name) },
      ]);
    });
    return this.ACTION(() => ({ expr, alias, span: this.spanFrom(start) }));
  });

  private readonly selectClauses = this.RULE('selectClauses', () => {
    let where: AstExpr | undefined;
    let groups: readonly AstExpr[] = [];
    let groupAll = false;
    let having: AstExpr | undefined;
    const windows: { name: Name; spec: WindowSpec }[] = [];
    let qualify: AstExpr | undefined;
    this.OPTION(() => { this.CONSUME(k('WHERE')); where = this.SUBRULE(this.expression); });
    this.OPTION2(() => {
      this.CONSUME(k('GROUP'));
      this.CONSUME(k('BY'));
      this.OR([
        {
          ALT: () => {
            this.CONSUME(k('ALL'));
            groupAll = true;
          },
        },
        {
          ALT: () => {
            groups = this.SUBRULE(this.expressions);
          },
        },
      ]);
    });
    this.OPTION3(() => { this.CONSUME(k('HAVING')); having = this.SUBRULE2(this.expression); });
    this.OPTION4(() => {
      this.CONSUME(k('WINDOW'));
      this.AT_LEAST_ONE_SEP({
        SEP: t.Comma,
        DEF: () => {
          const name = this.SUBRULE(this.name);
          this.CONSUME(k('AS'));
          windows.push({ name, spec: this.SUBRULE(this.windowSpec) });
        },
      });
    });
    this.OPTION5(() => { this.CONSUME(k('QUALIFY')); qualify = this.SUBRULE3(this.expression); });
    return { where, groups, groupAll, having, windows, qualify };
  });

  private readonly valuesBody = this.RULE('valuesBody', (): QueryBody => {
    const start = this.here();
    this.CONSUME(k('VALUES'));
    const rows: (readonly AstExpr[])[] = [];
    this.AT_LEAST_ONE_SEP({
      SEP: t.Comma,
      DEF: () => {
        this.CONSUME(t.LParen);
        rows.push(this.SUBRULE(this.expressions));
        this.CONSUME(t.RParen);
      },
    });
    return this.ACTION(() => ({ kind: 'values', rows, span: this.spanFrom(start) }));
  });
}
