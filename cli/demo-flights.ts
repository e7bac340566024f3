/**
 * The demo's first part: tables and models in, predictions over a four-way join, why they run so, how often they are
 * right.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database, QueryResult } from '../runtime/database.js';
import type { Narrator } from './narrator.js';
import { countText } from './sizes.js';
import { renderTable, TableRows } from './table.js';

export interface Place {
  readonly folder: string;
  /** Where the Parquet and ONNX files are. */
  readonly flights: string;
  /** Of `late_demo.sql`. */
  readonly sql: string;
}

const TABLES = ['flights', 'weather', 'planes', 'airlines', 'airports'];
const MODELS = [
  { name: 'late_logistic', what: 'one-hot, scaler and logistic regression', label: 'output_label' },
  { name: 'late_gbdt', what: 'gradient-boosted trees, 100 of them', label: 'label' },
  { name: 'late_mlp', what: 'imputer, scaler and a neural network 64-32', label: 'label' },
] as const;
/** Of an explain, what tells why; the plan itself is long. */
const SHOWN_SECTIONS = ['rewrites', 'representations', 'pipelines', 'weights', 'compile'];

export async function showFlights(tell: Narrator, place: Place): Promise<void> {
  const { open } = await import('../runtime/database.js');
  const db = await open(join(place.folder, 'flights.db'));
  try {
    await importTables(tell, db, place);
    await addModels(tell, db, place);
    tell.step('Ask for flights that left in time and will be late all the same, as the trees see it.');
    tell.say(
      'Four tables are joined; predict stands in SELECT and in WHERE, and each model takes the columns it knows by name.\n',
    );
    tell.code(place.sql.replace(/^--.*\n/, ''));
    for (const attempt of ['compiled and run', 'run again, compiled already']) {
      const began = performance.now();
      const table = await tableOf(db.query(place.sql));
      const milliseconds = Math.round(performance.now() - began);
      tell.say(
        attempt === 'compiled and run' ? `${table}${attempt} in ${milliseconds} ms` : `${attempt}: ${milliseconds} ms`,
      );
    }
    await showExplain(tell, db, place);
    await showAccuracy(tell, db, place);
  } finally {
    await db.close();
  }
}

async function importTables(tell: Narrator, db: Database, { flights }: Place): Promise<void> {
  tell.step(
    'Import five Parquet tables: all flights that left New York City in 2013, the weather, planes, airlines, airports.',
  );
  tell.code(
    "const db = await open('flights.db');\nawait db.importFile('flights', 'examples/flights/flights.parquet');   // and so on",
  );
  for (const table of TABLES) {
    await tell.timed(
      (rows) => `${table}: ${countText(rows)} rows`,
      () => db.importFile(table, join(flights, `${table}.parquet`)),
    );
  }
}

async function addModels(tell: Narrator, db: Database, { flights }: Place): Promise<void> {
  tell.step(
    'Register three models, trained with scikit-learn and exported to ONNX: will a flight arrive more than 15 minutes late?',
  );
  tell.code(
    "await db.createModel('late_gbdt', 'examples/flights/late_gbdt.onnx');   // or SQL: CREATE MODEL late_gbdt FROM '...'",
  );
  for (const { name, what } of MODELS) {
    await tell.timed(
      (version) => `${name}@${version}: ${what}`,
      () => db.createModel(name, join(flights, `${name}.onnx`)),
    );
  }
}

async function tableOf(result: QueryResult): Promise<string> {
  const rows = new TableRows();
  const columns = (await result.columns()) ?? [];
  for await (const batch of result.text()) rows.add(batch);
  return renderTable(columns, rows, process.stdout.isTTY ? process.stdout.columns : undefined);
}

async function showExplain(tell: Narrator, db: Database, { sql }: Place): Promise<void> {
  tell.step(
    'Ask why it runs as it does: the rewrites, the representation of each dense layer with its costs, the pipelines.',
  );
  tell.code("console.log(await db.explain('SELECT ...', { analyze: true }));   // all of it, with the plan");
  const text = await db.explain(sql, { analyze: true });
  const sections = text
    .split('\n\n')
    .filter((section) => [...SHOWN_SECTIONS, 'run'].some((title) => section.startsWith(title)));
  tell.say(sections.join('\n\n').trimEnd());
}

/** Days of the month that five divides were held back from training. */
async function showAccuracy(tell: Narrator, db: Database, { sql }: Place): Promise<void> {
  tell.step(
    'Compare with what happened: all joined flights whose arrival is known, on the days held back from training.',
  );
  const join4 = /WITH t AS \([\s\S]*?\n\)/.exec(sql)?.[0] ?? '';
  const right = MODELS.map(({ name, label }) =>
      `round(avg(CASE WHEN ((predict(${name}, t.*)).${label} = 1) = (t.arr_delay > 15) THEN 1.0 ELSE 0.0 END), 4) AS ${name}`,
  );
  const query = `SELECT count(*) AS flights,\n       round(avg(CASE WHEN t.arr_delay > 15 THEN 0.0 ELSE 1.0 END), 4) AS always_in_time,\n       ${right.join(',\n       ')}\nFROM t\nWHERE t.arr_delay IS NOT NULL AND t.day % 5 = 0`;
  tell.code(query);
  const began = performance.now();
  const table = await tableOf(db.query(`${join4}\n${query}`));
  tell.say(
    `${table}compiled and run in ${Math.round(performance.now() - began)} ms; an answer is right when the label is`,
  );
}

/** Compiles, then runs the artifact in a process of its own, as a server would. */
export async function showArtifact(tell: Narrator, { folder, sql }: Place): Promise<void> {
  const { open } = await import('../runtime/database.js');
  const path = join(folder, 'flights.db');
  const [plan, unordered] = [join(folder, 'plan.wasm'), join(folder, 'unordered.wasm')];
  tell.step(
    'Compile the query and its models to one WebAssembly module, and run that in a new process, which loads no compiler.',
  );
  tell.code('intarsia compile flights.db late_demo.sql -o plan.wasm\nintarsia run flights.db plan.wasm');
  const db = await open(path, { readOnly: true });
  try {
    await tell.timed((size) => `plan.wasm: ${countText(size)} bytes`, async () => {
      const { bytes } = await db.compile(sql);
      await writeFile(plan, bytes);
      return bytes.byteLength;
    });
    await writeFile(unordered, (await db.compile(sql.slice(0, sql.indexOf('ORDER BY')))).bytes);
  } finally {
    await db.close();
  }
  const lines = await tell.timed(
    (found) => `from the start of the process to its end: ${found.length - 1} rows`,
    () => linesOfRun([path, plan]),
  );
  await tell.timed(
    () => 'to the first row, without ORDER BY and LIMIT',
    () => linesOfRun([path, unordered], 2),
  );
  await tell.timed(() => '(a process that does nothing takes)', async () => spawnSync(process.execPath, ['-e', '0']));
  tell.say(`\n${lines.slice(0, 4).map((line) => `    ${line}`).join('\n')}\n    ...\n`);
  tell.say('In order, the first row is known when the last flight is scored; in no order, it is given as it is found.');
}

/** What `intarsia run` prints as CSV in a process of its own, which is ended when there are `enough` lines. */
async function linesOfRun(words: readonly string[], enough = Infinity): Promise<readonly string[]> {
  // The file that runs the demo runs every command.
  const child = spawn(process.execPath, [process.argv[1]!, 'run', ...words, '--format', 'csv'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [text, failure] = ['', ''];
  child.stderr.setEncoding('utf8').on('data', (part: string) => { failure += part; });
  const ended = once(child, 'exit');
  for await (const part of child.stdout.setEncoding('utf8')) {
    text += String(part);
    if (text.split('\n').length <= enough) continue;
    child.kill();
    break;
  }
  const [code] = (await ended) as [number | null];
  const lines = text.trimEnd().split('\n');
  if (code !== 0 && lines.length < enough) throw new Error(`the artifact did not run: ${failure}`);
  return lines;
}
