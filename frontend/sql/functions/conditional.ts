/** SQL's functions that choose among values, and those that ask about types. */
import type { Expr } from '../../../ir/node.js';
import { commonTypeOf, comparedType } from '../coerce.js';
import { call, castTo, choose, nullOf, dtypeOf, text, typeName } from '../make-expr.js';
import { opOfCommon, takes, type Overload, type SqlFunction } from './function.js';

const nullif: Overload = ([a, b, ...rest]) => {
  if (a === undefined || b === undefined || rest.length > 0) return undefined;
  const common = comparedType([a, b]);
  const own = dtypeOf(a);
  if (common === undefined || own === undefined) return undefined;
  return choose(call('eq', castTo(a, common), castTo(b, common)), nullOf(own), a);
};

const ifElse: Overload = ([condition, a, b, ...rest]) => {
  if (condition === undefined || a === undefined || b === undefined || rest.length > 0) return undefined;
  const common = commonTypeOf([a, b]);
  if (common === undefined || dtypeOf(condition) === undefined) return undefined;
  return choose(castTo(condition, 'bool'), castTo(a, common), castTo(b, common));
};

const typeOf: Overload = (args) => (args.length === 1 ? text(typeName(args[0] as Expr)) : undefined);

export const CONDITIONAL: readonly SqlFunction[] = [
  {
    name: 'coalesce',
    aliases: ['ifnull'],
    signature: 'coalesce(a, b, ...)',
    doc: 'The first that is not NULL.',
    example: ['SELECT coalesce(NULL, 2, 3)', '2'],
    overloads: [opOfCommon('coalesce')],
  },
  {
    name: 'nullif',
    signature: 'nullif(a, b)',
    doc: 'NULL when a = b, else a.',
    example: ['SELECT nullif(1, 1)', 'NULL'],
    overloads: [nullif],
  },
  {
    name: 'if',
    signature: 'if(condition, a, b)',
    doc: 'a when the condition is true, else b.',
    example: ["SELECT if(1 < 2, 'yes', 'no')", 'yes'],
    overloads: [ifElse],
  },
  {
    name: 'greatest',
    signature: 'greatest(a, b, ...)',
    doc: 'The greatest of those that are not NULL.',
    example: ['SELECT greatest(1, NULL, 3)', '3'],
    overloads: [opOfCommon('greatest')],
  },
  {
    name: 'least',
    signature: 'least(a, b, ...)',
    doc: 'The least of those that are not NULL.',
    example: ['SELECT least(1, NULL, 3)', '1'],
    overloads: [opOfCommon('least')],
  },
  {
    name: 'typeof',
    signature: 'typeof(value)',
    doc: "The name of the value's type.",
    example: ['SELECT typeof(1.5)', 'DECIMAL(2,1)'],
    overloads: [typeOf],
  },
  {
    name: 'error',
    signature: 'error(message)',
    doc: 'Fails the statement with the message when it is reached.',
    example: ["SELECT CASE WHEN true THEN 'fine' ELSE error('no') END", 'fine'],
    overloads: [takes(['utf8'], (message) => castTo(call('error', message), 'utf8'))],
  },
];
