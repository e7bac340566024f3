/**
 * Whether a node is well formed and may exist at a stage. All errors are collected, each with the path to its node.
 *
 * Runs after every pass and on graphs that were read from a file; it checks what types alone do not: references name
 * columns of the same type, arguments fit, dims agree, inferred types are those the fields give.
 */
import { inferType } from './infer.js';
import type {
  Aggregate, AggregateCall, Apply, Blocked, Expr, ModelGraph, Node, Relation, Tensor, Values, WindowCall,
} from './node.js';
import { reachesOut } from './node-facts.js';
import { EXPLICIT_TYPE, postorder } from './rewrite.js';
import { isRelationKind, isTensorKind } from './shape.js';
import { STAGES, type Stage } from './stage.js';
import { printDims, printType, scalar, unreachable, type Column, type Dim } from './type.js';
import { verifyBody, verifyExpr } from './verify-expression.js';
import {
  below,
  dtypeOfExpr,
  textOfPath,
  type Path,
  type Rows,
  type Verifier,
  type VerifyError,
} from './verify-scope.js';
import { verifyTensor } from './verify-tensor.js';

/** Past this many, more errors would not help. */
const MOST_ERRORS = 100;

/** The errors of a plan (or of a tensor or expression by itself); none when it is well formed. */
export function verify(root: Node, stage: Stage): readonly VerifyError[] {
  const walk = new Walk(stage, 'plan');
  const path: Path = { parent: undefined, step: root.kind };
  if (isRelationKind(root.kind)) walk.relation(root as Relation, [], path);
  else if (isTensorKind(root.kind)) walk.tensors(root as Tensor, [], path);
  else walk.expr(root as Expr, [], path);
  return walk.errors;
}

/** The errors of a model by itself. */
export function verifyModel(graph: ModelGraph): readonly VerifyError[] {
  const walk = new Walk('bound', 'model');
  for (const output of graph.outputs) walk.tensors(output.tensor, [], { parent: undefined, step: output.name });
  const known = new Set<Node>(graph.inputs);
  for (const output of graph.outputs) {
    for (const node of postorder(output.tensor)) {
      if (node.kind === 'input' && !known.has(node)) {
        walk.fail(
          node,
          { parent: undefined, step: output.name },
          `found input ${node.name}, expected one that the model lists`,
        );
      }
    }
  }
  return walk.errors;
}

class Walk implements Verifier {
  readonly errors: VerifyError[] = [];
  private readonly seen = new WeakMap<Rows, Set<Node>>();
  private readonly none: Rows = [];

  constructor(private readonly stage: Stage, private readonly leaf: 'plan' | 'model') {}

  readonly fail = (node: Node, path: Path, problem: string): void => {
    if (this.errors.length >= MOST_ERRORS) return;
    const text = textOfPath(path);
    this.errors.push({ path: text, message: `${node.kind} at ${text}: ${problem}` });
  };

  /** True the first time a node is met over these rows. */
  private first(node: Node, over: Rows): boolean {
    // What reads no row further out is the same wherever it stands.
    const rows = isRelationKind(node.kind) && !reachesOut(node) ? this.none : over;
    let nodes = this.seen.get(rows);
    if (nodes === undefined) this.seen.set(rows, (nodes = new Set()));
    if (nodes.has(node)) return false;
    nodes.add(node);
    return true;
  }

  private stageOf(node: Node, path: Path): void {
    const refused = STAGES[this.stage].refuses(node);
    if (refused !== undefined)
      this.fail(node, path, `found in a plan that is ${this.stage}, expected none: ${refused}`);
  }

  /** Only of nodes without errors: inference takes well-formed fields for granted. */
  private typeOf(node: Node, path: Path, errorsBefore: number): void {
    if (EXPLICIT_TYPE.has(node.kind) || this.errors.length > errorsBefore) return;
    try {
      const [own, wanted] = [printType(node.type), printType(inferType(node))];
      if (own !== wanted) this.fail(node, path, `found type ${own}, expected ${wanted} of its fields`);
    } catch (error) {
      this.fail(node, path, `found fields without a type: ${(error as Error).message}`);
    }
  }

  /** `outer`: the rows of the enclosing queries. */
  relation(node: Relation, outer: Rows, path: Path): void {
    if (!this.first(node, outer)) return;
    this.stageOf(node, path);
    const before = this.errors.length;
    const input = (relation: Relation, step: string): readonly Column[] => {
      this.relation(relation, outer, below(path, `.${step}:${relation.kind}`));
      return relation.type.columns;
    };
    const rowsOf = (...columns: readonly Column[]): Rows => [columns, ...outer];
    const own = (problem: string): void => this.fail(node, path, problem);
    switch (node.kind) {
      case 'scan': {
        const missing = node.columns.find((column) => node.schema.columns[column] === undefined);
        if (missing !== undefined) own(`found column ${missing}, expected one of ${node.schema.columns.length}`);
        break;
      }
      case 'values': this.values(node, [[], ...outer], path); break;
      case 'filter':
        this.condition(node.predicate, rowsOf(...input(node.input, 'input')), below(path, '.predicate'));
        break;
      case 'project':
        if (node.names.length !== node.exprs.length)
          own(`found ${node.names.length} names, expected ${node.exprs.length}`);
        this.exprs(node.exprs, rowsOf(...input(node.input, 'input')), below(path, '.exprs'));
        break;
      case 'join': {
        const rows = rowsOf(...input(node.left, 'left'), ...input(node.right, 'right'));
        if (node.join === 'cross' && node.on !== undefined) own('found a condition, expected none of a cross join');
        if (node.on !== undefined) this.condition(node.on, rows, below(path, '.on'));
        break;
      }
      case 'aggregate': this.aggregate(node, rowsOf(...input(node.input, 'input')), path); break;
      case 'window': {
        const rows = rowsOf(...input(node.input, 'input'));
        node.calls.forEach((call, i) => this.windowCall(call, rows, below(path, `.calls[${i}]`), own));
        break;
      }
      case 'sort':
        this.exprs(node.keys.map((key) => key.expr), rowsOf(...input(node.input, 'input')), below(path, '.keys'));
        if (node.limit !== undefined && !(Number.isInteger(node.limit) && node.limit >= 0)) {
          own(`found limit ${node.limit}, expected a whole number from 0`);
        }
        break;
      case 'limit':
        input(node.input, 'input');
        for (const name of ['limit', 'offset'] as const) if (node[name] !== undefined) this.integer(
          node[name], outer, below(path, `.${name}`),
        );
        break;
      case 'distinct': input(node.input, 'input'); break;
      case 'setop': {
        const [left, right] = [input(node.left, 'left'), input(node.right, 'right')];
        if (left.length !== right.length)
          own(`found sides of ${left.length} and ${right.length} columns, expected as many`);
        else left.forEach((column, i) => {
          if (sameDType(column, right[i]!)) return;
          own(`found column ${i} of ${printType(column.type)} and ${printType(right[i]!.type)}, expected one dtype`);
        });
        break;
      }
      case 'series':
        for (const name of ['start', 'stop', 'step'] as const) this.integer(node[name], outer, below(path, `.${name}`));
        break;
      case 'blocked': this.blocked(node, input(node.input, 'input'), path); break;
      case 'apply': this.apply(node, rowsOf(...input(node.input, 'input')), path); break;
      default: return unreachable(node);
    }
    this.typeOf(node, path, before);
  }

  private values(node: Values, rows: Rows, path: Path): void {
    const { columns } = node.type;
    node.rows.forEach((row, i) => {
      const at = below(path, `.rows[${i}]`);
      if (row.length !== columns.length) this.fail(node, at, `found ${row.length} values, expected ${columns.length}`);
      this.exprs(row, rows, at);
      row.forEach((expr, j) => {
        const column = columns[j];
        if (column === undefined) return;
        if (!sameDType({ name: '', type: expr.type }, column)) this.fail(
          node, at, `found a value of ${printType(expr.type)}, expected ${printType(column.type)}`,
        );
        else if (expr.type.nullable && !column.type.nullable) {
          this.fail(node, at, `found a value that may be NULL, expected ${printType(column.type)}`);
        }
      });
    });
  }

  private aggregate(node: Aggregate, rows: Rows, path: Path): void {
    this.exprs(node.groups.map((group) => group.expr), rows, below(path, '.groups'));
    node.calls.forEach((call, i) => {
      const at = below(path, `.calls[${i}]`);
      this.exprs(call.args, rows, at);
      if (call.filter !== undefined) this.condition(call.filter, rows, below(at, '.filter'));
      const problem = problemOfCall(call);
      if (problem !== undefined) this.fail(node, at, problem);
    });
  }

  private windowCall(call: WindowCall, rows: Rows, path: Path, fail: (problem: string) => void): void {
    this.exprs(call.args, rows, below(path, '.args'));
    this.exprs(call.partition, rows, below(path, '.partition'));
    this.exprs(call.order.map((key) => key.expr), rows, below(path, '.order'));
    const frame = call.frame;
    if (frame === undefined || frame.unit !== 'range') return;
    const moves = [frame.start, frame.end].some((bound) => bound.kind === 'offset');
    if (moves && call.order.length !== 1) {
      fail(`found a range frame with an offset over ${call.order.length} order keys, expected 1`);
    }
  }

  private apply(node: Apply, rows: Rows, path: Path): void {
    node.outputs.forEach((output, i) => {
      const at = below(path, `.outputs[${i}]:${output.tensor.kind}`);
      this.tensors(output.tensor, rows, at);
      const [lead, ...rest] = output.tensor.type.dims;
      if (lead !== 'n')
        this.fail(node, at, `found an output of ${printType(output.tensor.type)}, expected the leading dim n`);
      if (rest.some((dim) => typeof dim !== 'number')) {
        this.fail(node, at, `found an output of ${printType(output.tensor.type)}, expected known dims after n`);
      }
    });
  }

  private blocked(node: Blocked, columns: readonly Column[], path: Path): void {
    const feature = columns[node.feature]?.type;
    if (feature?.kind !== 'tensor' && feature?.kind !== 'scalar')
      return this.fail(node, path, `found feature ${node.feature}, expected a column of a tensor or of one scalar`);
    let width: Dim | undefined = feature.kind === 'scalar' ? 1 : feature.dims[0];
    node.layers.forEach(({ weight, bias, activation }, i) => {
      const at = below(path, `.layers[${i}]`);
      const [k, m] = weight.type.dims;
      if (weight.type.dims.length !== 2 || k !== width) {
        this.fail(
          node,
          at,
          `found a weight of ${printType(weight.type)} after ${width} features, expected [${width}, m]`,
        );
      }
      if (bias !== undefined && printDims(bias.type.dims) !== printDims([m!])) {
        this.fail(node, at, `found a bias of ${printType(bias.type)}, expected [${m}]`);
      }
      if (activation !== undefined)
        verifyBody(activation, [{ name: 'element', type: scalar(weight.type.dtype) }], at, this);
      width = m;
    });
    if (node.layers.length === 0) this.fail(node, path, 'found no layers, expected at least one');
  }

  /** A tensor and all under it; expressions of `to_tensor` are over `rows`. */
  tensors(root: Tensor, rows: Rows, path: Path): void {
    for (const node of postorder(root)) {
      if (!isTensorKind(node.kind) || !this.first(node, rows)) continue;
      const at = node === root ? path : below(path, `..${node.kind}`);
      this.stageOf(node, at);
      const before = this.errors.length;
      if (node.kind === 'to_tensor') this.exprs(node.exprs, rows, at);
      if (node.kind === 'input' && this.leaf === 'plan' && rows.length > 0) {
        this.fail(node, at, `found input ${node.name}, expected to_tensor in a plan`);
      }
      verifyTensor(node as Tensor, at, this);
      this.typeOf(node, at, before);
    }
  }

  private exprs(exprs: readonly Expr[], rows: Rows, path: Path): void {
    exprs.forEach((expr, i) => this.expr(expr, rows, below(path, `[${i}]`)));
  }

  private condition(expr: Expr, rows: Rows, path: Path): void {
    this.expr(expr, rows, path);
    if (dtypeOfExpr(expr) !== 'bool')
      this.fail(expr, path, `found a condition of ${printType(expr.type)}, expected bool`);
  }

  /** A constant or parameter of i64: no row is at hand. */
  private integer(expr: Expr, outer: Rows, path: Path): void {
    this.expr(expr, [[], ...outer], path);
    if (dtypeOfExpr(expr) !== 'i64') this.fail(expr, path, `found ${printType(expr.type)}, expected i64`);
  }

  readonly expr = (expr: Expr, rows: Rows, path: Path): void => {
    if (!this.first(expr, rows)) return;
    this.stageOf(expr, path);
    verifyExpr(expr, rows, path, this);
    switch (expr.kind) {
      case 'call': return this.exprs(expr.args, rows, path);
      case 'cast': case 'part': return this.expr(expr.arg, rows, below(path, '.arg'));
      case 'case':
        this.exprs(expr.branches.flatMap((branch) => [branch.when, branch.then]), rows, below(path, '.branches'));
        return this.expr(expr.otherwise, rows, below(path, '.otherwise'));
      case 'pack': return this.exprs(expr.parts, rows, below(path, '.parts'));
      case 'subquery':
        if (expr.arg !== undefined) this.expr(expr.arg, rows, below(path, '.arg'));
        return this.relation(expr.relation, rows, below(path, `.relation:${expr.relation.kind}`));
      default: return;
    }
  };
}

function sameDType(a: Column, b: Column): boolean {
  const text = (column: Column): string => printType({ ...column.type, nullable: true });
  return text(a) === text(b);
}

function argumentCounts(op: AggregateCall['op']): readonly [number, number] {
  switch (op) {
    case 'count_star': return [0, 0];
    case 'string_agg': return [1, 2];
    case 'arg_min': case 'arg_max': case 'covar_samp': case 'covar_pop': case 'corr': return [2, 2];
    default: return [1, 1];
  }
}

/** Numbers of arguments that do not fit, and results that follow from the argument. */
function problemOfCall(call: AggregateCall): string | undefined {
  const [least, most] = argumentCounts(call.op);
  if (call.args.length < least || call.args.length > most) {
    return `found ${call.args.length} arguments of ${call.op}, expected ${least === most ? least : `${least} to ${most}`}`;
  }
  const arg = call.args[0] && dtypeOfExpr(call.args[0]);
  const keeps = ['min', 'max', 'first', 'any_value', 'arg_min', 'arg_max', 'bit_and', 'bit_or', 'bit_xor'].includes(
    call.op,
  );
  if (keeps && arg !== call.type.dtype) {
    return `found ${call.op} of ${arg ?? 'a composite'} with type ${printType(call.type)}, expected the argument's`;
  }
  if (call.op.startsWith('count') && call.type.dtype !== 'i64') {
    return `found ${call.op} with type ${printType(call.type)}, expected i64`;
  }
  return undefined;
}
