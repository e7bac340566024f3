/**
 * The meaning of LIKE and of regular expressions. LIKE is matched in time |text| x |pattern| at most. Regular
 * expressions are RE2's, as JavaScript can read them (`regexp-syntax.ts`).
 */
import type { ScalarOp } from '../scalar.js';
import { ValueError } from './errors.js';
import type { Meaning } from './meaning.js';
import { javaScriptPattern } from './regexp-syntax.js';

type LikeToken =
  { readonly kind: 'any' } | { readonly kind: 'one' } | { readonly kind: 'point'; readonly point: string };

const likes = new Map<string, readonly LikeToken[]>();
const regexps = new Map<string, RegExp>();
/** Compiled patterns kept; a constant pattern is the usual case. */
const KEPT = 256;

function kept<T>(cache: Map<string, T>, key: string, compile: () => T): T {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const made = compile();
  if (cache.size >= KEPT) cache.clear();
  cache.set(key, made);
  return made;
}

/** The tokens of a LIKE pattern: consecutive `%` are one. */
export function tokensOfLike(pattern: string, escape: string | undefined): readonly LikeToken[] {
  if (escape !== undefined && Array.from(escape).length > 1) {
    throw new ValueError(`Invalid escape '${escape}': one character was expected`);
  }
  const tokens: LikeToken[] = [];
  const points = Array.from(pattern);
  for (let i = 0; i < points.length; i++) {
    const point = points[i]!;
    if (point === escape) {
      const next = points[++i];
      if (next === undefined) throw new ValueError(`LIKE pattern '${pattern}' ends with its escape character`);
      tokens.push({ kind: 'point', point: next });
    } else if (point === '%') {
      if (tokens[tokens.length - 1]?.kind !== 'any') tokens.push({ kind: 'any' });
    } else tokens.push(point === '_' ? { kind: 'one' } : { kind: 'point', point });
  }
  return tokens;
}

/** Greedy with one point to come back to: the last `%`. */
function matchesLike(text: string, tokens: readonly LikeToken[]): boolean {
  const points = Array.from(text);
  let at = 0;
  let token = 0;
  let lastAny = -1;
  let lastAt = 0;
  while (at < points.length) {
    const wanted = tokens[token];
    if (wanted?.kind === 'any') {
      lastAny = token++;
      lastAt = at;
    } else if (wanted !== undefined && (wanted.kind === 'one' || wanted.point === points[at])) {
      token++;
      at++;
    } else if (lastAny >= 0) {
      token = lastAny + 1;
      at = ++lastAt;
    } else return false;
  }
  return tokens.slice(token).every((rest) => rest.kind === 'any');
}

function like(text: string, pattern: string, escape: string | undefined): boolean {
  return matchesLike(text, kept(likes, `${escape ?? ''}\0${pattern}`, () => tokensOfLike(pattern, escape)));
}

interface RegExpOptions {
  readonly flags?: string;
  /** Whether it must match all of a text. */
  readonly whole?: boolean;
}

/** A leading `(?i)`-like group of flags, which JavaScript does not have, becomes flags of the expression. */
function compileRegExp(pattern: string, { flags = '', whole = false }: RegExpOptions = {}): RegExp {
  return kept(regexps, `${flags}${whole ? '^' : ''}/${pattern}`, () => {
    const inline = /^\(\?([ims]+)\)/.exec(pattern);
    const all = [...new Set(flags + (inline?.[1] ?? ''))].join('');
    const own = inline === null ? pattern : pattern.slice(inline[0].length);
    const part = javaScriptPattern(own, { dotAll: all.includes('s') });
    for (const unicode of ['u', '']) {
      try {
        return new RegExp(whole ? `^(?:${part})$` : part, all + unicode);
      } catch (error) {
        if (unicode === '')
          throw new ValueError(`Invalid regular expression '${pattern}': ${(error as Error).message}`);
      }
    }
    throw new Error('unreachable');
  });
}

function flagsOf(options: string): string {
  let flags = '';
  for (const option of options) {
    if ('gims'.includes(option)) flags += option;
    else if (option !== 'c')
      throw new ValueError(`Unknown regular expression option '${option}': one of c, g, i, m, s was expected`);
  }
  return flags;
}

function regexpReplace(text: string, pattern: string, replacement: string, options: string): string {
  return text.replace(compileRegExp(pattern, { flags: flagsOf(options) }), (...found: unknown[]) =>
    replacement.replace(/\\(\d|\\)/g, (_, reference: string) => {
      if (reference === '\\') return '\\';
      // Behind the groups stand the place of the match and the whole text.
      const groups = found.findIndex((part) => typeof part === 'number');
      const group = Number(reference) < groups ? found[Number(reference)] : undefined;
      return typeof group === 'string' ? group : '';
    }));
}

export const PATTERN = {
  like: ([a, b, escape]) => like(a as string, b as string, escape as string | undefined),
  ilike: ([a, b, escape]) =>
    like((a as string).toLowerCase(), (b as string).toLowerCase(), escape as string | undefined),
  regexp_matches: ([a, b]) => compileRegExp(b as string).test(a as string),
  regexp_full_match: ([a, b]) => compileRegExp(b as string, { whole: true }).test(a as string),
  regexp_replace: ([a, b, c, options]) =>
    regexpReplace(a as string, b as string, c as string, (options as string | undefined) ?? ''),
  regexp_extract: ([a, b, group]) => compileRegExp(b as string).exec(a as string)?.[Number(group ?? 0n)] ?? '',
} satisfies Partial<Record<ScalarOp, Meaning>>;
