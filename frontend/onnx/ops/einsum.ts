/**
 * Einsum by composition: every operand is brought to the axes of all letters (diagonals by a mask), all are multiplied,
 * and the letters that the result lacks are summed. Two operands that share letters become a matrix product.
 */
import type { Tensor } from '../../../ir/node.js';
import type { Dim } from '../../../ir/type.js';
import type { OperatorCall } from '../call.js';
import { productOf } from '../dims.js';
import { call, choose, literal, mul } from '../expr.js';
import { operator, type OperatorTable } from '../operator.js';

interface Operand { readonly tensor: Tensor; readonly letters: readonly string[] }

/** Letters of each operand and of the result; an ellipsis becomes capital letters counted from the right. */
function parse(c: OperatorCall): { readonly operands: readonly Operand[]; readonly result: readonly string[] } {
  const [left, right] = c.string('equation').replaceAll(' ', '').split('->') as [string, string | undefined];
  const terms = left.split(',');
  if (terms.length !== c.values.length)
    throw c.invalid(`the equation names ${terms.length} operands, there are ${c.values.length}`);
  let widest = 0;
  const dots = (rank: number): readonly string[] => Array.from({ length: rank }, (_, i) => `.${rank - i}`);
  const operands = terms.map((term, i): Operand => {
    const tensor = c.input(i);
    const plain = [...term.replace('...', '')].length;
    const rank = term.includes('...') ? tensor.type.dims.length - plain : 0;
    widest = Math.max(widest, rank);
    const letters = lettersOf(term, dots(rank));
    if (letters.length !== tensor.type.dims.length)
      throw c.invalid(`"${term}" names ${letters.length} axes of a tensor of rank ${tensor.type.dims.length}`);
    return { tensor, letters };
  });
  if (right !== undefined) return { operands, result: lettersOf(right, dots(widest)) };
  const all = operands.flatMap(({ letters }) => letters.filter((letter) => !letter.startsWith('.')));
  const once = [...new Set(all)].filter((letter) => all.filter((own) => own === letter).length === 1).sort();
  return { operands, result: [...dots(widest), ...once] };
}

function lettersOf(term: string, dots: readonly string[]): readonly string[] {
  const [before, after] = term.split('...');
  return after === undefined ? [...before!] : [...before!, ...dots, ...after];
}

/** One axis a letter: where a letter repeats, the elements off its diagonal are zeroed and one axis summed. */
function withoutRepeats(c: OperatorCall, operand: Operand): Operand {
  const { builder: b } = c;
  const { tensor, letters } = operand;
  const again = letters.findIndex((letter, i) => letters.indexOf(letter) !== i);
  if (again < 0) return operand;
  const first = letters.indexOf(letters[again]!);
  const size = c.known(tensor.type.dims[again]!, 'a diagonal');
  const along = (axis: number): Tensor =>
    b.steps(
      size,
      tensor.type.dims.map((_, i) => (i === axis ? size : 1)),
    );
  const masked = b.map([along(first), along(again), tensor], (i, j, a) =>
    choose(call('eq', i!, j!), a!, literal(0, tensor.type.dtype)),
  );
  const summed = b.reduce('sum', masked, [again], { keepDims: false });
  return withoutRepeats(c, { tensor: summed, letters: letters.filter((_, i) => i !== again) });
}

function summedAway(c: OperatorCall, { tensor, letters }: Operand, keep: ReadonlySet<string>): Operand {
  const axes = letters.flatMap((letter, axis) => (keep.has(letter) ? [] : [axis]));
  if (axes.length === 0) return { tensor, letters };
  return {
    tensor: c.builder.reduce('sum', tensor, axes, { keepDims: false }),
    letters: letters.filter((letter) => keep.has(letter)),
  };
}

function ordered(c: OperatorCall, { tensor, letters }: Operand, order: readonly string[]): Tensor {
  return c.builder.transpose(tensor, order.map((letter) => letters.indexOf(letter)));
}

/** [batch..., left..., shared] times [batch..., shared, right...] where the sizes of batch letters agree. */
function contracted(c: OperatorCall, a: Operand, b: Operand, keep: ReadonlySet<string>): Operand {
  const dimOf = (own: Operand, letter: string): Dim => own.tensor.type.dims[own.letters.indexOf(letter)]!;
  const common = a.letters.filter((letter) => b.letters.includes(letter));
  const shared = common.filter((letter) => !keep.has(letter));
  if (shared.length === 0 || common.some((letter) => dimOf(a, letter) !== dimOf(b, letter)))
    return multiplied(c, a, b, keep);
  const batch = common.filter((letter) => keep.has(letter));
  const [left, right] = [a, b].map((own) => own.letters.filter((letter) => !common.includes(letter))) as [
    string[],
    string[],
  ];
  const size = (own: Operand, letters: readonly string[]): Dim =>
    productOf(letters.map((letter) => dimOf(own, letter)));
  const dims = (own: Operand, letters: readonly string[]): readonly Dim[] =>
    letters.map((letter) => dimOf(own, letter));
  const x = c.builder.reshape(ordered(c, a, [...batch, ...left, ...shared]), [
    ...dims(a, batch),
    size(a, left),
    size(a, shared),
  ]);
  const y = c.builder.reshape(ordered(c, b, [...batch, ...shared, ...right]), [
    ...dims(a, batch),
    size(a, shared),
    size(b, right),
  ]);
  const product = c.builder.reshape(c.builder.matmul(x, y), [...dims(a, batch), ...dims(a, left), ...dims(b, right)]);
  return { tensor: product, letters: [...batch, ...left, ...right] };
}

function multiplied(c: OperatorCall, a: Operand, b: Operand, keep: ReadonlySet<string>): Operand {
  const letters = [...new Set([...a.letters, ...b.letters])];
  const [x, y] = [a, b].map((own) => {
    const present = letters.filter((letter) => own.letters.includes(letter));
    const tensor = ordered(c, own, present);
    return c.builder.reshape(
      tensor,
      letters.map((letter) => (own.letters.includes(letter) ? own.tensor.type.dims[own.letters.indexOf(letter)]! : 1)),
    );
  }) as [Tensor, Tensor];
  return summedAway(c, { tensor: c.builder.map([x, y], (p, q) => mul(p!, q!)), letters }, keep);
}

function einsum(c: OperatorCall): Tensor {
  const { operands, result } = parse(c);
  const plain = operands.map((operand) => withoutRepeats(c, operand));
  const total = plain.reduce((sum, operand, i) => {
    const needed = new Set([...result, ...plain.slice(i + 1).flatMap(({ letters }) => letters)]);
    if (i === 0) return operand;
    return contracted(
      c,
      summedAway(c, sum, new Set([...needed, ...operand.letters])),
      summedAway(c, operand, new Set([...needed, ...sum.letters])),
      needed,
    );
  }, plain[0]!);
  return ordered(c, summedAway(c, total, new Set(result)), result);
}

export const EINSUM = {
  Einsum: operator([12], 'equation', einsum),
} satisfies OperatorTable;
