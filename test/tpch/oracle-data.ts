/** TPC-H's tables at sf0.01 in an oracle database whose plans are optimised: cross joins of eight tables need it. */
import { castValue } from '../../ir/scalar/cast.js';
import { optimise } from '../../passes/optimise.js';
import { OracleDatabase } from '../support/oracle-database.js';
import { TPCH_TABLES, tpchRows, tpchSchema } from './runner.js';

export function tpchOnOracle(): OracleDatabase {
  const database = new OracleDatabase();
  const tensors = { get: (hash: string): never => { throw new Error(`no tensor ${hash}`); } };
  database.transform = (plan) => optimise(plan, { tensors, budgetBytes: 2 ** 30 }).plan;
  database.run(tpchSchema());
  for (const name of TPCH_TABLES) {
    const { schema } = database.table(name)!;
    const rows = tpchRows(name).map((row) => row.map((field, i) => {
      const { type } = schema.columns[i]!;
      if (type.kind !== 'scalar') throw new Error(`${name} holds scalars`);
      return castValue(field, { from: 'utf8', to: type.dtype, attempt: false });
    }));
    database.addTable(name, schema, rows);
  }
  return database;
}
