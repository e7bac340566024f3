/**
 * RNN, GRU and LSTM, unrolled over a known sequence length into matrix products and maps. Layouts follow the
 * specification: X [seq, batch, input], W [directions, gates*hidden, input], gates in the order iofc and zrh.
 */
import type { Expr, Tensor } from '../../../ir/node.js';
import type { Dim } from '../../../ir/type.js';
import type { Lowered, OperatorCall } from '../call.js';
import { add, call, cast, choose, literal, mul, num, sub } from '../expr.js';
import { MAX_UNROLL } from '../limits.js';
import { operator, type OperatorTable } from '../operator.js';
import { elu, hardSigmoid, leakyRelu, relu, sigmoid, softplus, softsign, thresholdedRelu } from './activation.js';

type Activation = (a: Expr) => Expr;

interface State { readonly hidden: Tensor; readonly cell: Tensor | undefined }

/** What one direction needs: weights already transposed to [input, gates*hidden], and the step. */
interface Cell {
  readonly hiddenSize: number;
  readonly gates: number;
  readonly step: (c: OperatorCall, x: Tensor, state: State, weights: Weights) => State;
}

interface Weights {
  readonly input: Tensor;
  readonly recurrent: Tensor;
  readonly inputBias: Tensor | undefined;
  readonly recurrentBias: Tensor | undefined;
  readonly peepholes: readonly Tensor[];
  readonly activations: readonly Activation[];
  readonly hiddenSize: number;
}

function activationsOf(c: OperatorCall, direction: number, defaults: readonly string[]): readonly Activation[] {
  const names = c.strings('activations');
  const [alphas, betas] = [c.floats('activation_alpha'), c.floats('activation_beta')];
  const clip = c.has('clip') ? c.float('clip') : undefined;
  return defaults.map((otherwise, i) => {
    const at = direction * defaults.length + i;
    const own = activation(c, names[at] ?? otherwise, { alpha: alphas[at], beta: betas[at] });
    return clip === undefined ? own : (a) => own(call('max', num(-clip, a), call('min', num(clip, a), a)));
  });
}

function activation(
  c: OperatorCall,
  name: string,
  { alpha, beta }: { readonly alpha: number | undefined; readonly beta: number | undefined },
): Activation {
  switch (name.toLowerCase()) {
    case 'sigmoid': return sigmoid;
    case 'tanh': return (a) => call('tanh', a);
    case 'relu': return relu;
    case 'affine': return (a) => add(mul(num(alpha ?? 1, a), a), num(beta ?? 0, a));
    case 'leakyrelu': return (a) => leakyRelu(a, alpha ?? 0.01);
    case 'thresholdedrelu': return (a) => thresholdedRelu(a, alpha ?? 1);
    case 'scaledtanh': return (a) => mul(num(alpha ?? 1, a), call('tanh', mul(num(beta ?? 1, a), a)));
    case 'hardsigmoid': return (a) => hardSigmoid(a, alpha ?? 0.2, beta ?? 0.5);
    case 'elu': return (a) => elu(a, alpha ?? 1);
    case 'softsign': return softsign;
    case 'softplus': return softplus;
    default: throw c.unsupported(`activation ${name}`);
  }
}

/** x W' + b, [batch, gates*hidden]. */
function projected(c: OperatorCall, x: Tensor, weight: Tensor, bias: Tensor | undefined): Tensor {
  const product = c.builder.matmul(x, weight);
  return bias === undefined ? product : c.builder.map([product, bias], (a, b) => add(a!, b!));
}

function gate(c: OperatorCall, all: Tensor, index: number, size: number): Tensor {
  return c.builder.part(all, 1, { start: index * size, count: size });
}

function rnnStep(c: OperatorCall, x: Tensor, state: State, w: Weights): State {
  const [own, past] = [projected(c, x, w.input, w.inputBias), projected(c, state.hidden, w.recurrent, w.recurrentBias)];
  return { hidden: c.builder.map([own, past], (a, b) => w.activations[0]!(add(a!, b!))), cell: undefined };
}

function gruStep(c: OperatorCall, x: Tensor, state: State, w: Weights): State {
  const { builder: b } = c;
  const [f, g] = w.activations as [Activation, Activation];
  const size = w.hiddenSize;
  const own = projected(c, x, w.input, w.inputBias);
  const past = projected(c, state.hidden, w.recurrent, w.recurrentBias);
  const [z, r] = [0, 1].map((i) =>
    b.map([gate(c, own, i, size), gate(c, past, i, size)], (a, p) => f(add(a!, p!))),
  ) as [Tensor, Tensor];
  const candidate = c.flag('linear_before_reset')
    ? b.map([gate(c, own, 2, size), r, gate(c, past, 2, size)], (a, reset, p) => g(add(a!, mul(reset!, p!))))
    : b.map(
        [
          gate(c, own, 2, size),
          projected(
            c,
            b.map([r, state.hidden], (reset, h) => mul(reset!, h!)),
            gate(c, w.recurrent, 2, size),
      w.recurrentBias === undefined ? undefined : gate(c, w.recurrentBias, 2, size))], (a, p) => g(add(a!, p!)));
  return {
    hidden: b.map([z, candidate, state.hidden], (u, n, h) => add(mul(sub(num(1, u!), u!), n!), mul(u!, h!))),
    cell: undefined,
  };
}

function lstmStep(c: OperatorCall, x: Tensor, state: State, w: Weights): State {
  const { builder: b } = c;
  const [f, g, h] = w.activations as [Activation, Activation, Activation];
  const size = w.hiddenSize;
  const all = b.map(
    [projected(c, x, w.input, w.inputBias), projected(c, state.hidden, w.recurrent, w.recurrentBias)],
    (a, p) => add(a!, p!),
  );
  const gated = (index: number, peephole: number, cell: Tensor, act: Activation): Tensor => {
    const own = gate(c, all, index, size);
    const peep = w.peepholes[peephole];
    return peep === undefined
      ? b.map([own], (a) => act(a!))
      : b.map([own, peep, cell], (a, p, past) => act(add(a!, mul(p!, past!))));
  };
  const input = gated(0, 0, state.cell!, f);
  const forget = c.flag('input_forget') ? b.map([input], (i) => sub(num(1, i!), i!)) : gated(2, 2, state.cell!, f);
  const candidate = b.map([gate(c, all, 3, size)], (a) => g(a!));
  const cell = b.map([forget, state.cell!, input, candidate], (keep, past, i, n) =>
    add(mul(keep!, past!), mul(i!, n!)),
  );
  const output = gated(1, 1, cell, f);
  return { hidden: b.map([output, cell], (o, own) => mul(o!, h(own!))), cell };
}

/** Row `direction` of a tensor of all directions; `undefined` when the node has none. */
function ofDirection(c: OperatorCall, index: number, direction: number): Tensor | undefined {
  const all = c.optional(index);
  if (all === undefined) return undefined;
  return c.builder.reshape(c.builder.part(all, 0, { start: direction, count: 1 }), all.type.dims.slice(1));
}

function weightsOf(c: OperatorCall, cell: Omit<Cell, 'step'>, direction: number, defaults: readonly string[]): Weights {
  const { builder: b } = c;
  const bias = ofDirection(c, 3, direction);
  const width = cell.gates * cell.hiddenSize;
  const part = (from: number): Tensor | undefined =>
    (bias === undefined ? undefined : b.reshape(b.part(bias, 0, { start: from, count: width }), [1, width]));
  const peep = ofDirection(c, 7, direction);
  const peepholes =
    peep === undefined
      ? []
      : [0, 1, 2].map((i) => b.part(peep, 0, { start: i * cell.hiddenSize, count: cell.hiddenSize }));
  return {
    input: b.transpose(ofDirection(c, 1, direction)!, [1, 0]),
    recurrent: b.transpose(ofDirection(c, 2, direction)!, [1, 0]),
    inputBias: part(0),
    recurrentBias: part(width),
    peepholes,
    activations: activationsOf(c, direction, defaults),
    hiddenSize: cell.hiddenSize,
  };
}

interface Direction { readonly outputs: readonly Tensor[]; readonly last: State }

/** Runs one direction; steps past a row's own length leave its state and give zeros. */
function runDirection(
  c: OperatorCall,
  steps: readonly Tensor[],
  start: State,
  how: { readonly weights: Weights; readonly step: Cell['step']; readonly backward: boolean },
): Direction {
  const { builder: b } = c;
  const lengths = c.optional(4);
  const outputs = new Array<Tensor>(steps.length);
  let state = start;
  for (let i = 0; i < steps.length; i++) {
    const at = how.backward ? steps.length - 1 - i : i;
    const next = how.step(c, steps[at]!, state, how.weights);
    if (lengths === undefined) {
      state = next;
      outputs[at] = next.hidden;
      continue;
    }
    const column = b.unsqueeze(lengths, [1]);
    const held = (fresh: Tensor, old: Tensor): Tensor =>
      b.map([column, fresh, old], (length, x, y) =>
        choose(call('lt', literal(at, 'i64'), cast(length!, 'i64')), x!, y!),
      );
    outputs[at] = b.map([column, next.hidden], (length, x) =>
      choose(call('lt', literal(at, 'i64'), cast(length!, 'i64')), x!, num(0, x!)),
    );
    state = {
      hidden: held(next.hidden, state.hidden),
      cell: next.cell === undefined ? undefined : held(next.cell, state.cell!),
    };
  }
  return { outputs, last: state };
}

function recurrent(c: OperatorCall, gates: number, step: Cell['step'], defaults: readonly string[]): Lowered {
  const { builder: b } = c;
  const batchFirst = c.flag('layout');
  const x = batchFirst ? b.transpose(c.ranked(0, 3), [1, 0, 2]) : c.ranked(0, 3);
  const [sequence, batch, width] = x.type.dims as [Dim, Dim, Dim];
  const length = c.known(sequence, 'the sequence');
  if (length > MAX_UNROLL) throw c.unsupported(`a sequence of over ${MAX_UNROLL} steps`);
  const hiddenSize = c.known(c.ranked(2, 3).type.dims[2]!, 'the hidden state');
  const steps = Array.from({ length }, (_, i) => b.reshape(b.part(x, 0, { start: i, count: 1 }), [batch, width]));
  const order = c.choice('direction', ['forward', 'reverse', 'bidirectional'], 'forward');
  const backwards = order === 'bidirectional' ? [false, true] : [order === 'reverse'];
  const initial = (index: number, direction: number): Tensor => {
    const given = c.optional(index);
    if (given === undefined) return b.fill(x.type.dtype, [batch, hiddenSize], 0);
    const axis = batchFirst ? 1 : 0;
    return b.reshape(b.part(given, axis, { start: direction, count: 1 }), [batch, hiddenSize]);
  };
  const directions = backwards.map((backward, direction) => {
    const weights = weightsOf(c, { gates, hiddenSize }, direction, defaults);
    const start = { hidden: initial(5, direction), cell: gates === 4 ? initial(6, direction) : undefined };
    return runDirection(c, steps, start, { weights, step, backward });
  });
  const stacked = (parts: readonly Tensor[], axis: number): Tensor =>
    b.concat(
      parts.map((part) => b.unsqueeze(part, [axis])),
      axis,
    );
  const all = stacked(steps.map((_, i) => stacked(directions.map((own) => own.outputs[i]!), 0)), 0);
  const last = stacked(directions.map((own) => own.last.hidden), 0);
  const cells = gates === 4 ? stacked(directions.map((own) => own.last.cell!), 0) : undefined;
  if (!batchFirst) return [all, last, cells];
  return [
    b.transpose(all, [2, 0, 1, 3]),
    b.transpose(last, [1, 0, 2]),
    cells === undefined ? undefined : b.transpose(cells, [1, 0, 2]),
  ];
}

const COMMON = 'activation_alpha activation_beta activations clip direction hidden_size layout output_sequence';

export const RECURRENT = {
  RNN: operator([1, 7, 14, 22], COMMON, (c) => recurrent(c, 1, rnnStep, ['Tanh'])),
  GRU: operator([1, 3, 7, 14, 22], `${COMMON} linear_before_reset`, (c) =>
    recurrent(c, 3, gruStep, ['Sigmoid', 'Tanh']),
  ),
  LSTM: operator([1, 7, 14, 22], `${COMMON} input_forget`, (c) =>
    recurrent(c, 4, lstmStep, ['Sigmoid', 'Tanh', 'Tanh']),
  ),
} satisfies OperatorTable;
