/**
 * Expressions as SQL-like text for explain: columns by name, common operators between their arguments, the rest as
 * calls.
 */
import type { Call, Expr, Literal } from '../../ir/node.js';
import { decimalOf, dtypeInfo } from '../../ir/dtype.js';
import { printLiteral } from '../../ir/print.js';
import { dateText, timestampText } from '../../ir/scalar/calendar.js';
import type { ScalarOp } from '../../ir/scalar.js';

/** Of the row's columns; a column without a name is shown by its number, from 1. */
export type ColumnNames = readonly string[];

/** Longer texts are cut: explain is read by people. */
const MOST_CHARACTERS = 100;

export function exprText(expr: Expr, names: ColumnNames): string {
  return shortened(textOf(expr, { names, known: new Map() }).text);
}

export function shortened(text: string): string {
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS - 3)}...` : text;
}

/** How tightly the text's outermost operator binds; arguments that bind less are put in parentheses. */
interface Text {
  readonly text: string;
  readonly binds: number;
}

const ATOM = 10;

/** Sign between two arguments, and how tightly it binds. */
const INFIX: { readonly [op in ScalarOp]?: readonly [string, number] } = {
  or: ['OR', 1], and: ['AND', 2],
  eq: ['=', 4], ne: ['<>', 4], lt: ['<', 4], le: ['<=', 4], gt: ['>', 4], ge: ['>=', 4],
  ieee_eq: ['=', 4], ieee_lt: ['<', 4], ieee_le: ['<=', 4],
  is_distinct: ['IS DISTINCT FROM', 4], is_not_distinct: ['IS NOT DISTINCT FROM', 4],
  like: ['LIKE', 4], ilike: ['ILIKE', 4], concat: ['||', 5],
  add: ['+', 6], sub: ['-', 6], wrap_add: ['+', 6], wrap_sub: ['-', 6],
  mul: ['*', 7], div: ['/', 7], mod: ['%', 7], int_div: ['//', 7], wrap_mul: ['*', 7],
};

interface Naming {
  readonly names: ColumnNames;
  /** Parts that are shared have their text made once. */
  readonly known: Map<Expr, Text>;
}

/** No longer than what tells that the whole is cut: a shared part may be written out exponentially often. */
function textOf(expr: Expr, naming: Naming): Text {
  const known = naming.known.get(expr);
  if (known !== undefined) return known;
  const { text, binds } = wholeText(expr, naming);
  const result = { text: text.slice(0, MOST_CHARACTERS + 1), binds };
  naming.known.set(expr, result);
  return result;
}

function wholeText(expr: Expr, naming: Naming): Text {
  const list = (exprs: readonly Expr[]): string => exprs.map((part) => textOf(part, naming).text).join(', ');
  const atom = (text: string): Text => ({ text, binds: ATOM });
  switch (expr.kind) {
    case 'ref': return atom(naming.names[expr.index] ?? `#${expr.index + 1}`);
    case 'outer': return atom(`outer #${expr.index + 1}`);
    case 'param': return atom(`?${expr.index + 1}`);
    case 'literal': return atom(literalText(expr));
    case 'cast': return atom(`${expr.attempt ? 'TRY_CAST' : 'CAST'}(${list([expr.arg])} AS ${dtypeInfo(expr.to).sql})`);
    case 'case': {
      const branches = expr.branches.map(({ when, then }) => `WHEN ${list([when])} THEN ${list([then])} `);
      return atom(`CASE ${branches.join('')}ELSE ${list([expr.otherwise])} END`);
    }
    case 'pack': return atom(expr.type.kind === 'tensor' ? `[${list(expr.parts)}]` : `{${list(expr.parts)}}`);
    case 'part': return atom(`${wrapped(expr.arg, naming, ATOM)}${partText(expr)}`);
    case 'subquery': return atom('(subquery)');
    case 'call': return callText(expr, naming);
  }
}

function callText(expr: Call, naming: Naming): Text {
  const [first, second] = expr.args;
  const infix = INFIX[expr.op];
  if (infix !== undefined && second !== undefined) {
    const [sign, binds] = infix;
    const text = expr.args.map((arg, i) => wrapped(arg, naming, i === 0 ? binds : binds + 1)).join(` ${sign} `);
    return { text, binds };
  }
  switch (expr.op) {
    case 'not': return { text: `NOT ${wrapped(first!, naming, 3)}`, binds: 3 };
    case 'is_null': return { text: `${wrapped(first!, naming, 5)} IS NULL`, binds: 4 };
    case 'is_not_null': return { text: `${wrapped(first!, naming, 5)} IS NOT NULL`, binds: 4 };
    case 'neg': return { text: `-${wrapped(first!, naming, 8)}`, binds: 8 };
    default: return { text: `${expr.op}(${expr.args.map((arg) => textOf(arg, naming).text).join(', ')})`, binds: ATOM };
  }
}

function wrapped(expr: Expr, naming: Naming, least: number): string {
  const { text, binds } = textOf(expr, naming);
  return binds < least ? `(${text})` : text;
}

/** As SQL takes the part of a struct, map or array. */
function partText({ arg, index }: Extract<Expr, { kind: 'part' }>): string {
  const { type } = arg;
  if (type.kind === 'struct') return `.${type.fields[index]!.name}`;
  if (type.kind === 'map') return `[${type.keyDType === 'utf8' ? `'${type.keys[index]}'` : type.keys[index]}]`;
  return `[${index + 1}]`;
}

function literalText({ value, type }: Literal): string {
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  if (value === null) return 'NULL';
  if (type.dtype === 'date') return `DATE '${dateText(Number(value))}'`;
  if (type.dtype === 'timestamp') return `TIMESTAMP '${timestampText(value as bigint)}'`;
  const decimal = decimalOf(type.dtype);
  if (decimal !== undefined) return decimalText(String(value), decimal.scale);
  return typeof value === 'bigint' ? String(value) : printLiteral(value);
}

function decimalText(unscaled: string, scale: number): string {
  if (scale === 0) return unscaled;
  const sign = unscaled.startsWith('-') ? '-' : '';
  const digits = unscaled.slice(sign.length).padStart(scale + 1, '0');
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
