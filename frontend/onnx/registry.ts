/** All operators, by domain and name: the families joined. */
import { FEATURE } from './ml/feature.js';
import { LABEL_ENCODER } from './ml/label-encoder.js';
import { LINEAR } from './ml/linear.js';
import { SUPPORT_VECTORS } from './ml/support-vectors.js';
import { TREES } from './ml/trees.js';
import type { Operator, OperatorTable } from './operator.js';
import { ACTIVATION } from './ops/activation.js';
import { ATTENTION } from './ops/attention.js';
import { CONTROL } from './ops/control.js';
import { EINSUM } from './ops/einsum.js';
import { ELEMENTWISE } from './ops/elementwise.js';
import { GATHER } from './ops/gather.js';
import { GENERATE } from './ops/generate.js';
import { LAYOUT } from './ops/layout.js';
import { MATRIX } from './ops/matrix.js';
import { NORMALIZE } from './ops/normalize.js';
import { QUANTIZE } from './ops/quantize.js';
import { RECURRENT } from './ops/recurrent.js';
import { REDUCE } from './ops/reduce.js';
import { RESIZE } from './ops/resize.js';
import { SOFTMAX } from './ops/softmax.js';
import { TEXT } from './ops/text.js';
import { WINDOW } from './ops/window.js';

const DOMAINS: Readonly<Record<string, readonly OperatorTable[]>> = {
  '': [
    ELEMENTWISE,
    ACTIVATION,
    MATRIX,
    SOFTMAX,
    ATTENTION,
    NORMALIZE,
    REDUCE,
    LAYOUT,
    GENERATE,
    GATHER,
    WINDOW,
    QUANTIZE,
    EINSUM,
    CONTROL,
    RECURRENT,
    RESIZE,
    TEXT,
  ],
  'ai.onnx.ml': [TREES, LINEAR, FEATURE, LABEL_ENCODER, SUPPORT_VECTORS],
};

const TABLES: ReadonlyMap<string, ReadonlyMap<string, Operator>> = new Map(
  Object.entries(DOMAINS).map(([domain, tables]) => [
    domain,
    new Map(tables.flatMap((table) => Object.entries(table))),
  ]),
);

export function operatorOf(domain: string, op: string): Operator | undefined {
  return TABLES.get(domain)?.get(op);
}

export interface SupportedOperator {
  /** `ai.onnx` or `ai.onnx.ml`. */
  readonly domain: string;
  readonly op: string;
  /** Versions of the specification, first to last. */
  readonly versions: readonly number[];
  /** The opset that removed it. */
  readonly until: number | undefined;
}

/** Every operator that can be imported, by domain and name. */
export function supportedOperators(): readonly SupportedOperator[] {
  return [...TABLES].flatMap(([domain, table]) => [...table]
    .map(([op, { since, until }]) => ({ domain: domain === '' ? 'ai.onnx' : domain, op, versions: since, until }))
    .sort((a, b) => (a.op < b.op ? -1 : 1)));
}
