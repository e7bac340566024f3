/**
 * One call of a scalar primitive that is being emitted, and the ways of emitting the common kinds.
 *
 * `strict` evaluates all arguments and is NULL where any is; its code also runs over the parts of NULLs, which must do
 * no harm. `guarded` runs its code only where no argument is NULL: for what is dear or can fail.
 */
import type { DType } from '../../../ir/dtype.js';
import type { Call, Expr } from '../../../ir/node.js';
import type { Func } from '../dsl.js';
import { support, textData, type EmitExpr, type Emission, type Scope } from '../pipeline/emission.js';
import type { Row } from '../pipeline/row.js';
import { i32, type I32, type Value } from '../values.js';
import { anyNull, type SqlValue } from './value.js';

export interface CallSite {
  readonly scope: Scope;
  readonly row: Row;
  readonly call: Call;
  readonly emitExpr: EmitExpr;
}

export type Emit = (site: CallSite) => SqlValue;

export interface StrictSite {
  readonly scope: Scope;
  readonly args: readonly SqlValue[];
  /** The first argument's dtype. */
  readonly dtype: DType;
  readonly result: DType;
  /** Whether some argument is NULL, which a check must not blame. */
  readonly isNull: I32 | undefined;
}

export function resultDType(call: Call): DType {
  if (call.type.kind !== 'scalar') throw new Error(`${call.op} gives no scalar`);
  return call.type.dtype;
}

export function argument(site: CallSite, index: number): SqlValue {
  return site.emitExpr(site.scope, site.row, site.call.args[index]!);
}

export function argumentDType(site: CallSite, index: number): DType {
  const type = site.call.args[index]!.type;
  return type.kind === 'scalar' ? type.dtype : 'null';
}

export function strict(compute: (site: StrictSite) => Value | readonly Value[]): Emit {
  return (site) => {
    const args = site.call.args.map((_, i) => argument(site, i));
    const isNull = anyNull(args);
    const held = isNull === undefined ? undefined : site.scope.hold(isNull);
    const parts = compute({
      scope: site.scope,
      args,
      dtype: args[0]?.dtype ?? 'null',
      result: resultDType(site.call),
      isNull: held,
    });
    return {
      dtype: resultDType(site.call),
      parts: Array.isArray(parts) ? (parts as readonly Value[]) : [parts as Value],
      isNull: held,
    };
  };
}

export function guarded(compute: (site: StrictSite) => SqlValue): Emit {
  return (site) => {
    const args = site.call.args.map((_, i) => argument(site, i));
    const isNull = anyNull(args);
    const held = isNull === undefined ? undefined : site.scope.hold(isNull);
    const result = resultDType(site.call);
    return site.scope.unlessNull(result, held, () =>
      compute({ scope: site.scope, args, dtype: args[0]?.dtype ?? 'null', result, isNull: undefined }),
    );
  };
}

/** Ends the statement with `message` where `condition` holds and the value is not NULL. */
export function failIf(scope: Scope, condition: I32, message: string, isNull?: I32): void {
  const blamed = isNull === undefined ? condition : condition.and(isNull.eqz());
  scope.f.if(blamed, () => scope.f.call(failFunction(scope.emission, message), {}));
}

export const FAIL_VALUE = 1;

export function importFail(emission: Emission): Func<{ code: 'i32'; address: 'i32'; length: 'i32' }> {
  return emission.module.importFunction('fail', { params: { code: 'i32', address: 'i32', length: 'i32' } }) as Func<{
    code: 'i32';
    address: 'i32';
    length: 'i32';
  }>;
}

/** One small function a message, so that a check costs a branch and a call in code. */
function failFunction(emission: Emission, message: string): Func<Record<never, never>> {
  const fail = importFail(emission);
  return support(emission, `fail:${message}`, (module) =>
    module.define(module.freshName('fail_with'), { params: {} }, (f) => {
      const text = textData(emission, message);
      f.call(fail, { code: i32(FAIL_VALUE), address: text.address, length: text.length });
      f.trap();
    }),
  ) as unknown as Func<Record<never, never>>;
}

/** The text of a literal argument, where it is one. */
export function literalText(expr: Expr | undefined): string | undefined {
  return expr?.kind === 'literal' && typeof expr.value === 'string' ? expr.value : undefined;
}
