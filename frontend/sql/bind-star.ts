/** `*`, `t.*`, with EXCLUDE and REPLACE: the columns they stand for. */
import type { Expr } from '../../ir/node.js';
import { CompileError, nearestName } from '../diagnostics.js';
import type { Star } from './ast.js';
import { bindExpr } from './bind-expression.js';
import type { ExprContext } from './context.js';
import { isSchema } from './schema.js';
import { pathText, starColumns, tableNames } from './scope.js';

export interface NamedExpr { readonly name: string; readonly expr: Expr }

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

export function starOf(ast: Star, cx: ExprContext): readonly NamedExpr[] {
  const [first, second] = ast.qualifier;
  const table = second !== undefined && isSchema(first!) ? second : first;
  const isPath = ast.qualifier.length > (table === second ? 2 : 1);
  const columns = isPath ? undefined : starColumns(cx.row, table?.text);
  if (columns === undefined) {
    throw new CompileError(`there is no table "${pathText(ast.qualifier)}" in this query`, {
      span: ast.span,
      suggestion: nearestName(table!.text, tableNames(cx.row)),
    });
  }
  if (columns.length === 0) throw new CompileError('* has nothing to stand for: there is no FROM', { span: ast.span });
  for (const name of [...ast.exclude, ...ast.replace.map((item) => item.name)]) {
    if (columns.some((column) => same(column.name, name.text))) continue;
    throw new CompileError(`column "${name.text}" is not among those of *`, {
      span: name.span,
      suggestion: nearestName(
        name.text,
        columns.map((column) => column.name),
      ),
    });
  }
  return columns
    .filter((column) => !ast.exclude.some((name) => same(name.text, column.name)))
    .map((column) => {
      const replaced = ast.replace.find((item) => same(item.name.text, column.name));
      return { name: column.name, expr: replaced === undefined ? column.expr : bindExpr(replaced.expr, cx) };
    });
}
