/**
 * LabelEncoder in its three forms (a list of strings; keys and values of three types; tensors) and CategoryMapper: a
 * Lookup.
 */
import type { DType } from '../../../ir/dtype.js';
import type { LiteralValue, Tensor } from '../../../ir/node.js';
import type { TensorValue } from '../../../ir/tensor-data.js';
import type { OperatorCall } from '../call.js';
import { literalValue } from '../expr.js';
import { operator, type OperatorTable } from '../operator.js';

interface Mapping { readonly keys: TensorValue; readonly values: TensorValue; readonly otherwise: LiteralValue }

function listOf(c: OperatorCall, name: string): TensorValue | undefined {
  const texts = c.strings(`${name}_strings`);
  if (texts.length > 0) return { dtype: 'utf8', dims: [texts.length], data: texts };
  const ints = c.bigints(`${name}_int64s`);
  if (ints.length > 0) return { dtype: 'i64', dims: [ints.length], data: BigInt64Array.from(ints) };
  const floats = c.floats(`${name}_floats`);
  if (floats.length > 0) return { dtype: 'f32', dims: [floats.length], data: Float32Array.from(floats) };
  return c.tensor(`${name}_tensor`);
}

function defaultOf(c: OperatorCall, dtype: DType): LiteralValue {
  const given = c.tensor('default_tensor');
  if (given !== undefined) return given.data[0]!;
  if (dtype === 'utf8') return c.string('default_string', '_Unused');
  if (dtype === 'i64') return BigInt(c.int('default_int64', -1));
  return c.float('default_float', -0);
}

function mappingOf(c: OperatorCall): Mapping {
  const [keys, values] = [listOf(c, 'keys'), listOf(c, 'values')];
  if (keys === undefined || values === undefined) throw c.invalid('has no keys or no values');
  if (keys.data.length !== values.data.length)
    throw c.invalid(`${keys.data.length} keys for ${values.data.length} values`);
  return { keys, values, otherwise: defaultOf(c, values.dtype) };
}

function lookup(c: OperatorCall, { keys, values, otherwise }: Mapping): Tensor {
  const { builder: b } = c;
  const input = c.input(0);
  if (input.type.dtype !== keys.dtype) throw c.invalid(`maps ${input.type.dtype} by keys of ${keys.dtype}`);
  return b.emit({
    kind: 'lookup',
    input,
    keys: b.constant({ ...keys, dims: [keys.data.length] }),
    values: b.constant({ ...values, dims: [values.data.length] }),
    otherwise: literalValue(otherwise, values.dtype),
  });
}

/** Strings to their numbers in a list, or numbers to the strings. */
function numbered(c: OperatorCall, texts: readonly string[], numbers: readonly bigint[]): Tensor {
  const strings: TensorValue = { dtype: 'utf8', dims: [texts.length], data: texts };
  const ints: TensorValue = { dtype: 'i64', dims: [numbers.length], data: BigInt64Array.from(numbers) };
  if (c.input(0).type.dtype === 'utf8')
    return lookup(c, { keys: strings, values: ints, otherwise: BigInt(c.int('default_int64', -1)) });
  return lookup(c, { keys: ints, values: strings, otherwise: c.string('default_string', '_Unused') });
}

function labelEncoder(c: OperatorCall): Tensor {
  if (c.version >= 2) return lookup(c, mappingOf(c));
  const texts = c.strings('classes_strings');
  return numbered(c, texts, texts.map((_, i) => BigInt(i)));
}

export const LABEL_ENCODER = {
  LabelEncoder: operator(
    [1, 2, 4],
    'classes_strings default_float default_int64 default_string default_tensor keys_floats keys_int64s keys_strings' +
      ' keys_tensor values_floats values_int64s values_strings values_tensor',
    labelEncoder,
  ),
  CategoryMapper: operator([1], 'cats_int64s cats_strings default_int64 default_string', (c) =>
    numbered(c, c.strings('cats_strings'), c.bigints('cats_int64s')),
  ),
} satisfies OperatorTable;
