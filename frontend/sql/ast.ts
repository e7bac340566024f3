/**
 * The syntax tree of SQL: what was written, with its place, before any name is known.
 *
 * Invariant: plain readonly data; every node has the `span` of its source text; names are kept as written.
 */
import type { Span } from '../diagnostics.js';

interface Spanned { readonly span: Span }

export interface Name extends Spanned { readonly text: string }

// ---------------------------------------------------------------- types

/**
 * `DECIMAL(15, 2)`, `FLOAT[28]`: name in upper case, its arguments, the sizes of array dimensions (undefined: `[]`).
 */
export interface AstType extends Spanned {
  readonly name: string;
  readonly args: readonly number[];
  readonly dims: readonly (number | undefined)[];
}

// ---------------------------------------------------------------- expressions

export interface NumberLiteral extends Spanned { readonly kind: 'number'; readonly text: string }
export interface StringLiteral extends Spanned { readonly kind: 'string'; readonly value: string }
export interface BooleanLiteral extends Spanned { readonly kind: 'boolean'; readonly value: boolean }
export interface NullLiteral extends Spanned { readonly kind: 'null' }
/** `DATE '2013-01-01'` */
export interface TypedLiteral extends Spanned { readonly kind: 'typed'; readonly type: AstType; readonly value: string }
/** `INTERVAL '1' DAY`, `INTERVAL 1 DAY`, `INTERVAL '1 day 2 hours'` */
export interface IntervalLiteral extends Spanned {
  readonly kind: 'interval';
  readonly value: AstExpr;
  readonly unit: string | undefined;
}

/** `?`, `$2`, `$name`; `index` counts from 0: `?` and names in the order of the text. */
export interface Parameter extends Spanned {
  readonly kind: 'parameter';
  readonly name: string | undefined;
  readonly index: number;
}

export interface ColumnName extends Spanned { readonly kind: 'column'; readonly path: readonly Name[] }
export interface Star extends Spanned {
  readonly kind: 'star';
  readonly qualifier: readonly Name[];
  readonly exclude: readonly Name[];
  readonly replace: readonly { readonly expr: AstExpr; readonly name: Name }[];
}

export interface Unary extends Spanned { readonly kind: 'unary'; readonly op: string; readonly arg: AstExpr }
export interface Binary extends Spanned {
  readonly kind: 'binary';
  readonly op: string;
  readonly left: AstExpr;
  readonly right: AstExpr;
}

export interface IsTest extends Spanned {
  readonly kind: 'is';
  readonly arg: AstExpr;
  readonly test: 'null' | 'true' | 'false';
  readonly negated: boolean;
}

export interface IsDistinct extends Spanned {
  readonly kind: 'is-distinct';
  readonly left: AstExpr;
  readonly right: AstExpr;
  readonly negated: boolean;
}

export interface Between extends Spanned {
  readonly kind: 'between';
  readonly arg: AstExpr;
  readonly low: AstExpr;
  readonly high: AstExpr;
  readonly negated: boolean;
}

export interface InList extends Spanned {
  readonly kind: 'in-list';
  readonly arg: AstExpr;
  readonly items: readonly AstExpr[];
  readonly negated: boolean;
}

export interface InQuery extends Spanned {
  readonly kind: 'in-query';
  readonly arg: AstExpr;
  readonly query: Query;
  readonly negated: boolean;
}

export interface Like extends Spanned {
  readonly kind: 'like';
  readonly op: 'like' | 'ilike' | 'similar';
  readonly arg: AstExpr;
  readonly pattern: AstExpr;
  readonly escape: AstExpr | undefined;
  readonly negated: boolean;
}

/** `a > ANY (SELECT ...)` */
export interface Quantified extends Spanned {
  readonly kind: 'quantified';
  readonly op: string;
  readonly all: boolean;
  readonly left: AstExpr;
  readonly query: Query;
}

export interface Exists extends Spanned { readonly kind: 'exists'; readonly query: Query }
export interface ScalarSubquery extends Spanned { readonly kind: 'subquery'; readonly query: Query }
export interface CaseExpr extends Spanned {
  readonly kind: 'case';
  readonly operand: AstExpr | undefined;
  readonly branches: readonly { readonly when: AstExpr; readonly then: AstExpr }[];
  readonly otherwise: AstExpr | undefined;
}

export interface CastExpr extends Spanned {
  readonly kind: 'cast';
  readonly arg: AstExpr;
  readonly type: AstType;
  readonly attempt: boolean;
}

export interface FunctionCall extends Spanned {
  readonly kind: 'function';
  readonly name: Name;
  readonly args: readonly Argument[];
  readonly distinct: boolean;
  readonly order: readonly OrderItem[];
  readonly filter: AstExpr | undefined;
  readonly over: WindowSpec | Name | undefined;
  readonly ignoreNulls: boolean;
}

export interface Argument { readonly name: Name | undefined; readonly value: AstExpr }
/** `(a, b)` of two or more */
export interface Row extends Spanned { readonly kind: 'row'; readonly items: readonly AstExpr[] }
export interface ArrayLiteral extends Spanned { readonly kind: 'array'; readonly items: readonly AstExpr[] }
export interface FieldAccess extends Spanned { readonly kind: 'field'; readonly arg: AstExpr; readonly name: Name }
export interface Subscript extends Spanned {
  readonly kind: 'subscript';
  readonly arg: AstExpr;
  readonly index: AstExpr;
}

/** `fraud@3`: a version of a model, only as the first argument of predict. */
export interface ModelVersion extends Spanned { readonly kind: 'model'; readonly name: Name; readonly version: number }

export type AstExpr =
  | NumberLiteral
  | StringLiteral
  | BooleanLiteral
  | NullLiteral
  | TypedLiteral
  | IntervalLiteral
  | Parameter
  | ColumnName
  | Star
  | Unary | Binary | IsTest | IsDistinct | Between | InList | InQuery | Like | Quantified | Exists | ScalarSubquery
  | CaseExpr | CastExpr | FunctionCall | Row | ArrayLiteral | FieldAccess | Subscript | ModelVersion;

export interface OrderItem extends Spanned {
  readonly expr: AstExpr;
  readonly descending: boolean;
  readonly nulls: 'first' | 'last' | undefined;
}

export interface WindowSpec extends Spanned {
  readonly base: Name | undefined;
  readonly partition: readonly AstExpr[];
  readonly order: readonly OrderItem[];
  readonly frame: WindowFrame | undefined;
}

export interface WindowFrame {
  readonly unit: 'rows' | 'range' | 'groups';
  readonly start: AstFrameBound;
  readonly end: AstFrameBound;
  /** EXCLUDE other than NO OTHERS. */
  readonly exclude: Span | undefined;
}

export interface AstFrameBound {
  readonly kind: 'unbounded-preceding' | 'preceding' | 'current' | 'following' | 'unbounded-following';
  readonly offset: AstExpr | undefined;
}

// ---------------------------------------------------------------- queries

export interface CommonTable extends Spanned {
  readonly name: Name;
  readonly columns: readonly Name[];
  readonly query: Query;
}

/** A body with what may stand around it. */
export interface Query extends Spanned {
  readonly with: readonly CommonTable[];
  readonly recursive: boolean;
  readonly body: QueryBody;
  readonly order: readonly OrderItem[];
  /** `ORDER BY ALL [DESC]` */
  readonly orderAll: { readonly descending: boolean; readonly nulls: 'first' | 'last' | undefined } | undefined;
  readonly limit: AstExpr | undefined;
  readonly offset: AstExpr | undefined;
}

export interface Select extends Spanned {
  readonly kind: 'select';
  readonly distinct: boolean;
  readonly distinctOn: readonly AstExpr[];
  readonly items: readonly SelectItem[];
  readonly from: readonly TableRef[];
  readonly where: AstExpr | undefined;
  readonly groups: readonly AstExpr[];
  readonly groupAll: boolean;
  readonly having: AstExpr | undefined;
  readonly windows: readonly { readonly name: Name; readonly spec: WindowSpec }[];
  readonly qualify: AstExpr | undefined;
}

export interface SelectItem extends Spanned { readonly expr: AstExpr; readonly alias: Name | undefined }
export interface ValuesBody extends Spanned { readonly kind: 'values'; readonly rows: readonly (readonly AstExpr[])[] }
export interface SetBody extends Spanned {
  readonly kind: 'set';
  readonly op: 'union' | 'intersect' | 'except';
  readonly all: boolean;
  readonly left: Query;
  readonly right: Query;
}

/** `(SELECT ... LIMIT 1)` in parentheses. */
export interface NestedBody extends Spanned { readonly kind: 'nested'; readonly query: Query }
export type QueryBody = Select | ValuesBody | SetBody | NestedBody;

export interface Alias { readonly name: Name; readonly columns: readonly Name[] }
export interface TableName extends Spanned {
  readonly kind: 'table';
  readonly path: readonly Name[];
  readonly alias: Alias | undefined;
}

/** `FROM 'file.parquet'` */
export interface FileTable extends Spanned {
  readonly kind: 'file';
  readonly path: string;
  readonly alias: Alias | undefined;
}

export interface DerivedTable extends Spanned {
  readonly kind: 'derived';
  readonly query: Query;
  readonly alias: Alias | undefined;
  readonly lateral: boolean;
}

export interface TableFunction extends Spanned {
  readonly kind: 'table-function';
  readonly call: FunctionCall;
  readonly alias: Alias | undefined;
}

/** `PREDICT(MODEL = m, DATA = t AS d) WITH (score REAL) AS p` */
export interface PredictTable extends Spanned {
  readonly kind: 'predict';
  readonly model: Name;
  readonly version: number | undefined;
  readonly data: TableRef;
  readonly outputs: readonly { readonly name: Name; readonly type: AstType }[];
  readonly alias: Alias | undefined;
}

export type AstJoinKind = 'inner' | 'left' | 'right' | 'full' | 'cross' | 'semi' | 'anti';
export interface JoinedTable extends Spanned {
  readonly kind: 'join';
  readonly join: AstJoinKind;
  readonly natural: boolean;
  readonly left: TableRef;
  readonly right: TableRef;
  readonly on: AstExpr | undefined;
  readonly using: readonly Name[];
}

export type TableRef = TableName | FileTable | DerivedTable | TableFunction | PredictTable | JoinedTable;

// ---------------------------------------------------------------- statements

export interface ColumnDefinition extends Spanned {
  readonly name: Name;
  readonly type: AstType;
  readonly notNull: boolean;
  readonly unique: Span | undefined;
  readonly defaultValue: AstExpr | undefined;
}

/** Options in parentheses, `(FORMAT csv, HEADER)`: names in lower case. */
export interface StatementOption { readonly name: Name; readonly value: string | number | boolean }

export interface QueryStatement extends Spanned { readonly kind: 'query'; readonly query: Query }
export interface CreateTable extends Spanned {
  readonly kind: 'create-table';
  readonly name: Name;
  readonly replace: boolean;
  readonly ifNotExists: boolean;
  readonly columns: readonly ColumnDefinition[];
  readonly query: Query | undefined;
  /** A table-level PRIMARY KEY, UNIQUE, FOREIGN KEY or CHECK. */
  readonly constraint: Span | undefined;
}

export interface CreateView extends Spanned {
  readonly kind: 'create-view';
  readonly name: Name;
  readonly replace: boolean;
  readonly ifNotExists: boolean;
  readonly columns: readonly Name[];
  readonly query: Query;
}

export interface CreateModel extends Spanned {
  readonly kind: 'create-model';
  readonly name: Name;
  readonly replace: boolean;
  readonly ifNotExists: boolean;
  readonly file: string;
  readonly options: readonly StatementOption[];
}

export interface Drop extends Spanned {
  readonly kind: 'drop';
  readonly what: 'table' | 'view' | 'model';
  readonly name: Name;
  readonly version: number | undefined;
  readonly ifExists: boolean;
}

export interface Insert extends Spanned {
  readonly kind: 'insert';
  readonly table: Name;
  readonly columns: readonly Name[];
  readonly query: Query;
}

export interface Update extends Spanned {
  readonly kind: 'update';
  readonly table: Name;
  readonly alias: Name | undefined;
  readonly assignments: readonly { readonly column: Name; readonly value: AstExpr }[];
  readonly where: AstExpr | undefined;
}

export interface Delete extends Spanned {
  readonly kind: 'delete';
  readonly table: Name;
  readonly alias: Name | undefined;
  readonly where: AstExpr | undefined;
}

export interface Copy extends Spanned {
  readonly kind: 'copy';
  readonly direction: 'from' | 'to';
  readonly table: Name | undefined;
  readonly columns: readonly Name[];
  readonly query: Query | undefined;
  readonly file: string;
  readonly options: readonly StatementOption[];
}

export interface Explain extends Spanned {
  readonly kind: 'explain';
  readonly analyze: boolean;
  readonly options: readonly StatementOption[];
  readonly statement: Statement;
}

export interface Transaction extends Spanned {
  readonly kind: 'transaction';
  readonly action: 'begin' | 'commit' | 'rollback';
}

export type Statement =
  | QueryStatement
  | CreateTable
  | CreateView
  | CreateModel
  | Drop
  | Insert
  | Update
  | Delete
  | Copy
  | Explain
  | Transaction;
