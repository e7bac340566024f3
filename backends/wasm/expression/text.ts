/** Text: positions and lengths count code points; comparisons are bytewise. The rest goes through the host. */
import type { ScalarOp } from '../../../ir/scalar.js';
import { viaHost } from './host.js';
import type { Emit } from './site.js';

const HOSTED = [
  'concat', 'length', 'lower', 'upper', 'substring', 'trim', 'ltrim', 'rtrim', 'replace', 'translate', 'like', 'ilike', 'starts_with', 'ends_with', 'contains',
  'position', 'left', 'right', 'lpad', 'rpad', 'repeat', 'reverse', 'ascii', 'chr', 'split_part', 'regexp_matches', 'regexp_replace', 'regexp_extract',
] as const satisfies readonly ScalarOp[];

export const TEXT = Object.fromEntries(HOSTED.map((op) => [op, viaHost(op)])) as Record<(typeof HOSTED)[number], Emit>;
