/**
 * Keeps the tree as the design draws it: import arrows, sizes, names, and nothing left lying about. All violations at
 * once.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, posix } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ROOT } from './support/golden.js';

const FOLDERS = [
  'frontend',
  'ir',
  'passes',
  'backends',
  'runtime',
  'cli',
  'studio',
  'bench',
  'test',
  'examples',
] as const;
const LONGEST_FILE = 400;
const LONGEST_FUNCTION = 70;
const LONGEST_LINE = 120;

interface Source {
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
}

interface Import {
  readonly from: string;
  readonly target: string;
  readonly line: number;
  readonly dynamic: boolean;
  readonly typeOnly: boolean;
}

function readSources(): readonly Source[] {
  const present = new Set(readdirSync(ROOT));
  return FOLDERS.filter((folder) => present.has(folder)).flatMap((folder) =>
    readdirSync(ROOT + folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => {
        const path = `${folder}/${file.split('\\').join('/')}`;
        const text = readFileSync(ROOT + path, 'utf8');
        return { path, text, lines: text.split('\n') };
      }),
  );
}

const SOURCES = readSources();

/** Imports of a file: its own modules as paths from the root, packages by name. */
function importsOf({ path, text }: Source): readonly Import[] {
  const found: Import[] = [];
  for (const match of text.matchAll(
    /(?:^|\n)\s*(?:import|export)\s+(type\s)?[^;'"`]*?from\s+'([^']+)'|(?:^|\n)import\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/g,
  )) {
    const specifier = match[2] ?? match[3] ?? match[4]!;
    const line = text.slice(0, match.index).split('\n').length + (match[0].startsWith('\n') ? 1 : 0);
    const target = specifier.startsWith('.')
      ? posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts')
      : specifier;
    const typeOnly = match[1] !== undefined || /^\s*import\s*\{(\s*type\s+\w+[^,}]*,?)+\}/.test(match[0]);
    found.push({ from: path, target, line, dynamic: match[4] !== undefined, typeOnly });
  }
  return found;
}

const folderOf = (path: string): string => path.split('/')[0]!;
const isOwn = (target: string): boolean =>
  (FOLDERS as readonly string[]).includes(folderOf(target)) && target.includes('/');

/** Folders a folder's modules may import, beside itself. The last three may import anything. */
const ARROWS: { readonly [folder: string]: readonly string[] } = {
  ir: [],
  passes: ['ir'],
  frontend: ['ir'],
  backends: ['ir'],
  runtime: [],
  cli: ['runtime'],
  studio: ['runtime'],
};

interface Exception {
  readonly from: RegExp;
  readonly to: RegExp;
  readonly reason: string;
  readonly dynamicOnly?: boolean;
  readonly typesOnly?: boolean;
}

/** Every way around the arrows, with its reason. */
const EXCEPTIONS: readonly Exception[] = [
  {
    from: /^runtime\//,
    to: /^ir\/(dtype|type|tensor-data|tensor-bytes)\.ts$/,
    reason: 'names and physical forms of types',
  },
  { from: /^runtime\//, to: /^ir\/scalar\/[a-z-]+\.ts$/, reason: 'meanings of scalars that kernels call back for' },
  {
    from: /^runtime\/compiler-worker\.ts$/,
    to: /^frontend\/compile\.ts$/,
    reason: 'the thread that compiles statements loads the compiler',
    dynamicOnly: true,
  },
  {
    from: /^runtime\/database\.ts$/,
    to: /^frontend\/compile\.ts$/,
    reason: 'a model by itself runs on the thread of its caller, reference evaluator and all',
    dynamicOnly: true,
  },
  {
    from: /^runtime\/(database|compiler-protocol)\.ts$/,
    to: /^frontend\/(diagnostics|onnx\/errors)\.ts$/,
    reason: 'the errors of the compiler are part of the public API; these files import nothing',
  },
  {
    from: /^runtime\/arguments\.ts$/,
    to: /^frontend\/diagnostics\.ts$/,
    reason: 'one measure of which known name is nearest; the file imports nothing',
  },
  { from: /^runtime\//, to: /^(ir|frontend|passes|backends)\//, reason: 'types are erased', typesOnly: true },
  { from: /^frontend\/onnx\/fold\.ts$/, to: /^backends\/reference\//, reason: 'shapes are computed by the oracle' },
  {
    from: /^frontend\/[a-z-]+\.ts$/,
    to: /^(passes|backends|runtime)\//,
    reason: 'the door, and what stands around it, drives the whole compiler',
  },
  { from: /^cli\/demo[a-z-]*\.ts$/, to: /^examples\//, reason: 'the demo makes its wide network as the bench does' },
  {
    from: /^backends\//,
    to: /^runtime\/(plan|batch|artifact|layout)[a-z-]*\.ts$/,
    reason: 'the plan is the contract between the compiler and the runtime',
  },
];

function allowed(edge: Import): boolean {
  const [from, to] = [folderOf(edge.from), folderOf(edge.target)];
  const arrows = ARROWS[from];
  if (arrows === undefined || from === to || arrows.includes(to)) return true;
  return EXCEPTIONS.some(
    (exception) =>
      exception.from.test(edge.from) &&
      exception.to.test(edge.target) &&
      (exception.dynamicOnly !== true || edge.dynamic) &&
      (exception.typesOnly !== true || edge.typeOnly),
  );
}

/** Packages that only these files may import. */
const PACKAGES: readonly (readonly [string, RegExp])[] = [
  ['binaryen', /^backends\/wasm\/dsl\.ts$/],
  [
    'onnx-proto',
    /^(frontend\/onnx\/decode\.ts|bench\/support\/onnx-writer\.ts|test\/support\/[a-z-]+\.ts|test\/onnx\/[a-z-]+\.ts)$/,
  ],
  ['chevrotain', /^frontend\/sql\//],
  ['@duckdb/node-api', /^(bench|test)\//],
  ['onnxruntime-node', /^(bench|test|backends\/native)\//],
];

function report(violations: readonly string[]): void {
  if (violations.length > 0) assert.unreachable(`\n${violations.join('\n')}\n`);
}

test('imports point one way', () => {
  report(
    SOURCES.flatMap((source) =>
      importsOf(source)
        .filter((edge) => isOwn(edge.target) && !allowed(edge))
        .map((edge) => `${edge.from}:${edge.line} imports ${edge.target}`),
    ),
  );
});

test('a package with one door is imported there only', () => {
  report(
    SOURCES.flatMap((source) =>
      importsOf(source).flatMap((edge) => {
        const rule = PACKAGES.find(([name]) => edge.target === name || edge.target.startsWith(`${name}/`));
        return rule === undefined || edge.typeOnly || rule[1].test(edge.from)
          ? []
          : [`${edge.from}:${edge.line} imports ${edge.target}`];
      }),
    ),
  );
});

test('files are short', () => {
  report(
    SOURCES.flatMap(({ path, lines }) =>
      lines.length > LONGEST_FILE + 1 ? [`${path}: ${lines.length} lines, at most ${LONGEST_FILE}`] : [],
    ),
  );
});

/** A text that holds a whole message, a query or a pattern may be longer; it is not cut in two for that. */
const HOLDS_TEXT = /['"`]|\/.+\//;

test('lines are short', () => {
  const isLong = (line: string): boolean => line.length > LONGEST_LINE && (!HOLDS_TEXT.test(line) || isComment(line));
  report(
    SOURCES.flatMap(({ path, lines }) =>
      lines.flatMap((line, i) =>
        isLong(line) ? [`${path}:${i + 1}: ${line.length} characters, at most ${LONGEST_LINE}`] : [],
      ),
    ),
  );
});

function isComment(line: string): boolean {
  return /^ *(?:\/\/|\*|\/\*)/.test(line);
}

const FUNCTION = /^( *)(?:export )?(?:async )?function\b/;
const ARROW = /^( *)(?:export )?(?:const|let) \w+[^=]*= (?:async )?\(?[^;]*=> \{$/;
const METHOD = /^( *)(?:(?:readonly|private|static|async|get|set|override) )*[\w#]+\([^;]*\)(?:: [^;{]+)? \{$/;

/** A function starts on a line that opens a block and ends where a line closes it at the same indent. */
function longFunctions({ path, lines }: Source): readonly string[] {
  const found: string[] = [];
  lines.forEach((line, start) => {
    if (!line.endsWith('{') || /^ *(?:if|for|while|switch|catch|return)\b/.test(line)) return;
    const indent = (FUNCTION.exec(line) ?? ARROW.exec(line) ?? METHOD.exec(line))?.[1];
    if (indent === undefined) return;
    const end = lines.findIndex((other, i) => i > start && other.startsWith(`${indent}}`));
    const length = end - start - 1;
    if (length > LONGEST_FUNCTION)
      found.push(`${path}:${start + 1}: a function of ${length} lines, at most ${LONGEST_FUNCTION}`);
  });
  return found;
}

test('functions are short', () => report(SOURCES.flatMap(longFunctions)));

/** Code without comments and texts, so that words in them do not count. */
function codeOf(line: string): string {
  return line
    .replace(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`|\/(?![/*])(?:[^/\\\n]|\\.)+\/[gimsuy]*/g, "''")
    .replace(/\/\/.*$|^\s*\*.*$|\/\*.*?\*\//g, '');
}

const BANNED: readonly (readonly [string, RegExp])[] = [
  ['any', /(?:[:<,|&(]\s*any\b(?!\s*[:(])|\bas any\b|\bany\[\])/],
  ['an enum', /^\s*(?:export )?(?:const )?enum\b/],
  ['a namespace', /^\s*(?:export )?namespace\b/],
  ['a default export', /^export default\b/],
  ['a barrel (export *)', /^export \*/],
  ['.only', /\btest\.only\b/],
  ['a debugger statement', /^\s*debugger\b/],
  ['@ts-ignore', /@ts-(?:ignore|nocheck)/],
];

test('no any, enum, namespace, default export, barrel, .only, left-over marks', () => {
  const marks = new RegExp(`\\b(?:${['TO', 'FIX', 'X'].map((word, i) => word + ['DO', 'ME', 'XX'][i]).join('|')})\\b`);
  report(
    SOURCES.flatMap(({ path, lines }) =>
      lines.flatMap((line, i) => {
        const code = codeOf(line);
        const banned = BANNED.filter(([, pattern]) => pattern.test(code)).map(([name]) => name);
        if (marks.test(line)) banned.push('a left-over mark');
        return banned.map((name) => `${path}:${i + 1}: ${name}: ${line.trim().slice(0, 80)}`);
      }),
    ),
  );
});

test('names are kebab-case and say something', () => {
  const vague = /^(utils?|helpers?|common|misc|index)$/;
  report(
    SOURCES.flatMap(({ path }) => {
      const name = basename(path).replace(/(\.test|\.d)?\.ts$/, '');
      return /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) && !vague.test(name)
        ? []
        : [`${path}: expected a kebab-case noun or verb-object`];
    }),
  );
});

test('a file begins with what it is', () => {
  report(
    SOURCES.filter(({ path }) => !path.startsWith('test/')).flatMap(({ path, text }) =>
      /^(#!.*\n)?\/(\*\*|\/)/.test(text) ? [] : [`${path}: expected a header comment`],
    ),
  );
});

test('every pass stands in the pipeline and has a golden file', () => {
  const pipeline = readFileSync(`${ROOT}passes/pipeline.ts`, 'utf8');
  const goldens = readdirSync(`${ROOT}test/golden/passes`)
    .map((file) => readFileSync(`${ROOT}test/golden/passes/${file}`, 'utf8'))
    .join('\n');
  report(
    SOURCES.flatMap(({ path, text }) => {
      if (folderOf(path) !== 'passes' || !/^export const \w+: Pass = \{/m.test(text)) return [];
      const name = basename(path, '.ts');
      return [
        ...(text.includes(`name: '${name}'`) ? [] : [`${path}: expected the pass to be named '${name}'`]),
        ...(pipeline.includes(`'./${name}.js'`) ? [] : [`${path} is not in passes/pipeline.ts`]),
        ...(new RegExp(`^${name} `, 'm').test(goldens) ? [] : [`${path} has no golden file that shows it`]),
      ];
    }),
  );
});

test('every exception to the arrows is still needed', () => {
  const edges = SOURCES.flatMap((source) => importsOf(source)).filter((edge) => isOwn(edge.target));
  report(
    EXCEPTIONS.filter(
      (exception) => !edges.some((edge) => exception.from.test(edge.from) && exception.to.test(edge.target)),
    ).map((exception) => `${exception.from} to ${exception.to}: no such import (${exception.reason})`),
  );
});

test.run();
