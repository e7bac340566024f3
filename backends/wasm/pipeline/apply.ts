import type { Operator, PhysicalSource } from '../../relational/physical.js';
import type { Emission } from './emission.js';
import type { SinkCode } from './pipeline.js';

interface ApplyRun { readonly source: PhysicalSource; readonly operators: readonly Operator[]; readonly split: number; readonly sink: SinkCode }

export function emitApply(_emission: Emission, _name: string, _run: ApplyRun): readonly string[] {
  throw new Error('apply is not supported yet');
}
