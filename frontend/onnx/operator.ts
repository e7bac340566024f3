/** One operator of ONNX as a table entry: its versions, its attributes and its lowering to IR nodes. */
import type { Lowered, OperatorCall } from './call.js';

export interface Operator {
  /** Opset versions in which the specification changed it, first to last: each is honoured. */
  readonly since: readonly number[];
  /** The opset that removed it. */
  readonly until: number | undefined;
  /** Attributes it may have; another one is refused rather than ignored. */
  readonly attributes: readonly string[];
  readonly lower: (call: OperatorCall) => Lowered;
}

export type OperatorTable = Readonly<Record<string, Operator>>;

/** `attributes`: names parted by spaces. */
export function operator(
  since: readonly number[],
  attributes: string,
  lower: Operator['lower'],
  until?: number,
): Operator {
  return { since, until, attributes: attributes === '' ? [] : attributes.split(' '), lower };
}

/** The version of the operator in force under an opset; `undefined` before its first and after its last. */
export function versionUnder(entry: Operator, opset: number): number | undefined {
  if (entry.until !== undefined && opset >= entry.until) return undefined;
  return entry.since.findLast((version) => version <= opset);
}
