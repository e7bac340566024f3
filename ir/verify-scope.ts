/** What the parts of the verifier share: the path to the node at hand, and the errors found so far. */
import { dtypeInfo, type DType } from './dtype.js';
import type { Expr, LiteralValue, Node } from './node.js';
import { isBig, isInterval, type Value } from './scalar/value.js';
import type { Column } from './type.js';

export interface VerifyError {
  /** From the root: `project.exprs[2].args[0]`. */
  readonly path: string;
  /** Kind and path first, then what was found and what was expected. */
  readonly message: string;
}

/** A path, built only when an error needs its text. */
export interface Path {
  readonly parent: Path | undefined;
  readonly step: string;
}

/** Columns of the row at hand, then of the rows of the enclosing queries. */
export type Rows = readonly (readonly Column[])[];

/** Checks expressions and whole nodes on behalf of the families. */
export interface Verifier {
  readonly fail: (node: Node, path: Path, problem: string) => void;
  readonly expr: (expr: Expr, rows: Rows, path: Path) => void;
}

export function below(parent: Path, step: string): Path {
  return { parent, step };
}

export function textOfPath(path: Path): string {
  const steps: string[] = [];
  for (let at: Path | undefined = path; at !== undefined; at = at.parent) steps.unshift(at.step);
  return steps.join('');
}

/** Whether a value is of the JavaScript form that literals of the dtype have. */
export function fits(value: LiteralValue, dtype: DType): boolean {
  if (value === null) return true;
  if (isBig(dtype)) return typeof value === 'bigint';
  switch (dtype) {
    case 'bool': return typeof value === 'boolean';
    case 'utf8': return typeof value === 'string';
    case 'blob': return value instanceof Uint8Array;
    case 'interval': return isInterval(value as Value);
    case 'null': return false;
    case 'date': return Number.isInteger(value);
    default: return dtypeInfo(dtype).family === 'float' ? typeof value === 'number' : Number.isInteger(value);
  }
}

/** The dtype of a scalar expression; `undefined` for composites. */
export function dtypeOfExpr(expr: Expr): DType | undefined {
  return expr.type.kind === 'scalar' ? expr.type.dtype : undefined;
}
