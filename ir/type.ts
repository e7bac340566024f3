/**
 * Types of IR values. A value is a scalar, a tensor (a tensor may be one row's column value, `FLOAT[28]`),
 * a composite (struct, map: what `predict` returns), or a relation.
 *
 * Invariant: types are frozen plain data without node references; two types are the same iff `printType` agrees.
 */
import { dtypeInfo, type DType } from './dtype.js';

/** A size known when compiling, or the name of one that is not: `n` is the number of rows of the enclosing relation. */
export type Dim = number | string;

export interface ScalarType {
  readonly kind: 'scalar';
  readonly dtype: DType;
  readonly nullable: boolean;
}

export interface TensorType {
  readonly kind: 'tensor';
  readonly dtype: DType;
  readonly dims: readonly Dim[];
  /** Only a column's tensor can be NULL; inside a model graph it is false. */
  readonly nullable: boolean;
}

export interface StructType {
  readonly kind: 'struct';
  readonly fields: readonly { readonly name: string; readonly type: ValueType }[];
  readonly nullable: boolean;
}

/**
 * A map whose keys are known when compiling, as ZipMap makes them: one value of `value` for each of `keys`, in order.
 */
export interface MapType {
  readonly kind: 'map';
  readonly keyDType: 'utf8' | 'i64';
  readonly keys: readonly string[];
  readonly value: ScalarType;
  readonly nullable: boolean;
}

export type ValueType = ScalarType | TensorType | StructType | MapType;

export interface Column {
  readonly name: string;
  readonly type: ValueType;
}

export interface RelationType {
  readonly kind: 'relation';
  readonly columns: readonly Column[];
}

export type Type = ValueType | RelationType;

export function scalar(dtype: DType, options: { nullable?: boolean } = {}): ScalarType {
  return { kind: 'scalar', dtype, nullable: options.nullable ?? false };
}

export function tensor(dtype: DType, dims: readonly Dim[], options: { nullable?: boolean } = {}): TensorType {
  return { kind: 'tensor', dtype, dims, nullable: options.nullable ?? false };
}

export function relation(columns: readonly Column[]): RelationType {
  return { kind: 'relation', columns };
}

export function withNullable<T extends ValueType>(type: T, nullable: boolean): T {
  return type.nullable === nullable ? type : { ...type, nullable };
}

/**
 * `i64?` is a nullable BIGINT; `f32[n, 28]` a tensor; `struct{label: i64, p: f32[2]}`; `map<utf8, f32>{"0", "1"}`;
 * `rel{id: i64, p: f32?}`.
 */
export function printType(type: Type): string {
  switch (type.kind) {
    case 'scalar': return type.dtype + mark(type);
    case 'tensor': return `${type.dtype}${printDims(type.dims)}${mark(type)}`;
    case 'struct': return `struct{${printColumns(type.fields)}}${mark(type)}`;
    case 'map': {
      const keys = type.keys.map((key) => JSON.stringify(key)).join(', ');
      return `map<${type.keyDType}, ${printType(type.value)}>{${keys}}${mark(type)}`;
    }
    case 'relation': return `rel{${printColumns(type.columns)}}`;
    default: return unreachable(type);
  }
}

function printColumns(columns: readonly Column[]): string {
  return columns.map((column) => `${printName(column.name)}: ${printType(column.type)}`).join(', ');
}

/** A name as the text form writes it: bare when it is an identifier, else a JSON string. */
export function printName(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : JSON.stringify(name);
}

/** `[n, 28]`; a symbol that is no plain expression of names is a JSON string. */
export function printDims(dims: readonly Dim[]): string {
  return `[${dims.map((dim) => (typeof dim === 'number' || /^[A-Za-z_][A-Za-z0-9_.+*()-]*$/.test(dim) ? dim : JSON.stringify(dim))).join(', ')}]`;
}

function mark(type: ValueType): string {
  return type.nullable ? '?' : '';
}

/** The type as SQL shows it: `BIGINT`, `FLOAT[28]`, `STRUCT(label BIGINT, ...)`. */
export function sqlTypeName(type: ValueType): string {
  switch (type.kind) {
    case 'scalar': return dtypeInfo(type.dtype).sql;
    case 'tensor': return dtypeInfo(type.dtype).sql + type.dims.map((dim) => `[${dim}]`).join('');
    case 'struct':
      return `STRUCT(${type.fields.map((field) => `${field.name} ${sqlTypeName(field.type)}`).join(', ')})`;
    case 'map': return `MAP(${dtypeInfo(type.keyDType).sql}, ${sqlTypeName(type.value)})`;
    default: return unreachable(type);
  }
}

/** Ends a `switch` over a union: a missed case is a type error at the call and a loud failure at run time. */
export function unreachable(value: never): never {
  throw new Error(`unreachable case: ${JSON.stringify(value)}`);
}
