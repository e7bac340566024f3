/** SQL's type names as IR types. */
import { decimal, dtypeOfSqlName, MAX_DECIMAL_PRECISION, type DType } from '../../ir/dtype.js';
import { scalar, tensor, type ValueType } from '../../ir/type.js';
import { CompileError, nearestName } from '../diagnostics.js';
import type { AstType } from './ast.js';

const DECIMAL_NAMES: ReadonlySet<string> = new Set(['DECIMAL', 'NUMERIC', 'DEC']);
const OTHER_NAMES: Readonly<Record<string, DType>> = {
  'CHARACTER VARYING': 'utf8',
  CHARACTER: 'utf8',
  NVARCHAR: 'utf8',
  INTEGRAL: 'i64',
  UHUGEINT: 'u64',
  INT128: 'i64',
  BOOL8: 'bool',
  TIMESTAMP_US: 'timestamp',
  FLOAT32: 'f32',
  FLOAT64: 'f64',
};
const KNOWN = [
  'BOOLEAN', 'TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'FLOAT', 'REAL', 'DOUBLE', 'DECIMAL', 'NUMERIC',
  'VARCHAR', 'TEXT', 'BLOB', 'DATE', 'TIME', 'TIMESTAMP', 'INTERVAL',
];
const DEFAULT_DECIMAL = { precision: 18, scale: 3 } as const;

export function bindType(type: AstType, options: { nullable: boolean } = { nullable: true }): ValueType {
  const dtype = bindDType(type);
  if (type.dims.length === 0) return scalar(dtype, options);
  const dims = type.dims.map((dim) => {
    if (dim === undefined || dim < 1)
      throw new CompileError(`lists are not supported: give the array a size, such as ${type.name}[3]`, {
        span: type.span,
      });
    return dim;
  });
  return tensor(dtype, dims, options);
}

/** The dtype, without array dimensions. */
export function bindDType(type: AstType): DType {
  if (DECIMAL_NAMES.has(type.name)) return bindDecimal(type);
  const dtype = dtypeOfSqlName(type.name) ?? OTHER_NAMES[type.name];
  if (dtype === undefined || dtype === 'null') {
    throw new CompileError(`type "${type.name}" does not exist`, {
      span: type.span,
      suggestion: nearestName(type.name, KNOWN),
    });
  }
  return dtype;
}

/** The type of a cast's target that is a scalar. */
export function isArray(type: AstType): boolean {
  return type.dims.length > 0;
}

function bindDecimal(type: AstType): DType {
  const [precision = DEFAULT_DECIMAL.precision, scale = type.args.length === 0 ? DEFAULT_DECIMAL.scale : 0] = type.args;
  if (precision < 1 || precision > MAX_DECIMAL_PRECISION || scale > precision || type.args.length > 2) {
    const wanted = `1 to ${MAX_DECIMAL_PRECISION} digits and a scale of at most as many`;
    throw new CompileError(`DECIMAL(precision, scale) wants ${wanted}, found (${type.args.join(', ')})`, {
      span: type.span,
    });
  }
  return decimal({ precision, scale });
}
