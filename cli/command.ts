/**
 * What a command is, and the one option parser: a command's table of options gives its parsing, its types and its help.
 *
 * In: the words behind the command's name. Out: positionals and typed options, or a UsageError (exit code 2).
 */
import { nodeModule } from '../runtime/node-module.js';
import { counted } from '../runtime/wording.js';
import { write } from './stdout.js';

export interface OptionSpec {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly multiple?: boolean;
  /** What stands for the value in help: `FILE`. */
  readonly value?: string;
  readonly choices?: readonly string[];
  readonly help: string;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

type ValueOf<S extends OptionSpec> = S['type'] extends 'boolean'
  ? boolean
  : S extends { readonly multiple: true }
    ? readonly string[]
    : string;

/** A boolean is false and a repeated option empty when not given; any other option is then absent. */
export type OptionValues<O extends OptionSpecs> = {
  readonly [K in keyof O]: O[K]['type'] extends 'boolean' ? boolean
    : O[K] extends { readonly multiple: true } ? readonly string[] : ValueOf<O[K]> | undefined;
};

export interface Command<O extends OptionSpecs = OptionSpecs> {
  /** Behind `intarsia`: `query DB SQL`. */
  readonly usage: string;
  readonly summary: string;
  readonly example: string;
  /** Fewest and most positionals. */
  readonly positionals: readonly [least: number, most: number];
  readonly options: O;
  /** Answers the exit code; 0 when it answers nothing. */
  run(positionals: readonly string[], options: OptionValues<O>, signal: AbortSignal): Promise<number | void>;
}

/** The command was called in a way that it does not have. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Keeps a command's option types while it is in a table of commands. */
export function defineCommand<const O extends OptionSpecs>(command: Command<O>): Command {
  return command as unknown as Command;
}

const HELP = { type: 'boolean', short: 'h', help: 'Show this.' } as const satisfies OptionSpec;

export async function runCommand(command: Command, words: readonly string[], signal: AbortSignal): Promise<number> {
  const { values, positionals } = parse(command, words);
  if (values['help'] === true) {
    write(helpText(command));
    return 0;
  }
  const [least, most] = command.positionals;
  if (positionals.length < least || positionals.length > most) {
    throw new UsageError(
      `found ${counted(positionals.length, 'argument')}, expected ${least === most ? least : `${least} to ${most}`}\nusage: intarsia ${command.usage}`,
    );
  }
  return (await command.run(positionals, values as OptionValues<OptionSpecs>, signal)) ?? 0;
}

/** SQL may begin with a comment; a blank before it, and it is no option. */
function notAnOption(word: string): string {
  return /^--(\s|[^=]*\n)/.test(word) ? ` ${word}` : word;
}

function parse(
  command: Command,
  words: readonly string[],
): { values: Record<string, unknown>; positionals: readonly string[] } {
  const specs: OptionSpecs = { ...command.options, help: HELP };
  let parsed;
  try {
    const options = Object.entries(specs).map(([name, { type, short, multiple }]) =>
      [name, { type, ...(short === undefined ? {} : { short }), ...(multiple === undefined ? {} : { multiple }) }]);
    parsed = nodeModule('node:util').parseArgs({
      args: words.map(notAnOption),
      options: Object.fromEntries(options) as Record<string, { type: 'string' }>,
      allowPositionals: true,
    });
  } catch (error) {
    throw new UsageError(
      `${(error as Error).message.replace(/\. To specify a positional argument.*$/s, '')}\nusage: intarsia ${command.usage}`,
    );
  }
  const values: Record<string, unknown> = { ...parsed.values };
  for (const [name, spec] of Object.entries(specs)) {
    values[name] ??= spec.type === 'boolean' ? false : spec.multiple === true ? [] : undefined;
    const { choices } = spec;
    if (choices !== undefined && values[name] !== undefined && !choices.includes(values[name] as string)) {
      throw new UsageError(`--${name} is '${String(values[name])}', expected one of ${choices.join(', ')}`);
    }
  }
  return { values, positionals: parsed.positionals };
}

function helpText(command: Command): string {
  const options = Object.entries({ ...command.options, help: HELP } as OptionSpecs).map(([name, spec]) => {
    const flag = `${spec.short === undefined ? '    ' : `-${spec.short}, `}--${name}${spec.type === 'string' ? ` ${spec.choices?.join('|') ?? spec.value ?? 'TEXT'}` : ''}`;
    return [flag, spec.help + (spec.multiple === true ? ' May be repeated.' : '')] as const;
  });
  const width = Math.max(...options.map(([flag]) => flag.length));
  return [
    command.summary, '',
    `usage: intarsia ${command.usage}`, '',
    ...options.map(([flag, help]) => `  ${flag.padEnd(width)}  ${help}`), '',
    'example:', ...command.example.split('\n').map((line) => `  ${line}`), '',
  ].join('\n');
}
