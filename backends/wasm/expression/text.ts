/** Text: positions and lengths count code points; comparisons are bytewise. The rest goes through the host. */
import type { ScalarOp } from '../../../ir/scalar.js';
import type { Scope } from '../pipeline/emission.js';
import { arenaAlloc } from '../pipeline/memory.js';
import { i32, i64, load, select, type I32, type I64 } from '../values.js';
import { bytesEqual } from './compare.js';
import { callHost, viaHost } from './host.js';
import { guarded, literalText, type Emit } from './site.js';
import { countPoints, findText, likeFunction, mapAscii, offsetOfPoint } from './text-functions.js';
import { asI32, asI64, boolValue, type SqlValue } from './value.js';

interface Text {
  readonly address: I32;
  readonly length: I32;
}

function textOf(value: SqlValue): Text {
  return { address: asI32(value.parts[0]!), length: asI32(value.parts[1]!) };
}

/** A part of a text lives as long as the text. */
function slice(value: SqlValue, part: { readonly from: I32; readonly length: I32 }): SqlValue {
  return { ...value, parts: [asI32(value.parts[0]!).add(part.from), part.length], isNull: undefined };
}

const concat: Emit = guarded(({ scope, args, result }) => {
  const [a, b] = [textOf(args[0]!), textOf(args[1]!)];
  const length = scope.f.let(a.length.add(b.length));
  const to = arenaAlloc(scope, length);
  scope.f.copy(to, a.address, a.length);
  scope.f.copy(to.add(a.length), b.address, b.length);
  return { dtype: result, parts: [to, length], isNull: undefined };
});

const length: Emit = guarded(({ scope, args, dtype, result }) => {
  const text = textOf(args[0]!);
  const count = dtype === 'blob' ? text.length : scope.f.call(countPoints(scope.emission), text);
  return { dtype: result, parts: [count.extend_u()], isNull: undefined };
});

const octetLength: Emit = guarded(({ args, result }) => ({
  dtype: result, parts: [textOf(args[0]!).length.extend_u()], isNull: undefined,
}));

/** Whether `part` is at byte `from` of the text; it must not reach past the end. */
function isAt(scope: Scope, text: Text, part: Text, from: I32): I32 {
  const result = scope.f.let(part.length.le_u(text.length));
  scope.f.if(result, () =>
    scope.f.set(
      result,
      scope.f.call(bytesEqual(scope.emission), { a: text.address.add(from), b: part.address, length: part.length }),
    ),
  );
  return result;
}

const startsWith = (scope: Scope, text: Text, part: Text): I32 => isAt(scope, text, part, i32(0));
const endsWith = (scope: Scope, text: Text, part: Text): I32 => isAt(scope, text, part, text.length.sub(part.length));
const find = (scope: Scope, a: Text, b: Text): I32 =>
  scope.f.call(findText(scope.emission), { a: a.address, aLength: a.length, b: b.address, bLength: b.length });

const test = (holds: (scope: Scope, text: Text, part: Text) => I32): Emit =>
  guarded(({ scope, args }) => boolValue(holds(scope, textOf(args[0]!), textOf(args[1]!))));

/** Without an escape natively; patterns that are a prefix or suffix by one comparison. */
const like: Emit = (site) => {
  if (site.call.args.length > 2) return viaHost('like')(site);
  const pattern = literalText(site.call.args[1]);
  const plain = pattern === undefined ? undefined : /^(%*)([^%_]*)(%*)$/.exec(pattern);
  return guarded(({ scope, args }) => {
    const text = textOf(args[0]!);
    const whole = textOf(args[1]!);
    if (plain === undefined || plain === null || plain[1]!.length + plain[3]!.length === pattern!.length) {
      return boolValue(
        scope.f.call(likeFunction(scope.emission), {
          text: text.address,
          textLength: text.length,
          pattern: whole.address,
          patternLength: whole.length,
        }),
      );
    }
    const [before, after] = [plain[1]!.length, plain[3]!.length];
    const part: Text = { address: whole.address.add(before), length: whole.length.sub(before + after) };
    if (before > 0 && after > 0) return boolValue(find(scope, text, part).ge_s(0));
    if (before > 0) return boolValue(endsWith(scope, text, part));
    return boolValue(
      after > 0 ? startsWith(scope, text, part) : startsWith(scope, text, part).and(text.length.eq(part.length)),
    );
  })(site);
};

const position: Emit = guarded(({ scope, args }) => {
  const [text, part] = [textOf(args[0]!), textOf(args[1]!)];
  const at = find(scope, text, part);
  const points = scope.f.local('i32');
  scope.f.set(points, 0);
  scope.f.if(at.ge_s(0), () =>
    scope.f.set(points, scope.f.call(countPoints(scope.emission), { address: text.address, length: at }).add(1)),
  );
  return { dtype: 'i64', parts: [points.extend_u()], isNull: undefined };
});

/** Counts past any text are as good as the largest. */
function clamped(scope: Scope, value: I64): I64 {
  const most = 1n << 40n;
  return scope.f.let(select(value.gt_s(most), i64(most), select(value.lt_s(-most), i64(-most), value)));
}

/** The points from .. to of a text, both in 0 .. count. */
function pointsBetween(scope: Scope, value: SqlValue, range: { readonly from: I64; readonly to: I64 }): SqlValue {
  const text = textOf(value);
  const offset = offsetOfPoint(scope.emission);
  const begin = scope.f.call(offset, { ...text, index: range.from.wrap() });
  const end = scope.f.call(offset, {
    address: text.address.add(begin),
    length: text.length.sub(begin),
    index: range.to.sub(range.from).wrap(),
  });
  return slice(value, { from: begin, length: end });
}

/**
 * DuckDB's rule: a negative start counts from the end, a negative length goes backwards, and what lies outside the
 * text, which 0 is, counts towards the length.
 */
const substring: Emit = guarded(({ scope, args }) => {
  const { f } = scope;
  const value = args[0]!;
  const size = f.let(f.call(countPoints(scope.emission), textOf(value)).extend_u());
  const offset = clamped(scope, asI64(args[1]!.parts[0]!));
  const count = args[2] === undefined ? i64(1n << 41n) : clamped(scope, asI64(args[2].parts[0]!));
  const least = (a: I64, b: I64): I64 => select(a.lt_s(b), a, b);
  const most = (a: I64, b: I64): I64 => select(a.gt_s(b), a, b);
  const from = f.let(select(offset.ge_s(0), offset.sub(1), size.add(offset)));
  const to = f.let(from.add(count));
  const within = (place: I64): I64 => f.let(least(size, most(f.let(place), i64(0))));
  return pointsBetween(scope, value, { from: within(least(from, to)), to: within(most(from, to)) });
});

/** left and right: a negative count leaves out so many at the other end. */
const side = (end: 'left' | 'right'): Emit =>
  guarded(({ scope, args }) => {
    const { f } = scope;
    const value = args[0]!;
    const size = f.let(f.call(countPoints(scope.emission), textOf(value)).extend_u());
    const count = clamped(scope, asI64(args[1]!.parts[0]!));
    const wanted = f.let(select(count.lt_s(0), size.add(count), count));
    const kept = f.let(select(wanted.lt_s(0), i64(0), select(wanted.gt_s(size), size as I64, wanted as I64)));
    return pointsBetween(
      scope,
      value,
      end === 'left' ? { from: i64(0), to: kept } : { from: size.sub(kept), to: size },
    );
  });

/** ASCII natively; a text with any other byte by the host. */
const mapCase = (op: 'lower' | 'upper'): Emit =>
  guarded(({ scope, args }) => {
    const { f } = scope;
    const text = textOf(args[0]!);
    const to = f.let(arenaAlloc(scope, text.length));
    const result = f.let(text.length);
    f.if(f.call(mapAscii(scope.emission, op), { to, from: text.address, length: text.length }).eqz(), () => {
      const mapped = textOf(callHost(scope, { op, args, result: 'utf8', cast: undefined }));
      f.set(to, mapped.address);
      f.set(result, mapped.length);
    });
    return { dtype: 'utf8', parts: [to, result], isNull: undefined };
  });

/** Spaces natively, other sets of characters by the host. */
const trim =
  (op: 'trim' | 'ltrim' | 'rtrim'): Emit =>
  (site) => {
    if (literalText(site.call.args[1]) !== ' ') return viaHost(op)(site);
    return guarded(({ scope, args }) => {
      const { f } = scope;
      const text = textOf(args[0]!);
      const [from, to] = [f.let(i32(0)), f.let(text.length)];
      if (op !== 'rtrim')
        f.while(
          () => from.lt_u(to),
          (label) => {
            label.break(load.i8_u(text.address.add(from)).ne(32));
            f.advance(from, 1);
          },
        );
      if (op !== 'ltrim')
        f.while(
          () => to.gt_u(from),
          (label) => {
            label.break(load.i8_u(text.address.add(to).sub(1)).ne(32));
            f.advance(to, -1);
          },
        );
      return slice(args[0]!, { from, length: to.sub(from) });
    })(site);
  };

const HOSTED = [
  'replace',
  'translate',
  'ilike',
  'lpad',
  'rpad',
  'repeat',
  'reverse',
  'ascii',
  'chr',
  'split_part',
  'levenshtein',
  'regexp_matches',
  'regexp_full_match',
  'regexp_replace',
  'regexp_extract',
] as const satisfies readonly ScalarOp[];

export const TEXT = {
  ...(Object.fromEntries(HOSTED.map((op) => [op, viaHost(op)])) as Record<(typeof HOSTED)[number], Emit>),
  concat,
  length,
  octet_length: octetLength,
  substring,
  like,
  position,
  left: side('left'),
  right: side('right'),
  lower: mapCase('lower'),
  upper: mapCase('upper'),
  starts_with: test(startsWith),
  ends_with: test(endsWith),
  contains: test((scope, text, part) => find(scope, text, part).ge_s(0)),
  trim: trim('trim'),
  ltrim: trim('ltrim'),
  rtrim: trim('rtrim'),
} satisfies Partial<Record<ScalarOp, Emit>>;
