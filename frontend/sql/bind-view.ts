/** A view in FROM: its query, bound where only the catalog is in reach. Errors in it speak of its own text. */
import { CompileError, type Span } from '../diagnostics.js';
import { bindQuery, type BoundQuery } from './bind-query.js';
import type { ViewView } from './catalog-view.js';
import type { Env } from './context.js';
import { parseStatements } from './parse.js';

export function bindView(view: ViewView, env: Env, span: Span): BoundQuery {
  const key = view.name.toLowerCase();
  if (env.views.includes(key)) throw new CompileError(`view "${view.name}" refers to itself`, { span });
  const known = env.boundViews.get(key);
  if (known !== undefined) return known;
  const inside: Env = {
    catalog: env.catalog,
    source: view.sql,
    tables: new Map(),
    outer: [],
    outerSelects: [],
    views: [...env.views, key],
    boundViews: env.boundViews,
  };
  try {
    const [statement] = parseStatements(view.sql);
    if (statement?.kind !== 'query') throw new CompileError(`view "${view.name}" does not hold a query`, { span });
    const bound = bindQuery(statement.query, inside);
    env.boundViews.set(key, bound);
    return bound;
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    const within = error.withSource(view.sql);
    throw new CompileError(`view "${view.name}": ${within.summary}`, { ...within.details });
  }
}
