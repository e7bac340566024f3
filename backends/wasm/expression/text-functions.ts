/**
 * Support functions over UTF-8 text, an (address, length) pair. A code point begins at each byte that is no
 * continuation byte (top bits 10); stored text is valid UTF-8, so searching bytes finds characters.
 */
import { support, type Emission } from '../pipeline/emission.js';
import type { Func, FunctionBuilder } from '../dsl.js';
import { i32, load, type I32 } from '../values.js';
import { bytesEqual } from './compare.js';

const startsPoint = (byte: I32): I32 => byte.and(0xc0).ne(0x80);

/** Code points of a text. */
export function countPoints(emission: Emission): Func<{ address: 'i32'; length: 'i32' }, 'i32'> {
  return support(emission, 'count_points', (module) =>
    module.define(
      'count_points',
      { params: { address: 'i32', length: 'i32' }, result: 'i32' },
      (f, { address, length }) => {
        const count = f.let(i32(0));
        f.forRange({ to: length }, (i) => f.set(count, count.add(startsPoint(load.i8_u(address.add(i))))));
        f.return(count);
      },
    ),
  );
}

/** The byte offset at which code point `index` (from 0) begins; the length when there are not so many. */
export function offsetOfPoint(emission: Emission): Func<{ address: 'i32'; length: 'i32'; index: 'i32' }, 'i32'> {
  return support(emission, 'offset_of_point', (module) =>
    module.define(
      'offset_of_point',
      { params: { address: 'i32', length: 'i32', index: 'i32' }, result: 'i32' },
      (f, { address, length, index }) => {
        f.forRange({ to: length }, (i) => {
          f.if(startsPoint(load.i8_u(address.add(i))), () => {
            f.if(index.eqz(), () => f.return(i));
            f.set(index, index.sub(1));
          });
        });
        f.return(length);
      },
    ),
  );
}

/** The byte offset of the first `b` in `a`, -1 when there is none. */
export function findText(emission: Emission): Func<{ a: 'i32'; aLength: 'i32'; b: 'i32'; bLength: 'i32' }, 'i32'> {
  const same = bytesEqual(emission);
  return support(emission, 'find_text', (module) =>
    module.define(
      'find_text',
      { params: { a: 'i32', aLength: 'i32', b: 'i32', bLength: 'i32' }, result: 'i32' },
      (f, { a, aLength, b, bLength }) => {
        f.if(bLength.eqz(), () => f.return(0));
        const first = f.let(load.i8_u(b));
        f.forRange({ to: f.let(aLength.sub(bLength).add(1)) }, (i) => {
          f.if(load.i8_u(a.add(i)).eq(first), () =>
            f.if(f.call(same, { a: a.add(i), b, length: bLength }), () => f.return(i)),
          );
        });
        f.return(-1);
      },
    ),
  );
}

/** Copies with ASCII letters in the other case; 0 as soon as a byte is not ASCII. */
export function mapAscii(
  emission: Emission,
  name: 'lower' | 'upper',
): Func<{ to: 'i32'; from: 'i32'; length: 'i32' }, 'i32'> {
  const least = name === 'lower' ? 65 : 97;
  return support(emission, `ascii_${name}`, (module) =>
    module.define(
      `ascii_${name}`,
      { params: { to: 'i32', from: 'i32', length: 'i32' }, result: 'i32' },
      (f, { to, from, length }) => {
        f.forRange({ to: length }, (i) => {
          const byte = f.let(load.i8_u(from.add(i)));
          f.if(byte.ge_u(0x80), () => f.return(0));
          f.store.i8(to.add(i), byte.xor(byte.sub(least).lt_u(26).shl(5)));
        });
        f.return(1);
      },
    ),
  );
}

const ANY = 0x25; // %
const ONE = 0x5f; // _

type Like = Func<{ text: 'i32'; textLength: 'i32'; pattern: 'i32'; patternLength: 'i32' }, 'i32'>;

/** LIKE without escapes: greedy, with one place to come back to, the last `%`. */
export function likeFunction(emission: Emission): Like {
  return support(emission, 'like', (module) =>
    module.define(
      'like',
      { params: { text: 'i32', textLength: 'i32', pattern: 'i32', patternLength: 'i32' }, result: 'i32' },
      (f, p) => {
        const textEnd = f.let(p.text.add(p.textLength));
        const patternEnd = f.let(p.pattern.add(p.patternLength));
        const [text, pattern] = [p.text, p.pattern];
        const [lastAny, lastText] = [f.let(i32(0)), f.let(i32(0))];
        f.while(
          () => text.lt_u(textEnd),
          (label) => {
            f.if(pattern.lt_u(patternEnd), () => {
              const wanted = f.let(load.i8_u(pattern));
              f.if(wanted.eq(ANY), () => {
                f.set(lastAny, pattern.add(1));
                f.set(lastText, text);
                f.advance(pattern, 1);
                label.continue();
              });
              f.if(wanted.eq(ONE), () => {
                f.advance(pattern, 1);
                nextPoint(f, text, textEnd);
                label.continue();
              });
              f.if(wanted.eq(load.i8_u(text)), () => {
                f.advance(pattern, 1);
                f.advance(text, 1);
                label.continue();
              });
            });
            f.if(lastAny.eqz(), () => f.return(0));
            nextPoint(f, lastText, textEnd);
            f.set(pattern, lastAny);
            f.set(text, lastText);
          },
        );
        f.while(
          () => pattern.lt_u(patternEnd),
          (label) => {
            label.break(load.i8_u(pattern).ne(ANY));
            f.advance(pattern, 1);
          },
        );
        f.return(pattern.eq(patternEnd));
      },
    ),
  );
}

function nextPoint(f: FunctionBuilder, at: Parameters<FunctionBuilder['advance']>[0], end: I32): void {
  f.advance(at, 1);
  f.while(
    () => at.lt_u(end),
    (label) => {
      label.break(startsPoint(load.i8_u(at)));
      f.advance(at, 1);
    },
  );
}
