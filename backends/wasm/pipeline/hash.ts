/** Hashes of SQL values: equal values (NaN with NaN, 0 with -0, NULL with NULL) have equal hashes. */
import { dtypeInfo } from '../../../ir/dtype.js';
import { canonicalBits, intervalMicros } from '../expression/compare.js';
import { asI32, type SqlValue } from '../expression/value.js';
import type { Func } from '../dsl.js';
import { i32, i64, load, select, type I32, type I64 } from '../values.js';
import { support, type Emission, type Scope } from './emission.js';

/** Odd 64-bit constants (of the golden ratio and of splitmix64) that spread bits by multiplication. */
export const SPREAD = 0x9e3779b97f4a7c15n;
const MIX = 0xbf58476d1ce4e5b9n;
const NULL_BITS = 0x5bd1e995n;

export function hashValues(scope: Scope, values: readonly SqlValue[]): I32 {
  if (values.length === 0) return i32(0);
  let hash: I64 | undefined;
  for (const value of values) {
    const bits = scope.hold(bitsOf(scope, value));
    const mixed = (hash === undefined ? bits : hash.xor(bits)).mul(hash === undefined ? SPREAD : MIX);
    const held = scope.hold(mixed);
    hash = scope.hold(held.xor(held.shr_u(32)));
  }
  return scope.hold(hash!.wrap());
}

function bitsOf(scope: Scope, value: SqlValue): I64 {
  const bits = plainBits(scope, value);
  return value.isNull === undefined ? bits : select(value.isNull, i64(NULL_BITS), bits);
}

function plainBits(scope: Scope, value: SqlValue): I64 {
  switch (dtypeInfo(value.dtype).physical) {
    case 'bytes':
      return scope.f.call(hashBytes(scope.emission), {
        address: asI32(value.parts[0]!),
        length: asI32(value.parts[1]!),
      });
    case 'i128':
      return intervalMicros(value);
    default:
      return canonicalBits(value);
  }
}

function hashBytes(emission: Emission): Func<{ address: 'i32'; length: 'i32' }, 'i64'> {
  return support(emission, 'hash_bytes', (module) =>
    module.define(
      'hash_bytes',
      { params: { address: 'i32', length: 'i32' }, result: 'i64' },
      (f, { address, length }) => {
        const hash = f.let(length.extend_u().mul(SPREAD));
        const end = f.let(address.add(length));
        const mix = (bits: I64): void => {
          f.set(hash, hash.xor(bits).mul(MIX));
          f.set(hash, hash.xor(hash.shr_u(29)));
        };
        // The last word may lie over bytes that were mixed in before: all are read once at least, and none behind.
        f.if(length.ge_u(8), () => {
          f.while(
            () => end.sub(address).gt_u(8),
            () => {
              mix(load.i64(address));
              f.advance(address, 8);
            },
          );
          mix(load.i64(end.sub(8)));
          f.return(hash);
        });
        f.if(length.ge_u(4), () => {
          mix(load.i32(address).extend_u().or(load.i32(end.sub(4)).extend_u().shl(32)));
          f.return(hash);
        });
        f.while(
          () => address.lt_u(end),
          () => {
            mix(load.i8_u(address).extend_u());
            f.advance(address, 1);
          },
        );
        f.return(hash);
      },
    ),
  );
}
