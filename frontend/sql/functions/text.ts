/** SQL's functions of text. */
import type { Expr } from '../../../ir/node.js';
import { call, castTo, dtypeOf, i64, text } from '../make-expr.js';
import { anything, fitted, op, takes, type Overload, type SqlFunction, type Wanted } from './function.js';

const trims = (name: 'trim' | 'ltrim' | 'rtrim', example: readonly [string, string]): SqlFunction => ({
  name, signature: `${name}(s [, characters])`, doc: 'The text without the characters (spaces) at its ends.', example,
  overloads: [takes(['utf8', 'utf8'], (s, characters = text(' ')) => call(name, s, characters), 1)],
});

const asText = (expr: Expr): Expr => castTo(expr, 'utf8');

/** concat skips NULLs. */
const concat: Overload = (args) => {
  if (args.length === 0 || args.some((arg) => dtypeOf(arg) === undefined)) return undefined;
  return args.map((arg) => call('coalesce', asText(arg), text(''))).reduce((a, b) => call('concat', a, b));
};

/** Each part that is not NULL has a separator before it; what follows the first one is the text. */
const concatSeparated: Overload = ([separator, ...parts]) => {
  if (separator === undefined || parts.length === 0 || parts.some((part) => dtypeOf(part) === undefined))
    return undefined;
  const between = fitted(separator, 'utf8');
  if (between === undefined) return undefined;
  const all = parts
    .map((part) => call('coalesce', call('concat', between, asText(part)), text('')))
    .reduce((a, b) => call('concat', a, b));
  return call('substring', all, call('add', call('length', between), i64(1)));
};

const textOrBlob: Wanted = (expr) => (dtypeOf(expr) === 'blob' ? 'blob' : 'utf8');

export const TEXT: readonly SqlFunction[] = [
  {
    name: 'length',
    aliases: ['len', 'char_length', 'character_length'],
    signature: 'length(s)',
    doc: 'The number of characters; of bytes for a BLOB.',
    example: ["SELECT length('abc')", '3'],
    overloads: [op('length', [textOrBlob])],
  },
  {
    name: 'strlen',
    aliases: ['octet_length'],
    signature: 'strlen(s)',
    doc: 'The number of bytes.',
    example: ["SELECT strlen('abc')", '3'],
    overloads: [op('octet_length', [textOrBlob])],
  },
  {
    name: 'lower',
    aliases: ['lcase'],
    signature: 'lower(s)',
    doc: 'In lower case.',
    example: ["SELECT lower('AbC')", 'abc'],
    overloads: [op('lower', ['utf8'])],
  },
  {
    name: 'upper',
    aliases: ['ucase'],
    signature: 'upper(s)',
    doc: 'In upper case.',
    example: ["SELECT upper('AbC')", 'ABC'],
    overloads: [op('upper', ['utf8'])],
  },
  {
    name: 'substring',
    aliases: ['substr'],
    signature: 'substring(s, start [, length])',
    doc: 'Characters from `start` (1 is the first) on.',
    example: ["SELECT substring('hello' FROM 2 FOR 3)", 'ell'],
    overloads: [op('substring', ['utf8', 'i64', 'i64'], 1)],
  },
  trims('trim', ["SELECT trim('  a ')", 'a']),
  trims('ltrim', ["SELECT ltrim('xxa', 'x')", 'a']),
  trims('rtrim', ["SELECT rtrim('axx', 'x')", 'a']),
  {
    name: 'replace',
    signature: 'replace(s, from, to)',
    doc: 'Every `from` replaced by `to`.',
    example: ["SELECT replace('hello', 'l', 'L')", 'heLLo'],
    overloads: [op('replace', ['utf8', 'utf8', 'utf8'])],
  },
  {
    name: 'translate',
    signature: 'translate(s, from, to)',
    doc: 'Each character of `from` replaced by the one of `to` at its place.',
    example: ["SELECT translate('abc', 'ab', 'x')", 'xc'],
    overloads: [op('translate', ['utf8', 'utf8', 'utf8'])],
  },
  {
    name: 'concat',
    signature: 'concat(value, ...)',
    doc: 'The values as text, one after the other; NULLs are skipped.',
    example: ["SELECT concat('a', NULL, 1)", 'a1'],
    overloads: [concat],
  },
  {
    name: 'concat_ws',
    signature: 'concat_ws(separator, a, b, ...)',
    doc: 'Those that are not NULL as one text, with the separator between them.',
    example: ["SELECT concat_ws('-', 2013, NULL, 'a')", '2013-a'],
    overloads: [concatSeparated],
  },
  {
    name: 'starts_with',
    aliases: ['prefix'],
    signature: 'starts_with(s, start)',
    doc: 'Whether s begins with `start`.',
    example: ["SELECT starts_with('abc', 'ab')", 'true'],
    overloads: [op('starts_with', ['utf8', 'utf8'])],
  },
  {
    name: 'ends_with',
    aliases: ['suffix'],
    signature: 'ends_with(s, end)',
    doc: 'Whether s ends with `end`.',
    example: ["SELECT ends_with('abc', 'bc')", 'true'],
    overloads: [op('ends_with', ['utf8', 'utf8'])],
  },
  {
    name: 'contains',
    signature: 'contains(s, part)',
    doc: 'Whether `part` is in s.',
    example: ["SELECT contains('abc', 'b')", 'true'],
    overloads: [op('contains', ['utf8', 'utf8'])],
  },
  {
    name: 'position',
    aliases: ['strpos', 'instr'],
    signature: 'position(part IN s), strpos(s, part)',
    doc: 'The first place of `part` in s, from 1; 0 when it is not there.',
    example: ["SELECT position('b' IN 'abc')", '2'],
    overloads: [op('position', ['utf8', 'utf8'])],
  },
  {
    name: 'left',
    signature: 'left(s, n)',
    doc: 'The first n characters; negative: all but the last.',
    example: ["SELECT left('hello', 2)", 'he'],
    overloads: [op('left', ['utf8', 'i64'])],
  },
  {
    name: 'right',
    signature: 'right(s, n)',
    doc: 'The last n characters; negative: all but the first.',
    example: ["SELECT right('hello', 2)", 'lo'],
    overloads: [op('right', ['utf8', 'i64'])],
  },
  {
    name: 'lpad',
    signature: 'lpad(s, n, fill)',
    doc: 'Filled at the left to n characters, or cut.',
    example: ["SELECT lpad('7', 3, '0')", '007'],
    overloads: [op('lpad', ['utf8', 'i64', 'utf8'])],
  },
  {
    name: 'rpad',
    signature: 'rpad(s, n, fill)',
    doc: 'Filled at the right to n characters, or cut.',
    example: ["SELECT rpad('7', 3, '.')", '7..'],
    overloads: [op('rpad', ['utf8', 'i64', 'utf8'])],
  },
  {
    name: 'repeat',
    signature: 'repeat(s, n)',
    doc: 's, n times.',
    example: ["SELECT repeat('ab', 2)", 'abab'],
    overloads: [op('repeat', ['utf8', 'i64'])],
  },
  {
    name: 'reverse',
    signature: 'reverse(s)',
    doc: 'The characters in reverse order.',
    example: ["SELECT reverse('abc')", 'cba'],
    overloads: [op('reverse', ['utf8'])],
  },
  {
    name: 'ascii',
    aliases: ['ord', 'unicode'],
    signature: 'ascii(s)',
    doc: 'The code point of the first character.',
    example: ["SELECT ascii('A')", '65'],
    overloads: [op('ascii', ['utf8'])],
  },
  {
    name: 'chr',
    signature: 'chr(n)',
    doc: 'The character of a code point.',
    example: ['SELECT chr(65)', 'A'],
    overloads: [op('chr', ['i32'])],
  },
  {
    name: 'split_part',
    signature: 'split_part(s, separator, n)',
    doc: 'Part n (from 1) of s cut at the separator.',
    example: ["SELECT split_part('a-b-c', '-', 2)", 'b'],
    overloads: [op('split_part', ['utf8', 'utf8', 'i64'])],
  },
  {
    name: 'levenshtein',
    aliases: ['editdist3'],
    signature: 'levenshtein(s, t)',
    doc: 'The fewest bytes put in, taken out or replaced that make t of s.',
    example: ["SELECT levenshtein('duck', 'duke')", '2'],
    overloads: [op('levenshtein', ['utf8', 'utf8'])],
  },
  {
    name: 'regexp_matches',
    signature: 'regexp_matches(s, pattern)',
    doc: 'Whether the regular expression matches somewhere in s.',
    example: ["SELECT regexp_matches('abc', 'b.')", 'true'],
    overloads: [op('regexp_matches', ['utf8', 'utf8'])],
  },
  {
    name: 'regexp_full_match',
    signature: 'regexp_full_match(s, pattern)',
    doc: 'Whether the regular expression matches all of s.',
    example: ["SELECT regexp_full_match('abc', 'b.')", 'false'],
    overloads: [op('regexp_full_match', ['utf8', 'utf8'])],
  },
  {
    name: 'regexp_replace',
    signature: 'regexp_replace(s, pattern, to [, options])',
    doc: "The first match replaced; every match with option 'g'.",
    example: ["SELECT regexp_replace('abab', 'b', 'x', 'g')", 'axax'],
    overloads: [op('regexp_replace', ['utf8', 'utf8', 'utf8', 'utf8'], 1)],
  },
  {
    name: 'regexp_extract',
    signature: 'regexp_extract(s, pattern [, group])',
    doc: 'The first match, or a group of it; empty when there is none.',
    example: ["SELECT regexp_extract('a12', '[0-9]+')", '12'],
    overloads: [op('regexp_extract', ['utf8', 'utf8', 'i64'], 1)],
  },
  {
    name: 'bit_length',
    signature: 'bit_length(s)',
    doc: 'The number of bits.',
    example: ["SELECT bit_length('abc')", '24'],
    overloads: [takes([textOrBlob], (s) => call('mul', call('octet_length', s), i64(8)))],
  },
  {
    name: 'to_text',
    aliases: ['text'],
    signature: 'to_text(value)',
    doc: 'The value as text, as CAST(value AS VARCHAR).',
    example: ['SELECT to_text(1.50)', '1.50'],
    overloads: [takes([anything], asText)],
  },
];
