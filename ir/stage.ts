/**
 * The stages of a plan, and what each may not hold any more. `verify` checks the list after every pass.
 */
import type { Node } from './node.js';

export type Stage = 'bound' | 'optimised' | 'placed' | 'lowered';

export interface StageRule {
  readonly doc: string;
  /** Why the node may not be in a plan of this stage; `undefined` when it may. */
  readonly refuses: (node: Node) => string | undefined;
}

const unplaced = (node: Node): string | undefined =>
  node.kind === 'blocked' || (node.kind === 'dense' && node.representation !== undefined)
    ? 'a representation is chosen by placement, not before' : undefined;

const placed = (node: Node): string | undefined => {
  if (node.kind === 'dense' && node.representation === undefined)
    return 'placement gives every dense layer a representation';
  return node.kind === 'outer' ? 'correlated subqueries are joins by now' : undefined;
};

export const STAGES = {
  bound: {
    doc: 'as the frontends make it: all nodes but representations; subqueries may refer to enclosing rows',
    refuses: unplaced,
  },
  optimised: {
    doc: 'the same nodes in a better order; scalar subqueries that refer to no enclosing row stay (they run first, once); distinct stays',
    refuses: unplaced,
  },
  placed: {
    doc: 'dense layers have their representation; no reference leaves a subquery',
    refuses: placed,
  },
  lowered: {
    doc: 'what pipelines are made of: values of subqueries are read like parameters',
    refuses: (node) => (node.kind === 'subquery' ? 'subqueries run before the pipelines that need them' : placed(node)),
  },
} as const satisfies Record<Stage, StageRule>;
