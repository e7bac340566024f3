/** Verification as the pass driver wants it. */
import type { Relation } from '../ir/node.js';
import { verify } from '../ir/verify.js';
import type { PassStage } from '../passes/pass.js';

export function verifyStage(plan: Relation, stage: PassStage): readonly { readonly message: string }[] {
  return verify(plan, stage);
}
