/**
 * predict(model, ...): which expression feeds which input of the model, checked against what the model wants, and the
 * model's outputs as a SQL value. The model itself is applied below the expression (stage.ts), once per distinct call.
 */
import { make } from '../../ir/build.js';
import { applyModel, widthOfInput, type ModelApplication } from '../../ir/bridge.js';
import { dtypeInfo, isNumeric, type DType } from '../../ir/dtype.js';
import type { Expr, Input, ModelGraph } from '../../ir/node.js';
import { relation, sqlTypeName, type StructType, type ValueType } from '../../ir/type.js';
import { CompileError, nearestName, type Span } from '../diagnostics.js';
import type { Argument, AstExpr, FunctionCall, Name } from './ast.js';
import { bindExpr } from './bind-expression.js';
import type { CatalogView } from './catalog-view.js';
import type { ExprContext } from './context.js';
import { dtypeOf, isTextLiteral, isUntyped, castTo, pack, part, ref } from './make-expr.js';
import { starOf } from './bind-star.js';

export interface NamedModel {
  readonly label: string;
  readonly graph: ModelGraph;
}

/** A value offered to the model. */
export interface Feature {
  /** The input it is meant for: given by `name =>`. */
  readonly input: Name | undefined;
  /** The column it is, when it is one. */
  readonly column: string | undefined;
  /** One of `t.*`, which may hold more than the model wants. */
  readonly ofStar: boolean;
  readonly expr: Expr;
  readonly span: Span;
}

export function bindPredict(ast: FunctionCall, cx: ExprContext): Expr {
  const [first, ...rest] = ast.args;
  if (first === undefined) throw new CompileError('predict wants a model: predict(model, t.*)', { span: ast.span });
  if (ast.over !== undefined || ast.distinct || ast.filter !== undefined)
    throw new CompileError('predict takes no OVER, DISTINCT or FILTER', { span: ast.span });
  const select = cx.select;
  if (select === undefined)
    throw new CompileError(`predict cannot stand ${cx.noAggregates ?? 'here'}`, { span: ast.span });
  const model = modelNamed(first.value, cx.env.catalog);
  const features = rest.flatMap((arg) => featuresOf(arg, cx));
  const application: ModelApplication = {
    model: model.label,
    graph: model.graph,
    inputs: feed(model, features, ast.span),
  };
  return valueOfOutputs(application, (output, type) =>
    select.markers.add({ kind: 'output', application, output }, type),
  );
}

export function modelNamed(ast: AstExpr, catalog: CatalogView): NamedModel {
  if (ast.kind === 'column' && ast.path.length === 1) return findModel(ast.path[0]!, undefined, catalog);
  if (ast.kind === 'model') return findModel(ast.name, ast.version, catalog);
  if (ast.kind === 'string') return findModel({ text: ast.value, span: ast.span }, undefined, catalog);
  throw new CompileError('the first argument of predict is the name of a model', { span: ast.span });
}

export function findModel(name: Name, version: number | undefined, catalog: CatalogView): NamedModel {
  const found = catalog.model(name.text, version);
  const canonical = catalog.modelNames().find((known) => known.toLowerCase() === name.text.toLowerCase());
  if (found !== undefined) return { label: `${canonical ?? name.text}@${found.version}`, graph: found.graph };
  if (version !== undefined && canonical !== undefined) {
    throw new CompileError(
      `model "${canonical}" has no version ${version}: the newest is ${catalog.model(canonical)?.version ?? 'none'}`,
      { span: name.span },
    );
  }
  throw new CompileError(`model "${name.text}" does not exist`, {
    span: name.span,
    suggestion: nearestName(name.text, catalog.modelNames()),
  });
}

function featuresOf(arg: Argument, cx: ExprContext): readonly Feature[] {
  if (arg.value.kind === 'star') {
    const star = arg.value;
    return starOf(star, cx).map(({ name, expr }) => ({
      input: undefined,
      column: name,
      ofStar: true,
      expr,
      span: star.span,
    }));
  }
  const column = arg.value.kind === 'column' ? arg.value.path[arg.value.path.length - 1]!.text : undefined;
  return [{ input: arg.name, column, ofStar: false, expr: bindExpr(arg.value, cx), span: arg.value.span }];
}

/**
 * The expressions of each input, in the order of the graph's inputs: by name where names are given or `t.*` is, or
 * where the columns listed are named as the inputs are; else by position.
 */
export function feed(model: NamedModel, features: readonly Feature[], span: Span): ModelApplication['inputs'] {
  const { inputs } = model.graph;
  const named = features.filter((feature) => feature.input !== undefined);
  if (named.length > 0) return feedByName(model, named, features, span);
  const only = inputs.length === 1 ? inputs[0]! : undefined;
  if (only !== undefined) return [{ exprs: feedWhole(model, only, features, span) }];
  const byColumn =
    features.some((feature) => feature.ofStar) ||
    (features.length === inputs.length &&
      inputs.every((input) => features.some((feature) => same(input.name, feature.column))));
  if (byColumn) return feedByColumn(model, features, span);
  if (features.length !== inputs.length)
    throw mismatch(model, features, span, `${features.length} values for ${inputs.length} inputs`);
  refuseMisplaced(model, features);
  return inputs.map((input, i) => ({ exprs: checked(model, input, [features[i]!], features, span) }));
}

/** In order, a column that is named as another input stands at the wrong place, or should be given by name. */
function refuseMisplaced(model: NamedModel, features: readonly Feature[]): void {
  const { inputs } = model.graph;
  for (const [i, { column, span }] of features.entries()) {
    const own = inputs[i]!.name;
    const other = inputs.find((input) => same(input.name, column));
    if (other !== undefined && !same(own, column)) {
      throw mismatch(model, features, span, `column ${column} is given to the input "${own}", ` +
        `but there is an input "${other.name}"; give values by name: ${other.name} => ${column}, ${own} => ...`);
    }
  }
}

const same = (a: string, b: string | undefined): boolean => a.toLowerCase() === b?.toLowerCase();

function feedByName(
  model: NamedModel,
  named: readonly Feature[],
  features: readonly Feature[],
  span: Span,
): ModelApplication['inputs'] {
  const { inputs } = model.graph;
  if (named.length !== features.length)
    throw mismatch(model, features, span, 'either all values are given by name (input => value) or none');
  for (const [i, feature] of named.entries()) {
    const name = feature.input!;
    if (!inputs.some((input) => same(input.name, name.text))) {
      const suggestion = nearestName(
        name.text,
        inputs.map((input) => input.name),
      );
      throw new CompileError(`model ${model.label} has no input "${name.text}"`, {
        span: name.span,
        suggestion,
        notes: [wants(model)],
      });
    }
    if (named.slice(0, i).some((other) => same(other.input!.text, name.text)))
      throw new CompileError(`input "${name.text}" is given twice`, { span: name.span });
  }
  return inputs.map((input) => {
    const feature = named.find((candidate) => same(input.name, candidate.input!.text));
    if (feature === undefined) throw mismatch(model, features, span, `input "${input.name}" is missing`);
    return { exprs: checked(model, input, [feature], features, span) };
  });
}

/** Columns the model has no input for are left out, as `t.*` may hold more than features. */
function feedByColumn(model: NamedModel, features: readonly Feature[], span: Span): ModelApplication['inputs'] {
  return model.graph.inputs.map((input) => {
    const found = features.filter((feature) => same(input.name, feature.column));
    if (found.length === 0) throw mismatch(model, features, span, `no column is named as the input "${input.name}"`);
    if (found.length > 1)
      throw mismatch(model, features, span, `more than one column is named as the input "${input.name}"`);
    return { exprs: checked(model, input, found, features, span) };
  });
}

/** One input takes all values in order, or the one column that has its name and width. */
function feedWhole(model: NamedModel, input: Input, features: readonly Feature[], span: Span): readonly Expr[] {
  const namesake = features.filter((feature) => same(input.name, feature.column));
  if (features.length > 1 && namesake.length === 1 && widthOf(namesake[0]!.expr) === widthOfInput(input)) {
    return checked(model, input, namesake, features, span);
  }
  return checked(model, input, features, features, span);
}

function widthOf(expr: Expr): number {
  return expr.type.kind === 'tensor' ? expr.type.dims.reduce<number>((size, dim) => size * Number(dim), 1) : 1;
}

function checked(
  model: NamedModel,
  input: Input,
  given: readonly Feature[],
  all: readonly Feature[],
  span: Span,
): readonly Expr[] {
  const wanted = knownWidth(input);
  const width = given.reduce((sum, feature) => sum + widthOf(feature.expr), 0);
  if (wanted !== undefined && width !== wanted) {
    const hint = width > wanted ? '; leave columns out with t.* EXCLUDE (...)' : '';
    throw mismatch(
      model,
      all,
      span,
      `input "${input.name}" wants ${wanted} ${wanted === 1 ? 'value' : 'values'} a row, found ${width}${hint}`,
    );
  }
  return given.flatMap((feature) => asFeatures(model, input, feature, all));
}

function knownWidth(input: Input): number | undefined {
  return input.type.dims.slice(1).every((dim) => typeof dim === 'number') ? widthOfInput(input) : undefined;
}

/** Numbers and booleans feed numbers, text feeds text. An array that is written out feeds its elements one by one. */
function asFeatures(model: NamedModel, input: Input, feature: Feature, all: readonly Feature[]): readonly Expr[] {
  const { expr, span } = feature;
  if (expr.type.kind === 'tensor' && expr.kind === 'pack')
    return expr.parts.flatMap((element) => asFeatures(model, input, { ...feature, expr: element }, all));
  const to = input.type.dtype;
  const from = expr.type.kind === 'tensor' ? expr.type.dtype : dtypeOf(expr);
  const fits =
    from !== undefined &&
    (from === to ||
      (expr.type.kind === 'scalar' &&
        (isUntyped(expr) || canFeed(from, to) || (isTextLiteral(expr) && to === 'utf8'))));
  if (!fits) {
    const column = feature.column === undefined ? '' : ` (column ${feature.column})`;
    throw mismatch(
      model,
      all,
      span,
      `input "${input.name}" is ${dtypeInfo(to).sql} and cannot take ${sqlTypeName(expr.type)}${column}`,
    );
  }
  return [expr.type.kind === 'scalar' ? castTo(expr, to, { span }) : expr];
}

function canFeed(from: DType, to: DType): boolean {
  const number = (dtype: DType): boolean => isNumeric(dtype) || dtype === 'bool';
  return number(from) && number(to);
}

function wants(model: NamedModel): string {
  const inputs = model.graph.inputs.map((input) => {
    const width = knownWidth(input);
    return `${input.name} ${dtypeInfo(input.type.dtype).sql}${width === 1 ? '' : `[${width ?? '?'}]`}`;
  });
  return `${model.label} wants: ${inputs.join(', ')}`;
}

function mismatch(model: NamedModel, features: readonly Feature[], span: Span, summary: string): CompileError {
  const given = features.map(
    (feature) => `${feature.input?.text ?? feature.column ?? '?'} ${sqlTypeName(feature.expr.type)}`,
  );
  return new CompileError(`predict with ${model.label}: ${summary}`, {
    span,
    notes: [wants(model), `given: ${given.join(', ') || 'nothing'}`],
  });
}

// ---------------------------------------------------------------- outputs

const NO_ROWS = make({ kind: 'values', rows: [], type: relation([]) });

/** One output is its value; several are a STRUCT; an output with keys is a MAP. */
export function valueOfOutputs(application: ModelApplication, column: (output: number, type: ValueType) => Expr): Expr {
  const values = outputValues(application, column);
  if (values.length === 1) return values[0]!.expr;
  const type: StructType = {
    kind: 'struct',
    fields: values.map(({ name, expr }) => ({ name, type: expr.type })),
    nullable: false,
  };
  return pack(
    values.map(({ expr }) => expr),
    type,
  );
}

export function outputValues(
  application: ModelApplication,
  column: (output: number, type: ValueType) => Expr,
): readonly { readonly name: string; readonly expr: Expr }[] {
  const { columns } = applyModel(NO_ROWS, application).type;
  return application.graph.outputs.map((output, i) => {
    const value = column(i, columns[i]!.type);
    return { name: output.name, expr: output.map === undefined ? value : asMap(value, output.map) };
  });
}

function asMap(value: Expr, map: { readonly keyDType: 'utf8' | 'i64'; readonly keys: readonly string[] }): Expr {
  const parts = value.type.kind === 'tensor' ? map.keys.map((_, i) => part(value, i)) : [value];
  const first = parts[0]!.type;
  if (first.kind !== 'scalar') throw new Error('the values of a ZipMap are scalars');
  return pack(parts, { kind: 'map', keyDType: map.keyDType, keys: map.keys, value: first, nullable: false });
}

/** A model applied at once, on top of a relation whose columns the features are. */
export function outputsOver(
  application: ModelApplication,
  offset: number,
): readonly { readonly name: string; readonly expr: Expr }[] {
  return outputValues(application, (output, type) => ref(offset + output, type));
}
