/** Matrix products: MatMul, Gemm and the integer forms, which are products of widened operands. */
import type { DType } from '../../../ir/dtype.js';
import type { Tensor } from '../../../ir/node.js';
import type { OperatorCall } from '../call.js';
import { add, cast, mul, num, sub } from '../expr.js';
import { operator, type OperatorTable } from '../operator.js';

/** alpha * A' * B' + beta * C */
function gemm(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const swap = (x: Tensor, flag: string): Tensor => (c.flag(flag) ? b.transpose(x, [1, 0]) : x);
  const [left, right, bias] = [swap(c.input(0), 'transA'), swap(c.input(1), 'transB'), c.optional(2)];
  if (left.type.dims.length !== 2 || right.type.dims.length !== 2)
    throw c.invalid(`multiplies ranks ${left.type.dims.length} and ${right.type.dims.length}, expected 2 and 2`);
  const [alpha, beta] = [c.float('alpha', 1), c.float('beta', 1)];
  const product = b.matmul(left, right);
  const scaled = alpha === 1 ? product : b.map([product], (a) => mul(a!, num(alpha, a!)));
  if (bias === undefined || beta === 0) return scaled;
  const shift = beta === 1 ? bias : b.map([bias], (a) => mul(a!, num(beta, a!)));
  return b.map([scaled, shift], (a, s) => add(a!, s!));
}

/** x - zero point, widened; a zero point of rank 1 belongs to rows (left) or columns (right). */
export function centred(
  c: OperatorCall,
  x: Tensor,
  zero: Tensor | undefined,
  options: { to: DType; rows: boolean },
): Tensor {
  const { builder: b } = c;
  if (zero === undefined) return b.cast(x, options.to);
  const placed = options.rows && zero.type.dims.length === 1 ? b.reshape(zero, [...zero.type.dims, 1]) : zero;
  return b.map([x, placed], (a, z) => sub(cast(a!, options.to), cast(z!, options.to)));
}

function matMulInteger(c: OperatorCall): Tensor {
  const left = centred(c, c.input(0), c.optional(2), { to: 'i32', rows: true });
  const right = centred(c, c.input(1), c.optional(3), { to: 'i32', rows: false });
  return c.builder.matmul(left, right);
}

export const MATRIX = {
  MatMul: operator([1, 9, 13], '', (c) => c.builder.matmul(c.input(0), c.input(1))),
  Gemm: operator([1, 6, 7, 9, 11, 13], 'alpha beta transA transB broadcast', gemm),
  MatMulInteger: operator([10], '', matMulInteger),
} satisfies OperatorTable;
