/** DuckDB, where it is installed: the judge of what SQL means. Each query gives one text, or the word `error`. */
import { DuckDBInstance } from '@duckdb/node-api';

/** The only value of each query as DuckDB's text; NULL is `NULL`, a failed query `error`. */
export async function askDuckDB(expressions: readonly string[]): Promise<readonly string[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const answers: string[] = [];
  for (const expression of expressions) {
    try {
      const reader = await connection.runAndReadAll(`SELECT (${expression})::VARCHAR`);
      answers.push(String(reader.getRowsJson()[0]![0] ?? 'NULL'));
    } catch {
      answers.push('error');
    }
  }
  connection.closeSync();
  return answers;
}
