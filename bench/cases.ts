/**
 * What `bench serve` measures: each case is a table or a join, a model over it, and the average score per group.
 */

export interface BenchTable {
  readonly name: string;
  readonly source:
    { readonly kind: 'generated'; readonly rowCount: number } | { readonly kind: 'flights'; readonly file: string };
}

export interface BenchCase {
  readonly name: string;
  readonly model:
    | { readonly kind: 'dense'; readonly hidden: number }
    | { readonly kind: 'trees'; readonly trees: number }
    | { readonly kind: 'file'; readonly file: string };
  readonly tables: readonly BenchTable[];
  /** Columns of the model's inputs: one [rows, n] matrix `x`, or an input for each. */
  readonly layout: 'matrix' | 'columns';
  readonly numbers: readonly string[];
  readonly texts: readonly string[];
  readonly group: 'merchant' | 'carrier';
  /** The model's output that holds the score in its second column. */
  readonly output: string;
}

const FEATURES = Array.from({ length: 28 }, (_, index) => `f${index}`);
const GENERATED = {
  layout: 'matrix',
  numbers: FEATURES,
  texts: [],
  group: 'merchant',
  output: 'probabilities',
} as const;
const transactions = (rowCount: number): BenchTable => ({ name: 'tx', source: { kind: 'generated', rowCount } });

/** The number features of the flights models, under their inputs' names. */
export const FLIGHT_NUMBERS = [
  'month',
  'day',
  'hour',
  'dep_delay',
  'distance',
  'temp',
  'wind_speed',
  'visib',
  'precip',
  'pressure',
  'plane_year',
  'seats',
  'engines',
];
/** A feature as DuckDB gives it to ONNX Runtime: a float, NaN where there is no value. */
export function floatOrNaN(expression: string): string {
  return `coalesce(${expression}, 'nan'::FLOAT)::FLOAT`;
}

const FLIGHT_TABLES = ['flights', 'weather', 'planes', 'airlines'].map((name): BenchTable => ({
  name,
  source: { kind: 'flights', file: `${name}.parquet` },
}));
const FLIGHTS = { layout: 'columns', numbers: FLIGHT_NUMBERS, group: 'carrier', tables: FLIGHT_TABLES } as const;

export const CASES: readonly BenchCase[] = [
  { name: 'fraud-fc-256', model: { kind: 'dense', hidden: 256 }, tables: [transactions(1_000_000)], ...GENERATED },
  { name: 'fraud-fc-512', model: { kind: 'dense', hidden: 512 }, tables: [transactions(1_000_000)], ...GENERATED },
  { name: 'gbdt-100', model: { kind: 'trees', trees: 100 }, tables: [transactions(200_000)], ...GENERATED },
  { name: 'gbdt-500', model: { kind: 'trees', trees: 500 }, tables: [transactions(200_000)], ...GENERATED },
  {
    name: 'flights-logistic',
    model: { kind: 'file', file: 'late_logistic.onnx' },
    texts: ['carrier', 'origin', 'dest'],
    output: 'output_probability',
    ...FLIGHTS,
  },
  {
    name: 'flights-gbdt',
    model: { kind: 'file', file: 'late_gbdt.onnx' },
    texts: [],
    output: 'probabilities',
    ...FLIGHTS,
  },
  {
    name: 'flights-mlp',
    model: { kind: 'file', file: 'late_mlp.onnx' },
    texts: [],
    output: 'probabilities',
    ...FLIGHTS,
  },
];
