/** Runs `intarsia` as a user does: words in, exit code and what it printed out. */
import { spawnSync } from 'node:child_process';
import { ROOT } from '../support/golden.js';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function intarsia(
  words: readonly string[],
  options: { readonly input?: string; readonly cwd?: string; readonly debug?: boolean } = {},
): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, [`${ROOT}dist/cli/main.js`, ...words], {
    encoding: 'utf8', cwd: options.cwd ?? ROOT, ...(options.input === undefined ? {} : { input: options.input }),
    env: { ...process.env, INTARSIA_DEBUG: options.debug === true ? '1' : '' },
  });
  return { code: status, stdout, stderr };
}
