/**
 * Where an expression of a SELECT is evaluated. Expressions are bound once, over the row of FROM; what is computed
 * elsewhere (an aggregate, a window, a model's output) stands in them as a marker: a ref past `MARKER_BASE`.
 * `lower` puts the expression on a stage (the rows of FROM, or the groups): group keys and aggregates become columns of
 * the aggregate; a window or model is put on top of the stage's relation, once, and becomes a column of it.
 *
 * Invariant: a stage's relation only grows at its right end, so that refs given out stay true.
 */
import { make } from '../../ir/build.js';
import type { AggregateCall, Expr, Node, Ref, Relation, SortKey, WindowCall } from '../../ir/node.js';
import { oncePerNode, reachesOut } from '../../ir/node-facts.js';
import { children, withChildren } from '../../ir/rewrite.js';
import { conjuncts } from '../../ir/terms.js';
import { applyModel, type ModelApplication } from '../../ir/bridge.js';
import type { ValueType } from '../../ir/type.js';
import { CompileError, type Span } from '../diagnostics.js';
import { featureGuard, type FeatureGuard } from './guard-features.js';
import { conjunction, ref } from './make-expr.js';
import { mapRefs } from './scope.js';

const MARKER_BASE = 1_000_000;

export type Marker =
  | { readonly kind: 'aggregate'; readonly call: AggregateCall }
  | { readonly kind: 'window'; readonly call: WindowCall }
  | { readonly kind: 'output'; readonly application: ModelApplication; readonly output: number };

/** The markers of one SELECT, equal ones once. */
export class Markers {
  readonly list: Marker[] = [];
  private readonly known = new Map<string, number>();
  private readonly numbers = new Map<Node, number>();

  add(marker: Marker, type: ValueType): Ref {
    const key = JSON.stringify(marker, (_, value: unknown) => this.nodeKey(value));
    let index = this.known.get(key);
    if (index === undefined) {
      index = this.list.push(marker) - 1;
      this.known.set(key, index);
    }
    return ref(MARKER_BASE + index, type);
  }

  get aggregates(): readonly AggregateCall[] {
    return this.list.flatMap((marker) => (marker.kind === 'aggregate' ? [marker.call] : []));
  }

  get(node: Ref): Marker | undefined {
    return this.list[node.index - MARKER_BASE];
  }

  /** Nodes are hash-consed: a number stands for each. */
  private nodeKey(value: unknown): unknown {
    if (typeof value === 'bigint') return `${value}n`;
    if (typeof value !== 'object' || value === null || !('kind' in value) || !('type' in value)) return value;
    const node = value as Node;
    if (!this.numbers.has(node)) this.numbers.set(node, this.numbers.size);
    return `#${this.numbers.get(node)!}`;
  }
}

export interface Grouping {
  /** The group keys, as bound over the row of FROM. */
  readonly keys: readonly Expr[];
  readonly columnName: (index: number) => string;
}

export class Stage {
  private readonly placed = new Map<Marker | ModelApplication, number>();
  private readonly features: FeatureGuard;

  constructor(
    public relation: Relation,
    private readonly markers: Markers,
    private readonly grouping: Grouping | undefined = undefined,
  ) {
    this.features = featureGuard(markers);
  }

  /** Keeps the rows for which it is true. A model that may fail is applied to what the conjuncts before it keep. */
  filter(condition: Expr, place: Span): void {
    const pending: Expr[] = [];
    const keep = (): void => {
      const predicate = conjunction(pending.splice(0));
      if (predicate === undefined) return;
      const lowered = this.lower(predicate, place);
      this.relation = make({ kind: 'filter', input: this.relation, predicate: lowered });
    };
    for (const part of this.features.isFailing(condition) ? conjuncts(condition) : [condition]) {
      if (this.features.isFailing(part)) keep();
      pending.push(part);
    }
    keep();
  }

  /** The expression over this stage's rows. `place` is blamed for what is neither grouped nor aggregated. */
  lower(expr: Expr, place: Span): Expr {
    return this.visit(this.features.guarded(expr), 0, place, new Map()) as Expr;
  }

  lowerKey(key: SortKey, place: Span): SortKey {
    return { ...key, expr: this.lower(key.expr, place) };
  }

  private visit(node: Node, depth: number, place: Span, done: Map<Node, Node>): Node {
    const known = done.get(node);
    if (known !== undefined) return known;
    const result = this.visitNew(node, depth, place, done);
    done.set(node, result);
    return result;
  }

  private visitNew(node: Node, depth: number, place: Span, done: Map<Node, Node>): Node {
    if (depth === 0) {
      const group = this.grouping?.keys.indexOf(node as Expr) ?? -1;
      if (group >= 0) return ref(group, this.relation.type.columns[group]!.type);
      if (node.kind === 'ref') return this.visitRef(node, place);
    } else if (!reachesOut(node)) {
      return node;
    } else if (node.kind === 'outer' && node.depth === depth) {
      const lowered = this.lower(ref(node.index, node.type), place);
      return mapRefs(lowered, (index, type) => make({ kind: 'outer', depth, index, type }));
    }
    if (node.kind === 'subquery') {
      const inner = this.visit(node.relation, depth + 1, place, new Map());
      const arg = node.arg === undefined ? [] : [this.visit(node.arg, depth, place, done)];
      return withChildren(node, children(node).map((child) => (child === node.relation ? inner : arg[0]!)));
    }
    return withChildren(node, children(node).map((child) => this.visit(child, depth, place, done)));
  }

  private visitRef(node: Ref, place: Span): Expr {
    const marker = this.markers.get(node);
    if (marker !== undefined) return this.placeMarker(marker, place);
    if (this.grouping === undefined) return node;
    const name = this.grouping.columnName(node.index);
    throw new CompileError(`column "${name}" must appear in GROUP BY or in an aggregate`, { span: place });
  }

  private placeMarker(marker: Marker, place: Span): Expr {
    switch (marker.kind) {
      case 'aggregate': {
        if (this.grouping === undefined) throw new CompileError('an aggregate cannot stand here', { span: place });
        return this.column(this.grouping.keys.length + this.markers.aggregates.indexOf(marker.call));
      }
      case 'window': return this.column(this.placed.get(marker) ?? this.addWindow(marker, marker.call, place));
      case 'output':
        return this.column(
          (this.placed.get(marker.application) ?? this.addModel(marker.application, place)) + marker.output,
        );
    }
  }

  private column(index: number): Expr {
    return ref(index, this.relation.type.columns[index]!.type);
  }

  private addWindow(marker: Marker, call: WindowCall, place: Span): number {
    const lowered: WindowCall = {
      ...call,
      args: call.args.map((arg) => this.lower(arg, place)),
      partition: call.partition.map((expr) => this.lower(expr, place)),
      order: call.order.map((key) => this.lowerKey(key, place)),
    };
    const below = this.relation;
    const used = [...lowered.args, ...lowered.partition, ...lowered.order.map((key) => key.expr)];
    const joins = below.kind === 'window' && used.every((expr) => widest(expr) < below.input.type.columns.length);
    const index = below.type.columns.length;
    this.relation = joins
      ? make({ kind: 'window', input: below.input, calls: [...below.calls, lowered] })
      : make({ kind: 'window', input: below, calls: [lowered] });
    this.placed.set(marker, index);
    return index;
  }

  private addModel(application: ModelApplication, place: Span): number {
    const inputs = application.inputs.map((input) => ({
      ...input,
      exprs: input.exprs.map((expr) => this.lower(expr, place)),
    }));
    const index = this.relation.type.columns.length;
    this.relation = applyModel(this.relation, { ...application, inputs });
    this.placed.set(application, index);
    return index;
  }
}

/** The greatest column the expression refers to, in subqueries too; -1 when none. */
function widest(expr: Node): number {
  return widestInside(0)(expr);
}

/** `depth`: how many of the expression's own subqueries the node is inside of. */
function widestInside(depth: number): (node: Node) => number {
  const most: (node: Node) => number = oncePerNode((node) => {
    if (depth === 0 && node.kind === 'ref') return node.index;
    if (node.kind === 'outer' && node.depth === depth) return node.index;
    if (depth > 0 && !reachesOut(node)) return -1;
    return children(node).reduce((found, child) => {
      const inside = node.kind === 'subquery' && child === node.relation ? widestInside(depth + 1) : most;
      return Math.max(found, inside(child));
    }, -1);
  });
  return most;
}
