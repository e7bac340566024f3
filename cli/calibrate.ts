/** `intarsia calibrate`: measures the kernels of this engine on this machine. */
import { defineCommand } from './command.js';
import { JSON_OUTPUT } from './database-options.js';
import { write } from './stdout.js';

interface Measured { readonly gflops: number }

export const calibrateCommand = defineCommand({
  usage: 'calibrate [options]',
  summary: 'Measures the dense kernel in each tile shape and shows which one queries would be compiled with.',
  example: 'intarsia calibrate --json',
  positionals: [0, 0],
  options: { json: JSON_OUTPUT },
  async run(_positionals, options) {
    const { calibrate } = await import('../runtime/database.js');
    const text = await calibrate();
    if (options.json) {
      write(`${text}\n`);
      return;
    }
    const { tier, measured } = JSON.parse(text) as {
      readonly tier: unknown;
      readonly measured: readonly (Measured & Record<string, unknown>)[];
    };
    for (const { gflops, ...kernel } of measured)
      write(`${gflops.toFixed(1).padStart(7)} GFLOP/s  ${describe(kernel)}\n`);
    write(`chosen: ${describe(tier)}\n`);
  },
});

function describe(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([name, part]) => (typeof part === 'object' && part !== null ? describe(part) : `${name} ${String(part)}`))
    .join(', ');
}
