/**
 * Attention and the rotation of its queries and keys, composed of products, reductions and maps. Inside, a tensor of
 * heads is [batch, heads, positions, size]; inputs of rank 3 hold the heads one after the other in their last axis.
 */
import { dtypeOfOnnx } from '../../../ir/dtype.js';
import type { Tensor } from '../../../ir/node.js';
import type { Dim } from '../../../ir/type.js';
import type { Lowered, OperatorCall } from '../call.js';
import { mulDims } from '../dims.js';
import { add, call, choose, div, mul, num, sub } from '../expr.js';
import { operator, type OperatorTable } from '../operator.js';
import { softmaxOver } from './softmax.js';

type HeadDims = readonly [batch: Dim, heads: Dim, positions: Dim, size: Dim];

const headDims = (x: Tensor): HeadDims => x.type.dims as unknown as HeadDims;

/** An input as heads; `attribute` says how many a tensor of rank 3 holds. */
function headsOf(c: OperatorCall, index: number, attribute: string): Tensor {
  const x = c.input(index);
  if (x.type.dims.length === 4) return x;
  const [batch, positions, width] = c.ranked(index, 3).type.dims as [Dim, Dim, Dim];
  const heads = c.int(attribute);
  const size = c.known(width, 'the width of all heads') / heads;
  if (heads < 1 || !Number.isInteger(size)) throw c.invalid(`${heads} heads of a width of ${width}`);
  return c.builder.transpose(c.builder.reshape(x, [batch, positions, heads, size]), [0, 2, 1, 3]);
}

/** Heads in the shape of the operator's first input. */
function asGiven(c: OperatorCall, x: Tensor): Tensor {
  if (c.input(0).type.dims.length === 4) return x;
  const [batch, heads, positions, size] = headDims(x);
  return c.builder.reshape(c.builder.transpose(x, [0, 2, 1, 3]), [batch, positions, mulDims(heads, size)]);
}

/** What earlier calls have seen, then what this one sees. */
function withPast(c: OperatorCall, past: number, x: Tensor): Tensor {
  const before = c.optional(past);
  return before === undefined ? x : c.builder.concat([before, x], 2);
}

/** Each head of keys or values serves a group of heads of queries that lie together. */
function shared(c: OperatorCall, x: Tensor, queryHeads: number): Tensor {
  const [batch, open, positions, size] = headDims(x);
  const heads = c.known(open, 'the number of heads');
  if (heads === queryHeads) return x;
  const group = queryHeads / heads;
  if (!Number.isInteger(group)) throw c.invalid(`${queryHeads} heads of queries and ${heads} of keys or values`);
  const apart = c.builder.reshape(x, [batch, heads, 1, positions, size]);
  const repeated = c.builder.expand(apart, [batch, heads, group, positions, size]);
  return c.builder.reshape(repeated, [batch, queryHeads, positions, size]);
}

/** Scores plus the mask: what a boolean one or the order of positions excludes becomes -infinity. */
function masked(c: OperatorCall, scores: Tensor): Tensor {
  const { builder: b } = c;
  const mask = c.optional(3);
  const [, , queries, keys] = headDims(scores);
  const width = mask?.type.dims.at(-1) ?? keys;
  if (width !== keys && width !== 1) throw c.unsupported(`a mask of ${width} of ${keys} positions`);
  const given = mask === undefined ? scores : b.map([scores, mask], (score, own) =>
    mask.type.dtype === 'bool' ? choose(own!, score!, num(-Infinity, score!)) : add(score!, own!));
  if (!c.flag('is_causal')) return given;
  const [rows, columns] = [c.known(queries, 'the positions of queries'), c.known(keys, 'the positions of keys')];
  const past = c.known(c.optional(4)?.type.dims[2] ?? 0, 'the positions before');
  return b.map([given, b.steps(rows, [rows, 1]), b.steps(columns, [1, columns])], (score, row, column) =>
    choose(call('lt', add(row!, num(past, row!)), column!), num(-Infinity, score!), score!));
}

/** softmax(mask(softcap(Q * sqrt(scale) times (K * sqrt(scale)) transposed))) times V; the past before K and V. */
function attention(c: OperatorCall): Lowered {
  const { builder: b } = c;
  if (c.optional(6) !== undefined) throw c.unsupported('nonpad_kv_seqlen');
  const query = headsOf(c, 0, 'q_num_heads');
  const key = withPast(c, 4, headsOf(c, 1, 'kv_num_heads'));
  const value = withPast(c, 5, headsOf(c, 2, 'kv_num_heads'));
  const heads = c.known(headDims(query)[1], 'the number of heads');
  const size = c.known(headDims(query)[3], 'the size of a head');
  const root = Math.sqrt(c.float('scale', 1 / Math.sqrt(size)));
  const [left, right] = [query, b.transpose(shared(c, key, heads), [0, 1, 3, 2])].map((x) =>
    b.map([x], (a) => mul(a!, num(root, a!)))) as [Tensor, Tensor];
  const product = b.matmul(left, right);
  const cap = c.float('softcap', 0);
  const capped = cap === 0 ? product : b.map([product], (a) => mul(call('tanh', div(a!, num(cap, a!))), num(cap, a!)));
  const scores = masked(c, capped);
  const { dtype } = query.type;
  const precision = c.has('softmax_precision') ? dtypeOfOnnx(c.int('softmax_precision')) : dtype;
  if (precision === undefined) throw c.invalid(`softmax_precision is ${c.int('softmax_precision')}`);
  const weights = b.cast(softmaxOver(b, b.cast(scores, precision), [3]), dtype);
  const shown = [product, capped, scores, weights][c.int('qk_matmul_output_mode', 0)];
  if (shown === undefined) throw c.invalid(`qk_matmul_output_mode is ${c.int('qk_matmul_output_mode')}, expected 0 to 3`);
  return [asGiven(c, b.matmul(weights, shared(c, value, heads))), key, value, shown];
}

/** cos and sin of each position, of the pairs that turn: [batch, 1, positions, pairs]. */
function turns(c: OperatorCall, index: number, pairs: number): Tensor {
  const { builder: b } = c;
  const at = c.optional(3);
  const all = at === undefined ? c.ranked(index, 3) : b.take(c.ranked(index, 2), at, 0);
  const [batch, positions] = all.type.dims as [Dim, Dim];
  return b.reshape(b.part(all, 2, { start: 0, count: pairs }), [batch, 1, positions, pairs]);
}

/** (x, y) becomes (x cos - y sin, x sin + y cos): pairs are neighbours, or lie half the turned part from each other. */
function rotaryEmbedding(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const heads = headsOf(c, 0, 'num_heads');
  const size = c.known(headDims(heads)[3], 'the size of a head');
  const turned = c.int('rotary_embedding_dim', 0) || size;
  const pairs = turned / 2;
  if (!Number.isInteger(pairs) || turned < 0 || turned > size) throw c.invalid(`turns ${turned} of ${size} elements`);
  const neighbours = c.flag('interleaved');
  const side = (second: number): Tensor => b.slice(heads, [undefined, undefined, undefined, neighbours
    ? { start: second, step: 2, count: pairs }
    : { start: second * pairs, step: 1, count: pairs }]);
  const parts = [side(0), side(1), turns(c, 1, pairs), turns(c, 2, pairs)];
  const moved = [
    b.map(parts, (x, y, cos, sin) => sub(mul(cos!, x!), mul(sin!, y!))),
    b.map(parts, (x, y, cos, sin) => add(mul(sin!, x!), mul(cos!, y!))),
  ];
  const both = neighbours
    ? b.reshape(b.concat(moved.map((x) => b.unsqueeze(x, [4])), 4), [...headDims(heads).slice(0, 3), turned])
    : b.concat(moved, 3);
  return asGiven(c, b.concat([both, b.part(heads, 3, { start: turned, count: size - turned })], 3));
}

export const ATTENTION = {
  Attention: operator(
    [23, 24],
    'is_causal kv_num_heads q_num_heads qk_matmul_output_mode scale softcap softmax_precision',
    attention,
  ),
  RotaryEmbedding: operator([23], 'interleaved num_heads rotary_embedding_dim', rotaryEmbedding),
} satisfies OperatorTable;
