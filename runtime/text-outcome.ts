/** A result of one column of text, a row a line: what EXPLAIN gives. */
import type { ResultChunk } from './executor/protocol.js';
import type { Outcome } from './session.js';

export function textOutcome(name: string, text: string): Outcome {
  const lines = text.replace(/\n$/, '').split('\n').map((line) => Buffer.from(line));
  const offsets = new Uint32Array(lines.length + 1);
  lines.forEach((line, i) => { offsets[i + 1] = offsets[i]! + line.byteLength; });
  const bytes = new Uint8Array(Buffer.concat(lines)).buffer;
  const chunk: ResultChunk = {
    rowCount: lines.length,
    leaves: [{ values: offsets.buffer, validity: undefined, bytes }],
    byteLength: bytes.byteLength,
  };
  return {
    kind: 'rows',
    plan: {
      output: [{ kind: 'leaf', name, leaf: 0 }],
      leaves: [{ dtype: 'utf8', width: 1, nullable: false, chunkOffset: 0 }],
    },
    chunks: async function* () { yield chunk; },
  };
}
