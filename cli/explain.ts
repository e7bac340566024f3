/** `intarsia explain`: SQL in, the plan with its rewrites, representations and pipelines out. */
import { defineCommand } from './command.js';
import { JSON_OUTPUT, MEMORY, PARAM, parameterValues, THREADS, withDatabase } from './database-options.js';
import { sqlText } from './sql-text.js';
import { write } from './stdout.js';

const FORMATS = ['text', 'json', 'dot'] as const;

export const explain = defineCommand({
  usage: 'explain DB SQL|FILE.sql|- [options]',
  summary:
    'Shows how a query would run: the plan, each rewrite and each representation with its reason, the pipelines.',
  example: 'intarsia explain shop.db "SELECT id, predict(fraud, tx.*) AS p FROM tx" --analyze',
  positionals: [2, 2],
  options: {
    format: { type: 'string', choices: FORMATS, help: 'text (the default), json, or dot for Graphviz.' },
    json: JSON_OUTPUT,
    analyze: { type: 'boolean', help: 'Run the query; show rows and time of each pipeline.' },
    passes: { type: 'boolean', help: 'Show the plan before and after every rewrite.' },
    code: { type: 'boolean', help: 'Show the generated WebAssembly.' },
    param: PARAM,
    memory: MEMORY,
    threads: THREADS,
  },
  async run([path, sql], options, signal) {
    const text = await sqlText(sql!);
    const format = (options.format ?? (options.json ? 'json' : 'text')) as (typeof FORMATS)[number];
    const { analyze, passes, code } = options;
    await withDatabase(path!, { ...options, readOnly: true }, async (db) =>
      write(
        await db.explain(
          text,
          { format, passes, code, signal, ...(analyze ? { analyze } : {}) },
          parameterValues(options.param),
        ),
      ),
    );
  },
});
