/**
 * The code of each aggregate's state: `update` takes a row's arguments in (the first is not NULL, unless `seesNull`),
 * `combine` another worker's state of the same group, `result` reads it.
 */
import { decimalOf, dtypeInfo, isDecimal, type DType } from '../../../ir/dtype.js';
import type { AggregateCall, AggregateOp } from '../../../ir/node.js';
import { argumentDType, sumDType } from '../../relational/aggregate-states.js';
import type { Field } from '../../relational/layout.js';
import type { AggregateState } from '../../relational/physical.js';
import { decimalMost, outside, overflowMessage } from '../expression/arithmetic.js';
import { emitCast } from '../expression/cast.js';
import { less } from '../expression/compare.js';
import { failIf } from '../expression/site.js';
import { asI32, asI64, isUnsigned, type SqlValue } from '../expression/value.js';
import { F64, I64, type I32, type Value } from '../values.js';
import type { Scope } from './emission.js';
import { appendText, appendValue, concatLists, doubleOf, freeValues, medianOfList, textOfList } from './value-list.js';
import { loadParts, storeParts, storeValue, type TextKeeping } from './tuple.js';

interface StatePlace {
  readonly index: number;
  readonly tuple: I32;
  /** Whether no row is taken in after a result is read: text may then be overwritten by that which it gives way to. */
  readonly isReadOnce: boolean;
}

/** The state of call `index` in a group's tuple. */
export class StateAccess {
  readonly scope: Scope;
  readonly call: AggregateCall;
  readonly tuple: I32;
  readonly #text: TextKeeping;
  readonly #fields: readonly Field[];
  readonly #first: number;
  readonly #parts: number;

  constructor(scope: Scope, state: AggregateState, place: StatePlace) {
    this.scope = scope;
    this.call = state.calls[place.index]!;
    this.tuple = place.tuple;
    this.#text = place.isReadOnce ? 'replaced' : 'owned';
    this.#fields = state.rows.layout.fields;
    this.#first = state.stateFields[place.index]!;
    this.#parts = (state.stateFields[place.index + 1] ?? this.#fields.length) - this.#first;
  }

  field(part: number): Field {
    return this.#fields[this.#first + part]!;
  }

  /** No row yet. */
  clear(): void {
    for (let part = 0; part < this.#parts; part++) {
      const { dtype, offset } = this.field(part);
      this.scope.f.fill(this.tuple.add(offset), 0, dtypeInfo(dtype).widthBytes);
    }
  }

  get(part: number): SqlValue {
    const { dtype, offset } = this.field(part);
    return this.scope.holdValue({
      dtype,
      parts: loadParts(this.scope, dtype, this.tuple, offset),
      isNull: undefined,
      stable: true,
    });
  }

  flag(part: number): I32 {
    return asI32(this.get(part).parts[0]!);
  }

  set(part: number, ...parts: readonly Value[]): void {
    const { dtype, offset } = this.field(part);
    storeParts(this.scope, { dtype, parts }, this.tuple, offset);
  }

  /** Keeps a value; text is copied so that it outlives the morsel. */
  keep(part: number, value: SqlValue): void {
    const { dtype, offset } = this.field(part);
    storeValue(this.scope, { ...value, dtype }, { address: this.tuple, offset, text: this.#text });
  }
}

export interface AggregateCode {
  readonly seesNull?: boolean;
  /** Before a state is cleared, where it holds what another may use. */
  readonly giveBack?: (state: StateAccess) => void;
  readonly update: (state: StateAccess, args: readonly SqlValue[]) => void;
  readonly combine: (into: StateAccess, from: StateAccess) => void;
  readonly result: (state: StateAccess) => SqlValue;
}

const i64Of = (state: StateAccess, part: number): I64 => asI64(state.get(part).parts[0]!);
const f64Of = (state: StateAccess, part: number): F64 => state.get(part).parts[0] as F64;

/** A number in the register of `dtype`: f64, or i64, decimals by their unscaled integer. */
function numberAs(scope: Scope, value: SqlValue, dtype: 'i64' | 'f64'): I64 | F64 {
  if (dtype === 'f64') return scope.hold(doubleOf(value));
  const part = value.parts[0]!;
  if (part instanceof I64) return part;
  return isUnsigned(value.dtype) ? asI32(part).extend_u() : asI32(part).extend_s();
}

const counter = (
  amount: (state: StateAccess) => I64 | bigint,
): Pick<AggregateCode, 'update' | 'combine' | 'result'> => ({
  update: (state) => state.set(0, i64Of(state, 0).add(amount(state))),
  combine: (into, from) => into.set(0, i64Of(into, 0).add(i64Of(from, 0))),
  result: (state) => converted(state, state.get(0)),
});

/** The value in the call's own dtype. */
function converted(state: StateAccess, value: SqlValue): SqlValue {
  const to = state.call.type.dtype;
  const from = value.dtype;
  if (isDecimal(from) && isDecimal(to) && decimalOf(from)!.scale === decimalOf(to)!.scale)
    return { ...value, dtype: to };
  return emitCast(state.scope, value, { to, attempt: false });
}

function addTo(state: StateAccess, amount: Value): void {
  const dtype = state.field(1).dtype;
  if (amount instanceof F64) return state.set(1, f64Of(state, 1).add(amount));
  const [before, by] = [i64Of(state, 1), state.scope.hold(asI64(amount))];
  const sum = state.scope.f.let(before.add(by));
  const wraps = before.xor(sum).and(by.xor(sum)).lt_s(0);
  const most = isDecimal(dtype) ? decimalMost('decimal(38,0)') : undefined;
  failIf(state.scope, most === undefined ? wraps : outside(sum, -most, most), overflowMessage('sum', dtype));
  state.set(1, sum);
}

const sum: AggregateCode = {
  update: (state, [value]) => {
    state.set(0, state.scope.hold(state.flag(0).or(1)));
    addTo(state, numberAs(state.scope, value!, sumDType(state.call) === 'f64' ? 'f64' : 'i64'));
  },
  combine: (into, from) => {
    into.set(0, into.flag(0).or(from.flag(0)));
    addTo(into, from.get(1).parts[0]!);
  },
  result: (state) => ({ ...converted(state, state.get(1)), isNull: state.flag(0).eqz() }),
};

/** Decimals are summed by their unscaled integer, which a double holds exactly where it does not hold the decimal. */
const avg: AggregateCode = {
  update: (state, [value]) => {
    const unscaled: SqlValue = isDecimal(value!.dtype) ? { ...value!, dtype: 'i64' } : value!;
    state.set(0, i64Of(state, 0).add(1));
    state.set(1, f64Of(state, 1).add(numberAs(state.scope, unscaled, 'f64') as F64));
  },
  combine: (into, from) => {
    into.set(0, i64Of(into, 0).add(i64Of(from, 0)));
    into.set(1, f64Of(into, 1).add(f64Of(from, 1)));
  },
  result: (state) => {
    const count = i64Of(state, 0);
    const unit = 10 ** (decimalOf(argumentDType(state.call))?.scale ?? 0);
    const mean: SqlValue = {
      dtype: 'f64',
      parts: [state.scope.f.let(f64Of(state, 1).div(count.to_f64_s().mul(unit)))],
      isNull: undefined,
    };
    return { ...converted(state, { ...mean, isNull: count.eqz() }), isNull: count.eqz() };
  },
};

/** Keeps the value wherever `wins(new, held)`, or at first. */
const kept = (wins: (scope: Scope, value: SqlValue, held: SqlValue) => I32): AggregateCode => {
  const take = (state: StateAccess, value: SqlValue): void => {
    const { scope } = state;
    const better = scope.f.let(state.flag(0).eqz());
    scope.if(better.eqz(), () => scope.f.set(better, wins(scope, value, state.get(1))));
    scope.if(better, () => {
      state.set(0, scope.hold(better));
      state.keep(1, value);
    });
  };
  return {
    update: (state, [value]) => take(state, value!),
    combine: (into, from) => into.scope.if(from.flag(0), () => take(into, from.get(1))),
    result: (state) => ({ ...converted(state, state.get(1)), isNull: state.flag(0).eqz() }),
  };
};

/** Folds a value into the held one. */
const folded = (fold: (held: Value, value: Value, dtype: DType) => Value): AggregateCode => {
  const take = (state: StateAccess, value: SqlValue): void => {
    state.scope.if(
      state.flag(0),
      () => state.set(1, fold(state.get(1).parts[0]!, value.parts[0]!, value.dtype)),
      () => {
        state.set(0, state.flag(0).or(1));
        state.set(1, value.parts[0]!);
      },
    );
  };
  return {
    update: (state, [value]) =>
      take(
        state,
        state.field(1).dtype === 'f64'
          ? { ...value!, dtype: 'f64', parts: [numberAs(state.scope, value!, 'f64')] }
          : value!,
      ),
    combine: (into, from) => into.scope.if(from.flag(0), () => take(into, from.get(1))),
    result: (state) => ({ ...converted(state, state.get(1)), isNull: state.flag(0).eqz() }),
  };
};
const bits = (op: 'and' | 'or' | 'xor') =>
  folded((held, value) => (held instanceof I64 ? held[op](asI64(value)) : asI32(held)[op](asI32(value))));

const first: AggregateCode = {
  seesNull: true,
  update: (state, [value]) =>
    state.scope.if(state.flag(0).eqz(), () => {
      state.set(1, value!.isNull ?? state.flag(0));
      state.keep(2, value!);
      state.set(0, state.flag(0).or(1));
    }),
  combine: (into, from) =>
    into.scope.if(into.flag(0).eqz(), () => [0, 1, 2].forEach((part) => into.set(part, ...from.get(part).parts))),
  result: (state) => ({ ...converted(state, state.get(2)), isNull: state.flag(0).eqz().or(state.flag(1)) }),
};

/** Welford's running mean and sum of squared distances; merged as Chan et al. do. */
const moments = (finish: (m2: F64, count: F64) => F64, least: number): AggregateCode => ({
  update: (state, [value]) => {
    const { scope } = state;
    const x = scope.hold(numberAs(scope, value!, 'f64') as F64);
    const count = scope.f.let(i64Of(state, 0).add(1));
    const distance = scope.f.let(x.sub(f64Of(state, 1)));
    const mean = scope.f.let(f64Of(state, 1).add(distance.div(count.to_f64_s())));
    state.set(0, count);
    state.set(1, mean);
    state.set(2, f64Of(state, 2).add(distance.mul(x.sub(mean))));
  },
  combine: (into, from) =>
    into.scope.if(i64Of(from, 0).ne(0), () => {
      const { scope } = into;
      const [a, b] = [scope.f.let(i64Of(into, 0).to_f64_s()), scope.f.let(i64Of(from, 0).to_f64_s())];
      const distance = scope.f.let(f64Of(from, 1).sub(f64Of(into, 1)));
      const total = scope.f.let(a.add(b));
      into.set(2, f64Of(into, 2).add(f64Of(from, 2)).add(distance.mul(distance).mul(a).mul(b).div(total)));
      into.set(1, f64Of(into, 1).add(distance.mul(b).div(total)));
      into.set(0, i64Of(into, 0).add(i64Of(from, 0)));
    }),
  result: (state) => {
    const count = i64Of(state, 0);
    const value: SqlValue = {
      dtype: 'f64',
      parts: [state.scope.f.let(finish(f64Of(state, 2), count.to_f64_s()))],
      isNull: count.lt_s(least),
    };
    return { ...converted(state, value), isNull: count.lt_s(least) };
  },
});

/** Sums of products of distances from the running means: of both, of the first, of the second. */
const PRODUCTS = [[3, 0, 1], [4, 0, 0], [5, 1, 1]] as const;

/** `moments` of pairs without a NULL. */
const comoments = (finish: (sums: readonly F64[], count: F64) => F64, least: number): AggregateCode => ({
  update: (state, [first, second]) => {
    const { scope } = state;
    const take = (): void => {
      const values = [first!, second!].map((value) => scope.hold(numberAs(scope, value, 'f64') as F64));
      const count = scope.f.let(i64Of(state, 0).add(1));
      const before = values.map((value, i) => scope.f.let(value.sub(f64Of(state, i + 1))));
      before.forEach((distance, i) =>
        state.set(i + 1, f64Of(state, i + 1).add(distance.div(count.to_f64_s()))));
      const after = values.map((value, i) => scope.f.let(value.sub(f64Of(state, i + 1))));
      for (const [part, a, b] of PRODUCTS) state.set(part, f64Of(state, part).add(before[a]!.mul(after[b]!)));
      state.set(0, count);
    };
    if (second!.isNull === undefined) take();
    else scope.if(second!.isNull.eqz(), take);
  },
  combine: (into, from) =>
    into.scope.if(i64Of(from, 0).ne(0), () => {
      const { scope } = into;
      const [a, b] = [scope.f.let(i64Of(into, 0).to_f64_s()), scope.f.let(i64Of(from, 0).to_f64_s())];
      const total = scope.f.let(a.add(b));
      const apart = [1, 2].map((part) => scope.f.let(f64Of(from, part).sub(f64Of(into, part))));
      for (const [part, left, right] of PRODUCTS) {
        const between = apart[left]!.mul(apart[right]!).mul(a).mul(b).div(total);
        into.set(part, f64Of(into, part).add(f64Of(from, part)).add(between));
      }
      apart.forEach((distance, i) => into.set(i + 1, f64Of(into, i + 1).add(distance.mul(b).div(total))));
      into.set(0, i64Of(into, 0).add(i64Of(from, 0)));
    }),
  result: (state) => {
    const count = i64Of(state, 0);
    const found = finish(PRODUCTS.map(([part]) => f64Of(state, part)), count.to_f64_s());
    const value: SqlValue = { dtype: 'f64', parts: [state.scope.f.let(found)], isNull: count.lt_s(least) };
    return { ...converted(state, value), isNull: count.lt_s(least) };
  },
});

/** The value where the key is least or greatest; ties keep the first. */
const byKey = (wins: (scope: Scope, value: SqlValue, held: SqlValue) => I32): AggregateCode => {
  const take = (state: StateAccess, value: SqlValue, key: SqlValue): void => {
    const { scope } = state;
    const better = scope.f.let(state.flag(0).eqz());
    scope.if(better.eqz(), () => scope.f.set(better, wins(scope, key, state.get(3))));
    scope.if(better, () => {
      state.set(0, scope.hold(better));
      state.set(1, value.isNull ?? scope.hold(better.eqz()));
      state.keep(2, value);
      state.keep(3, key);
    });
  };
  return {
    update: (state, [value, key]) => {
      const update = (): void => take(state, value!, key!);
      if (key!.isNull === undefined) update();
      else state.scope.if(key!.isNull.eqz(), update);
    },
    combine: (into, from) =>
      into.scope.if(from.flag(0), () => take(into, { ...from.get(2), isNull: from.flag(1) }, from.get(3))),
    result: (state) => ({ ...converted(state, state.get(2)), isNull: state.flag(0).eqz().or(state.flag(1)) }),
  };
};

export const AGGREGATES: Readonly<Record<AggregateOp, AggregateCode>> = {
  count_star: counter(() => 1n),
  count: counter(() => 1n),
  sum,
  avg,
  min: kept(less),
  max: kept((scope, value, held) => less(scope, held, value)),
  first,
  any_value: kept((scope) => scope.f.local('i32')),
  bool_and: bits('and'),
  bool_or: bits('or'),
  stddev_samp: moments((m2, count) => m2.div(count.sub(1)).sqrt(), 2),
  stddev_pop: moments((m2, count) => m2.div(count).sqrt(), 1),
  var_samp: moments((m2, count) => m2.div(count.sub(1)), 2),
  var_pop: moments((m2, count) => m2.div(count), 1),
  covar_samp: comoments(([both], count) => both!.div(count.sub(1)), 2),
  covar_pop: comoments(([both], count) => both!.div(count), 1),
  corr: comoments(([both, left, right], count) =>
    both!.div(count).div(left!.div(count).sqrt().mul(right!.div(count).sqrt())), 1),
  string_agg: {
    update: (state, args) => appendText(state, args),
    combine: concatLists,
    result: (state) => textOfList(state),
  },
  median: {
    giveBack: freeValues,
    update: (state, [value]) => appendValue(state, value!),
    combine: concatLists,
    result: (state) => medianOfList(state),
  },
  arg_min: byKey(less),
  arg_max: byKey((scope, value, held) => less(scope, held, value)),
  bit_and: bits('and'),
  bit_or: bits('or'),
  bit_xor: bits('xor'),
  product: folded((held, value) => (held as F64).mul(value as F64)),
};
