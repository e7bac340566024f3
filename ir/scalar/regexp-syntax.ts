/**
 * Regular expressions as RE2 writes them, for JavaScript. In: a pattern. Out: one that JavaScript reads with the same
 * meaning. What only RE2 has and is not here (flags of a part) fails to compile; what only JavaScript has stays.
 */

/** ASCII classes, as what stands between brackets. */
const CLASSES: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z', alpha: 'A-Za-z', ascii: '\\x00-\\x7f', blank: '\\t ', cntrl: '\\x00-\\x1f\\x7f', digit: '0-9',
  graph: '!-~', lower: 'a-z', print: ' -~', punct: '!-\\/:-@\\[-`{-~', space: '\\t\\n\\v\\f\\r ', upper: 'A-Z',
  word: '0-9A-Z_a-z', xdigit: '0-9A-Fa-f',
};
/** What `\s` is: no vertical tab, nothing beyond ASCII. */
const SPACES = '\\t\\n\\f\\r ';
const START = '(?<![\\s\\S])';
const END = '(?![\\s\\S])';

/** Quoted text; a property; a code point; another escape; a class; a dot; the beginning of a named group. */
const TOKENS = new RegExp(
  [
    '\\\\Q([\\s\\S]*?)(?:\\\\E|$)',
    '\\\\([pP])(?:\\{(\\w+)\\}|([A-Z]))',
    '\\\\x\\{([0-9A-Fa-f]+)\\}',
    '\\\\([\\s\\S])',
    '\\[(\\^?)(\\]?(?:\\[:\\w+:\\]|\\\\[\\s\\S]|[^\\]\\\\])*)\\]',
    '(\\.)',
    '(\\(\\?P<)',
  ].join('|'),
  'g',
);

/** `dotAll`: whether a dot is any character. */
export function javaScriptPattern(pattern: string, { dotAll }: { readonly dotAll: boolean }): string {
  return pattern.replace(
    TOKENS,
    (token: string, quoted, letter, name, short, point, escaped, not, members, dot, group) => {
      if (quoted !== undefined) return (quoted as string).replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
      if (letter !== undefined) return property(letter as string, (name ?? short) as string);
      if (point !== undefined) return `\\u{${point as string}}`;
      if (escaped !== undefined) return escape(escaped as string) ?? token;
      if (members !== undefined) return `[${not as string}${inBrackets(members as string)}]`;
      if (dot !== undefined) return dotAll ? '.' : '[^\\n]';
      return group === undefined ? token : '(?<';
    },
  );
}

/** Categories have one or two letters, scripts more. */
function property(letter: string, name: string): string {
  return `\\${letter}{${name.length > 2 ? 'Script=' : ''}${name}}`;
}

/** `undefined` where JavaScript's is the same. */
function escape(character: string): string | undefined {
  switch (character) {
    case 'A': return START;
    case 'z': return END;
    case 's': return `[${SPACES}]`;
    case 'S': return `[^${SPACES}]`;
    default: return plainEscape(character);
  }
}

/** RE2 takes a backslash before any punctuation; JavaScript's Unicode mode, which keeps code points whole, does not. */
function plainEscape(character: string): string | undefined {
  if (character === 'a') return '\\x07';
  return /[!"#%&',:;<=>@_`~-]/.test(character) ? `\\x${character.charCodeAt(0).toString(16)}` : undefined;
}

const MEMBERS = /\[:(\w+):\]|\\([pP])(?:\{(\w+)\}|([A-Z]))|\\x\{([0-9A-Fa-f]+)\}|\\([\s\S])/g;

/** A bracket that comes first is one of the characters. */
function inBrackets(members: string): string {
  return members.replace(/^\]/, '\\]').replace(MEMBERS, (token: string, ...found) => {
    const [name, letter, long, short, point, escaped] = found as (string | undefined)[];
    if (name !== undefined) return CLASSES[name] ?? token;
    if (letter !== undefined) return property(letter, (long ?? short)!);
    if (point !== undefined) return `\\u{${point}}`;
    return escaped === 's' ? SPACES : (plainEscape(escaped!) ?? token);
  });
}
