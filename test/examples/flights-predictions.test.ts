/** All joined rows of the flights through the three models, beside ONNX Runtime. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { open, type Database } from '../../runtime/database.js';
import { FLIGHT_NUMBERS } from '../../bench/cases.js';
import { ortColumn, runOrt, type OrtTensor } from '../support/ort.js';

const FLIGHTS = fileURLToPath(new URL('../../../examples/flights/', import.meta.url));
const TABLES = ['flights', 'weather', 'planes', 'airlines'] as const;
const TEXTS = ['carrier', 'origin', 'dest'] as const;
const MODELS = [
  { name: 'late_logistic', label: 'output_label', scores: `map_extract`, inputs: [...FLIGHT_NUMBERS, ...TEXTS] },
  { name: 'late_gbdt', label: 'label', scores: 'probabilities', inputs: FLIGHT_NUMBERS },
  { name: 'late_mlp', label: 'label', scores: 'probabilities', inputs: FLIGHT_NUMBERS },
] as const;
const ROWS = 282_830;

const joined = readFileSync(join(FLIGHTS, 'late_join.sql'), 'utf8');
let folder = '';
let db: Database;

test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'intarsia-flights-'));
  db = await open(join(folder, 'flights.db'), { threads: 2 });
  for (const table of TABLES) await db.importFile(table, join(FLIGHTS, `${table}.parquet`));
  for (const { name } of MODELS) await db.createModel(name, join(FLIGHTS, `${name}.onnx`));
});

test.after(async () => {
  await db.close();
  await rm(folder, { recursive: true, force: true });
});

async function columnsOf(sql: string): Promise<ReadonlyMap<string, unknown[]>> {
  const columns = new Map<string, unknown[]>();
  for await (const batch of db.query(sql)) {
    batch.schema.fields.forEach((field, i) => {
      const values = columns.get(field.name) ?? [];
      for (const value of batch.getChildAt(i)!) values.push(value);
      columns.set(field.name, values);
    });
  }
  return columns;
}

for (const { name, label, scores, inputs } of MODELS) {
  test(`${name} agrees with ONNX Runtime on every row: labels exact, probabilities within 1e-5`, async () => {
    const [no, yes] = scores === 'probabilities'
      ? [`(p).probabilities[1]`, `(p).probabilities[2]`]
      : [`(p).output_probability[0]`, `(p).output_probability[1]`];
    const ours = await columnsOf(`
      WITH t AS (${joined}), s AS (SELECT *, predict(${name}, t.*) AS p FROM t)
      SELECT ${[...FLIGHT_NUMBERS, ...TEXTS].join(', ')}, (p).${label} AS label, ${no} AS no, ${yes} AS yes FROM s`);
    assert.is(ours.get('label')!.length, ROWS);
    const features: Readonly<Record<string, OrtTensor>> = Object.fromEntries(inputs.map((input) => {
      const values = ours.get(input)!;
      const isText = (TEXTS as readonly string[]).includes(input);
        return [
          input,
          ortColumn(
            isText
              ? (values as string[])
              : Float32Array.from(values, (value) => (value === null ? Number.NaN : Number(value))),
          ),
        ];
    }));
    const theirs = await runOrt(join(FLIGHTS, `${name}.onnx`), features);
    const expectedLabels = theirs[label]!.values as BigInt64Array;
    const expected = theirs[scores === 'probabilities' ? 'probabilities' : 'output_probability']!
      .values as Float32Array;
    let wrongLabels = 0;
    let largest = 0;
    for (let row = 0; row < ROWS; row++) {
      if (ours.get('label')![row] !== expectedLabels[row]) wrongLabels++;
      largest = Math.max(
        largest,
        Math.abs((ours.get('no')![row] as number) - expected[2 * row]!),
        Math.abs((ours.get('yes')![row] as number) - expected[2 * row + 1]!),
      );
    }
    console.log(
      `${name}: ${ROWS} rows, ${wrongLabels} labels differ, largest difference of a probability ${largest.toExponential(2)}`,
    );
    assert.is(wrongLabels, 0);
    assert.ok(largest <= 1e-5, `the largest difference is ${largest}`);
  });
}

test.run();
