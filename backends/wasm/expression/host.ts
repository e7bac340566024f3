/**
 * Scalar primitives without a WebAssembly form: the runtime computes them by their reference meaning, one value a call.
 * Arguments lie in 32-byte slots one after the other in local, then the result's.
 */
import { dtypeInfo, type DType } from '../../../ir/dtype.js';
import type { Cast } from '../../../ir/node.js';
import type { ScalarOp } from '../../../ir/scalar.js';
import { PARAM_BYTES, PARAM_NULL_OFFSET, type HostFunction } from '../../../runtime/plan.js';
import { localPlace, type Emission, type Scope } from '../pipeline/emission.js';
import { arenaAlloc } from '../pipeline/memory.js';
import { loadParts, storeParts } from '../pipeline/tuple.js';
import { i32, load } from '../values.js';
import { guarded, type Emit } from './site.js';
import { asI32, type SqlValue } from './value.js';

/** No primitive has more arguments than this. */
const MOST_ARGUMENTS = 8;

function hostNumber(emission: Emission, wanted: HostFunction): number {
  const key = JSON.stringify(wanted);
  const known = emission.hostFunctions.findIndex((func) => JSON.stringify(func) === key);
  if (known >= 0) return known;
  emission.hostFunctions.push(wanted);
  return emission.hostFunctions.length - 1;
}

interface HostCall {
  readonly op: string;
  readonly args: readonly SqlValue[];
  readonly result: DType;
  readonly cast: HostFunction['cast'];
}

/** Calls the host with values that are not NULL; the result may be. Text lasts until the next call: it is copied. */
export function callHost(scope: Scope, { op, args, result, cast }: HostCall): SqlValue {
  const { emission, f, local } = scope;
  const number = hostNumber(emission, { op, args: args.map((arg) => arg.dtype), result, cast });
  const place = localPlace(emission, 'host_slots', PARAM_BYTES * (MOST_ARGUMENTS + 1));
  const slots = f.let(local.add(place));
  args.forEach((arg, i) => {
    storeParts(scope, arg, slots, i * PARAM_BYTES);
    f.store.i8(slots, 0, i * PARAM_BYTES + PARAM_NULL_OFFSET);
  });
  const host = emission.module.importFunction('host', { params: { number: 'i32', arguments: 'i32', result: 'i32' } });
  const resultOffset = MOST_ARGUMENTS * PARAM_BYTES;
  f.call(host, { number: i32(number), arguments: slots, result: slots.add(resultOffset) });
  const parts = loadParts(scope, result, slots, resultOffset);
  const isNull = scope.hold(load.i8_u(slots, resultOffset + PARAM_NULL_OFFSET));
  if (dtypeInfo(result).physical !== 'bytes') return scope.holdValue({ dtype: result, parts, isNull });
  const text = scope.variable(result, true);
  scope.clear(text, true);
  scope.if(isNull.eqz(), () => {
    const [from, length] = parts.map((part) => scope.hold(asI32(part)));
    const to = arenaAlloc(scope, length!);
    f.copy(to, from!, length!);
    scope.assign(text, { dtype: result, parts: [to, length!], isNull: undefined });
  });
  return text;
}

export function viaHost(op: ScalarOp): Emit {
  return guarded(({ scope, args, result }) => callHost(scope, { op, args, result, cast: undefined }));
}

/** A cast by the host; `unlessNull` around it is the caller's. */
export function castByHost(scope: Scope, value: SqlValue, { to, attempt }: Pick<Cast, 'to' | 'attempt'>): SqlValue {
  return callHost(scope, { op: 'cast', args: [value], result: to, cast: { to, attempt } });
}
