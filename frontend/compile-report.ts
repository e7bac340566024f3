/** What explain shows of a compilation, as plain text: made only of printed IR, so that no node outlives it. */
import type { Node, Relation } from '../ir/node.js';
import { print } from '../ir/print.js';
import { printType } from '../ir/type.js';
import type { Optimised } from '../passes/optimise.js';
import type { Decision } from '../passes/pass.js';
import type { CompileReport, PlacementDecision } from '../runtime/compiler.js';

export function reportOf(bound: Relation, optimised: Optimised, milliseconds: number): CompileReport {
  const text = new Map<Node, string>();
  const printed = (node: Node): string => {
    let known = text.get(node);
    if (known === undefined) text.set(node, known = print(node));
    return known;
  };
  return {
    milliseconds,
    decisions: optimised.decisions.map(decisionOf),
    passMilliseconds: optimised.timings.map(({ pass, ms }) => ({ pass, milliseconds: ms })),
    stages: [{ name: 'bound', text: printed(bound) }, { name: 'placed', text: printed(optimised.plan) }],
    rewrites: optimised.trace.map((rewrite) => ({
      pass: rewrite.pass,
      rule: rewrite.rule,
      reason: rewrite.reason,
      before: printed(rewrite.before),
      after: printed(rewrite.after),
    })),
  };
}

function decisionOf(decision: Decision): PlacementDecision {
  const { node, chosen, reason, kernel, relational, native } = decision;
  const candidates = Object.entries({ kernel, relational, native }).map(([representation, estimate]) => ({
    representation,
    milliseconds: estimate.ms,
    bytes: estimate.bytes,
    note: representation === 'native' ? 'estimated only, not built yet' : undefined,
  }));
  return { node: nameOf(node), chosen, reason, candidates };
}

function nameOf(node: Node): string {
  return node.kind === 'dense' ? `dense ${printType(node.input.type)} x ${printType(node.weight.type)}` : node.kind;
}
