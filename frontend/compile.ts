/**
 * The one door of the compiler: SQL text and an environment in, a compiled statement out; a model file in, what the
 * database stores of it out. Frontend, passes and backends meet only here.
 */
import { emitPlan, type EmitOptions, type EmittedPlan } from '../backends/emit.js';
import { NoCode } from '../backends/no-code.js';
import type { DType } from '../ir/dtype.js';
import type { Relation } from '../ir/node.js';
import { print } from '../ir/print.js';
import { optimise } from '../passes/optimise.js';
import type { CompiledQuery, CompiledStatement, Compiler, CompilerEnvironment } from '../runtime/compiler.js';
import { NotLoaded } from '../runtime/compiler.js';
import { catalogView, statisticsOf, storedWeights, type ModelCache } from './catalog-adapter.js';
import { chooseKernels, measureKernels } from './calibration.js';
import { recentDetails, rememberDetails } from './recent-details.js';
import { reportOf } from './compile-report.js';
import { chainTooLong, CompileError, isStackOverflow } from './diagnostics.js';
import { lowerStatement } from './lower-statement.js';
import { compileModel } from './compile-model.js';
import { prepareModel } from './prepare-model.js';
import { bindStatement } from './sql/bind.js';
import { parseStatements } from './sql/parse.js';
import { valueOfStored } from './stored-model.js';

const models: ModelCache = new WeakMap();

export const compiler: Compiler = {
  split: (sql) => parseStatements(sql).map(({ span }) => ({ start: span.start, end: span.end })),
  compile: compileStatement,
  details: recentDetails,
  prepareModel,
  compileModel,
  calibrate: measureKernels,
};

function compileStatement(sql: string, environment: CompilerEnvironment): CompiledStatement {
  const began = performance.now();
  const [statement, ...rest] = parseStatements(sql);
  if (statement === undefined) throw new CompileError('expected a statement, found none');
  if (rest.length > 0)
    throw new CompileError(`expected one statement, found ${rest.length + 1}`, { span: rest[0]!.span, source: sql });
  const query = (plan: Relation, parameters: readonly DType[]): CompiledQuery =>
    compileQuery(plan, { sql, parameters, environment, began });
  try {
    return lowerStatement(bindStatement(statement, catalogView(environment, models), { source: sql }), query);
  } catch (error) {
    if (!isStackOverflow(error)) throw error;
    throw chainTooLong(statement.span, sql);
  }
}

interface QueryOptions {
  readonly sql: string;
  readonly parameters: readonly DType[];
  readonly environment: CompilerEnvironment;
  readonly began: number;
}

export function compileQuery(bound: Relation, options: QueryOptions): CompiledQuery {
  const { environment } = options;
  const tensors = { get: (hash: string) => valueOfStored(environment.tensor(hash)) };
  const kernels = chooseKernels(environment.calibration);
  const statistics = statisticsOf(environment);
  const optimised = optimise(bound, {
    tensors,
    statistics,
    budgetBytes: environment.memoryLimitBytes,
    rates: { ...kernels.rates, threads: environment.threads },
    isSignal: (error) => error instanceof NotLoaded || isStackOverflow(error),
  });
  const emitted = emitOrRefuse(optimised.plan, {
    sql: options.sql, parameters: options.parameters, tensors, tier: kernels.tier, isStored: storedWeights(environment),
    rows: statistics.rows,
  });
  const milliseconds = performance.now() - options.began;
  const id = rememberDetails({
    irText: () => print(optimised.plan),
    report: () => reportOf(bound, optimised, milliseconds),
    code: emitted.text,
    forget: emitted.dispose,
  });
  return { kind: 'query', id, plan: emitted.plan, wasm: emitted.wasm };
}

/** @throws CompileError for what is valid SQL, but has no code yet. */
function emitOrRefuse(plan: Relation, options: EmitOptions): EmittedPlan {
  try {
    return emitPlan(plan, options);
  } catch (error) {
    if (!(error instanceof NoCode)) throw error;
    const { message, place } = error;
    if (place === undefined) throw new CompileError(message);
    const { source, view, ...span } = place;
    throw new CompileError(view === undefined ? message : `view "${view}": ${message}`, { span, source });
  }
}
