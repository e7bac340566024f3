/** `intarsia verify`: a database file in, what is wrong with it out; exit code 1 when anything is. */
import { defineCommand } from './command.js';
import { JSON_OUTPUT } from './database-options.js';
import { withProgress } from './progress.js';
import { write } from './stdout.js';

export const verifyCommand = defineCommand({
  usage: 'verify DB [options]',
  summary: 'Reads the whole file: checksums, chunks, hashes of model blocks, and that each page has one owner.',
  example: 'intarsia verify shop.db',
  positionals: [1, 1],
  options: { json: JSON_OUTPUT },
  async run([path], options) {
    const { verify } = await import('../runtime/database.js');
    const problems = await withProgress(`verifying ${path!}`, () => verify(path!));
    if (options.json) {
      const listed = problems.map(({ code, message, details: { page, expected, actual } }) => ({
        code,
        message,
        page,
        expected,
        actual,
      }));
      write(`${JSON.stringify({ file: path, problems: listed })}\n`);
    } else {
      for (const { message } of problems) write(`${message}\n`);
      write(
        problems.length === 0
          ? `${path!} is sound\n`
          : `${path!} has ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}\n`,
      );
    }
    return problems.length === 0 ? 0 : 1;
  },
});
