/** TPC-H's tables at sf0.01 in the product itself, from their files as they are: fields end in a bar. */
import { RealDatabase } from '../support/real-database.js';
import { TPCH_FOLDER } from '../slt/folder.js';
import { TPCH_TABLES, tpchSchema } from './runner.js';

export async function tpchOnEngine(): Promise<RealDatabase> {
  const database = await RealDatabase.create();
  await database.text(tpchSchema());
  for (const name of TPCH_TABLES) {
    await database.text(
      `COPY ${name} FROM '${TPCH_FOLDER}data_sf0.01/${name}.tbl' (FORMAT csv, DELIMITER '|', HEADER false)`,
    );
  }
  return database;
}
