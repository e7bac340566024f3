/** Operators on strings. Elementwise ones are scalar bodies; those that make lists of words are opaque. */
import type { Tensor } from '../../../ir/node.js';
import type { Lowered, OperatorCall } from '../call.js';
import { call, literal } from '../expr.js';
import { operator, type OperatorTable } from '../operator.js';

/** Stop words go (as written, or without case), then the case changes; nothing left is one empty string. */
function stringNormalizer(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const x = c.input(0);
  const stopwords = c.strings('stopwords');
  const how = c.choice('case_change_action', ['NONE', 'LOWER', 'UPPER'], 'NONE');
  if (stopwords.length === 0)
    return how === 'NONE' ? x : b.map([x], (a) => call(how === 'LOWER' ? 'lower' : 'upper', a!));
  const attributes = { stopwords, caseSensitive: c.flag('is_case_sensitive'), change: how };
  const count = b.symbol();
  return b.opaque('string_normalizer', [x], {
    attributes,
    dtype: 'utf8',
    dims: x.type.dims.length === 2 ? [1, count] : [count],
  });
}

/** Words between delimiters (white space when empty), filled up with empty strings; and how many there are. */
function stringSplit(c: OperatorCall): Lowered {
  const { builder: b } = c;
  const x = c.input(0);
  const attributes = { delimiter: c.string('delimiter', ''), most: c.has('maxsplit') ? c.int('maxsplit') : -1 };
  return [
    b.opaque('string_split', [x], { attributes, part: 0, dtype: 'utf8', dims: [...x.type.dims, b.symbol()] }),
    b.opaque('string_split', [x], { attributes, part: 1, dtype: 'i64', dims: x.type.dims }),
  ];
}

function regexFullMatch(c: OperatorCall): Tensor {
  const pattern = literal(`^(?:${c.string('pattern')})$`, 'utf8');
  return c.builder.map([c.input(0)], (a) => call('regexp_matches', a!, pattern));
}

/** Counts of n-grams (with skips) of the last axis, weighted. */
function tfIdf(c: OperatorCall): Tensor {
  const x = c.input(0);
  const indexes = c.ints('ngram_indexes');
  const attributes = {
    mode: c.choice('mode', ['TF', 'IDF', 'TFIDF'], 'TF'),
    least: c.int('min_gram_length'),
    most: c.int('max_gram_length'),
    skips: c.int('max_skip_count'),
    starts: c.ints('ngram_counts'), indexes, weights: c.floats('weights'),
    pool: c.strings('pool_strings').length > 0 ? c.strings('pool_strings') : c.ints('pool_int64s'),
  };
  const width = indexes.reduce((most, index) => Math.max(most, index + 1), 0);
  return c.builder.opaque('tf_idf', [x], { attributes, dtype: 'f32', dims: [...x.type.dims.slice(0, -1), width] });
}

export const TEXT = {
  StringNormalizer: operator([10], 'case_change_action is_case_sensitive locale stopwords', stringNormalizer),
  StringConcat: operator([20], '', (c) => c.builder.map([c.input(0), c.input(1)], (a, b) => call('concat', a!, b!))),
  StringSplit: operator([20], 'delimiter maxsplit', stringSplit),
  RegexFullMatch: operator([20], 'pattern', regexFullMatch),
  TfIdfVectorizer: operator(
    [9],
    'max_gram_length max_skip_count min_gram_length mode ngram_counts ngram_indexes pool_int64s pool_strings weights',
    tfIdf,
  ),
} satisfies OperatorTable;
