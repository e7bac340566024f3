/**
 * The text of a node or model graph: one statement a relational or tensor node, inputs first, shared nodes once;
 * expressions are written where they are used, unless they are shared and large or very deep (`let`).
 *
 *   %0 = scan tx schema=rel{id: i64, amount: f64?} columns=[0, 1]
 *   %1 = filter %0 predicate=gt(#1:f64?, 0.5:f64)
 *   return %1
 *
 * Invariant: parse(print(x)) === x. Every field is there, but for false flags, absent options and inferred types.
 * What follows `--` is for the reader.
 */
import { inferType } from './infer.js';
import type { Expr, LiteralValue, ModelGraph, Node, Project } from './node.js';
import { children, EXPLICIT_TYPE, postorder } from './rewrite.js';
import { isInterval, type Value } from './scalar/value.js';
import { absentOf, isStatementKind, isTensorKind, MODEL_FIELDS, SHAPES, type Fields, type Shape } from './shape.js';
import { printDims, printName, printType, unreachable, type Dim, type Type } from './type.js';

/** Shared expressions from this many nodes up get a statement of their own. */
const LARGE_EXPRESSION = 12;
/** Deeper expressions are cut, so that the parser's recursion is bounded. */
const DEEP_EXPRESSION = 60;
const LONGEST_LINE = 120;

type Names = ReadonlyMap<Node, string>;

export function print(root: Node): string {
  const { names, lines } = printStatements([root]);
  return `${lines}return ${printNode(root, names)}\n`;
}

export function printModel(graph: ModelGraph): string {
  const roots = [...graph.inputs, ...graph.outputs.map((output) => output.tensor)];
  const { names, lines } = printStatements(roots);
  return `${lines}model ${printFields(graph as unknown as Record<string, unknown>, MODEL_FIELDS, names)}\n`;
}

function printStatements(roots: readonly Node[]): { readonly names: Names; readonly lines: string } {
  const order = [...new Set(roots.flatMap((root) => [...postorder(root)]))];
  const uses = new Map<Node, number>();
  for (const node of order) for (const child of children(node)) uses.set(child, (uses.get(child) ?? 0) + 1);
  const names = new Map<Node, string>();
  const sizes = new Map<Node, { readonly nodes: number; readonly depth: number }>();
  const lines: string[] = [];
  for (const node of order) {
    if (isStatementKind(node.kind)) {
      const text = printStatement(node, names);
      names.set(node, `%${names.size}`);
      lines.push(`${names.get(node)} = ${text}\n`);
      continue;
    }
    let size = { nodes: 1, depth: 1 };
    for (const child of children(node)) {
      const part = names.has(child) ? { nodes: 1, depth: 1 } : sizes.get(child)!;
      size = { nodes: size.nodes + part.nodes, depth: Math.max(size.depth, part.depth + 1) };
    }
    sizes.set(node, size);
    if (((uses.get(node) ?? 0) > 1 && size.nodes >= LARGE_EXPRESSION) || size.depth >= DEEP_EXPRESSION) {
      const text = printNode(node, names);
      names.set(node, `%${names.size}`);
      lines.push(`${names.get(node)} = let ${text}\n`);
    }
  }
  return { names, lines: lines.join('') };
}

function printStatement(node: Node, names: Names): string {
  const kind = node.kind as keyof typeof SHAPES;
  const type = needsType(node) ? `type=${printType(node.type)}` : '';
  const note = isTensorKind(kind) && type === '' ? `  -- ${printType(node.type)}` : '';
  const head =
    node.kind === 'project' ? printProject(node, names, ', ') : printFields(node as never, SHAPES[kind], names);
  const line = [kind, head, type].filter((part) => part !== '').join(' ');
  if (line.length <= LONGEST_LINE) return line + note;
  const broken = node.kind === 'project' ? printProject(node, names, ',\n    ') : printFields(
    node as never, SHAPES[kind], names, '\n  ',
  );
  return [kind, broken].join(' ') + (type === '' ? '' : `\n  ${type}`) + note;
}

/** `project %0 [id = #0:i64, twice = add(#1:f64, #1:f64)]`. */
function printProject(node: Project, names: Names, separator: string): string {
  const columns = node.exprs.map((expr, i) => `${printName(node.names[i]!)} = ${printNode(expr, names)}`);
  return `${printNode(node.input, names)} [${columns.join(separator)}]`;
}

/** `first second=value ...`; with a line break as separator, lists of nodes and records are broken too. */
function printFields(node: Readonly<Record<string, unknown>>, fields: Fields, names: Names, separator = ' '): string {
  const parts: string[] = [];
  let first = true;
  for (const [name, shape] of Object.entries(fields)) {
    const value = node[name];
    const absent = absentOf(shape);
    if (!first && absent !== undefined && absent.value === value) continue;
    const text = separator === ' ' ? printValue(value, shape, names) : printBroken(value, shape, names);
    parts.push(first ? text : `${name}=${text}`);
    first = false;
  }
  return parts.join(separator);
}

function printBroken(value: unknown, shape: Shape, names: Names): string {
  const breaks = shape.kind === 'list' && ['record', 'list', 'expr'].includes(shape.item.kind);
  if (!breaks || (value as readonly unknown[]).length < 2) return printValue(value, shape, names);
  return `[\n    ${(value as readonly unknown[]).map((item) => printValue(item, shape.item, names)).join(',\n    ')}]`;
}

function printValue(value: unknown, shape: Shape, names: Names): string {
  switch (shape.kind) {
    case 'expr': case 'relation': case 'tensor': return printNode(value as Node, names);
    case 'int': case 'flag': case 'word': case 'dtype': return String(value);
    case 'name': return printName(value as string);
    case 'literal': return printLiteral(value as LiteralValue);
    case 'dims': return printDims(value as readonly Dim[]);
    case 'data': return JSON.stringify(sortedData(value));
    case 'type': return printType(value as Type);
    case 'list':
      return `[${(value as readonly unknown[]).map((item) => printValue(item, shape.item, names)).join(', ')}]`;
    case 'optional': return value === undefined ? '-' : printValue(value, shape.item, names);
    case 'record': return printRecord(value as Readonly<Record<string, unknown>>, shape.fields, names);
    default: return unreachable(shape);
  }
}

function printRecord(value: Readonly<Record<string, unknown>>, fields: Fields, names: Names): string {
  const parts: string[] = [];
  for (const [name, shape] of Object.entries(fields)) {
    const absent = absentOf(shape);
    if (absent === undefined || absent.value !== value[name])
      parts.push(`${name}: ${printValue(value[name], shape, names)}`);
  }
  return `{${parts.join(', ')}}`;
}

/** JSON data with sorted names; numbers JSON has no word for are strings after a NUL, a text that has one gets two. */
function sortedData(value: unknown): unknown {
  if (typeof value === 'string' && value.startsWith('\0')) return `\0${value}`;
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) {
    return `\0${Object.is(value, -0) ? '-0' : value}`;
  }
  if (Array.isArray(value)) return value.map(sortedData);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, item]) => [name, sortedData(item)]),
  );
}

export function printLiteral(value: LiteralValue): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof Uint8Array)
    return `x"${Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('')}"`;
  if (isInterval(value as Value)) {
    const { months, days, microseconds } = value as Extract<LiteralValue, { months: number }>;
    return `interval(${months}, ${days}, ${microseconds}n)`;
  }
  if (typeof value === 'number') {
    return Number.isNaN(value) ? 'nan' : Object.is(value, -0) ? '-0' : String(value).replace('Infinity', 'inf');
  }
  return String(value);
}

function printNode(node: Node, names: Names): string {
  const name = names.get(node);
  if (name !== undefined) return name;
  const list = (exprs: readonly Expr[]): string => exprs.map((expr) => printNode(expr, names)).join(', ');
  const type = needsType(node) ? `:${printType(node.type)}` : '';
  switch (node.kind) {
    case 'ref': return `#${node.index}${type}`;
    case 'literal': return printLiteral(node.value) + type;
    case 'param': return `?${node.index}${type}`;
    case 'outer': return `^${node.depth}#${node.index}${type}`;
    case 'call': return `${node.op}(${list(node.args)})${type}`;
    case 'cast': return `${node.attempt ? 'try_cast' : 'cast'}(${printNode(node.arg, names)}, ${node.to})${type}`;
    case 'case': {
      const branches = node.branches.map(
        (branch) => `${printNode(branch.when, names)} -> ${printNode(branch.then, names)}, `,
      );
      return `case(${branches.join('')}else ${printNode(node.otherwise, names)})${type}`;
    }
    case 'pack': return `pack(${list(node.parts)})${type}`;
    case 'part': return `part(${printNode(node.arg, names)}, ${node.index})${type}`;
    case 'subquery': {
      const arg = node.arg === undefined ? '' : `, ${printNode(node.arg, names)}`;
      return `subquery(${node.mode}, ${printNode(node.relation, names)}${arg})${type}`;
    }
    default: throw new Error(`${node.kind} has no name`);
  }
}

/** Types are written where they do not follow from the fields. */
function needsType(node: Node): boolean {
  if (EXPLICIT_TYPE.has(node.kind)) return true;
  return printType(inferType(node)) !== printType(node.type);
}
