/** IEEE 754 binary16 to and from f32, as support functions: columns of HALF compute in f32. */
import { support, type Scope } from '../pipeline/emission.js';
import { f32, i32, select, type F32, type I32 } from '../values.js';

/** Exact: subnormals by a multiplication, infinities and NaN kept. */
export function halfToF32(scope: Scope, bits: I32): F32 {
  const half = scope.hold(bits);
  const sign = half.and(0x8000).shl(16);
  const magnitude = half.and(0x7fff);
  // Scaling the bits by 2^112 puts the exponent's bias right for normals and subnormals alike.
  const scaled = magnitude
    .shl(13)
    .as_f32()
    .mul(f32(2 ** 112))
    .as_i32();
  return select(magnitude.ge_u(0x7c00), magnitude.shl(13).or(0x7f800000), scaled).or(sign).as_f32();
}

/** To nearest, halves to even; too large gives an infinity. */
export function halfFromF32(scope: Scope, value: F32): I32 {
  const func = support(scope.emission, 'half_of_f32', (module) =>
    module.define('half_of_f32', { params: { value: 'f32' }, result: 'i32' }, (f, p) => {
      const bits = f.let(p.value.as_i32());
      const sign = f.let(bits.shr_u(16).and(0x8000));
      const magnitude = f.let(bits.and(0x7fffffff));
      f.if(magnitude.gt_u(0x7f800000), () => f.return(sign.or(0x7e00)));
      f.if(magnitude.ge_u(0x477ff000), () => f.return(sign.or(0x7c00)));
      f.if(magnitude.lt_u(0x38800000), () => {
        // Subnormal: adding 0.5 rounds at the bit that stands for 2^-24.
        f.return(sign.or(magnitude.as_f32().add(f32(0.5)).as_i32().sub(0x3f000000)));
      });
      const odd = magnitude.shr_u(13).and(1);
      f.return(
        sign.or(
          magnitude
            .add(i32(0xc8000fff | 0))
            .add(odd)
            .shr_u(13),
        ),
      );
    }),
  );
  return scope.f.call(func, { value });
}
