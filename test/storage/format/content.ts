/** What the databases beside this hold, and what is asked of them. */
import { FORMAT_VERSION } from '../../../runtime/storage/format.js';
import { ROOT } from '../../support/golden.js';

export const MODELS = ['late_logistic', 'late_gbdt', 'late_mlp'] as const;

export function databaseOfFormat(version: number): string {
  return `${ROOT}test/storage/format/version-${version}.db.gz`;
}

export const NEWEST = databaseOfFormat(FORMAT_VERSION);

/** Each type with its least, a usual and no value; codes and plain text; more rows than a row group has. */
export const STATEMENTS = [
  `CREATE TABLE kinds (a BOOLEAN, b TINYINT, c SMALLINT, d INTEGER, e BIGINT, f FLOAT, g DOUBLE, h DECIMAL(18, 3),
     i DECIMAL(38, 10), j VARCHAR, k BLOB, l DATE, m TIME, n TIMESTAMP, o INTERVAL, p FLOAT[3])`,
  `INSERT INTO kinds VALUES
     (true, -128, -32768, -2147483648, -9223372036854775808, -1.5, -2.25e300, -123456789012345.678,
      -12345678.0123456789, 'naïve ✓', 'a\\x00b'::BLOB, DATE '0001-01-01', TIME '00:00:00',
      TIMESTAMP '1969-12-31 23:59:59.999999', INTERVAL '14 months 3 days', [1, -2, 0.5]::FLOAT[3]),
     (false, 7, 300, 70000, 5000000000, 0.1, 0.1, 0.001, 0.0000000001, '', ''::BLOB, DATE '2013-07-04', TIME '23:59:59.5',
      TIMESTAMP '2013-07-04 12:30:00', INTERVAL '-1 hour', [0, 0, 0]::FLOAT[3]),
     (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, [1, 1, 1]::FLOAT[3])`,
  `CREATE TABLE many AS
     SELECT generate_series AS id, 'group ' || (generate_series % 13) AS code,
            CASE WHEN generate_series % 10 = 0 THEN NULL ELSE generate_series * 0.5 END AS x
     FROM generate_series(1, 66000)`,
  `CREATE TABLE texts AS
     SELECT generate_series AS id, CAST(generate_series * 7919 AS VARCHAR) || ' ✓' AS text FROM generate_series(1, 2000)`,
] as const;

const FLIGHT =
  `SELECT month, day, hour, dep_delay, 800 AS distance, 50.0 AS temp, 10.0 AS wind_speed, 10.0 AS visib, 0.0 AS precip,
          1012.5 AS pressure, 2000 AS plane_year, 150 AS seats, 2 AS engines, carrier, 'JFK' AS origin, 'BOS' AS dest
   FROM (VALUES (1, 15, 8, -5, 'B6'), (7, 4, 17, 40, 'UA'), (12, 24, 21, 3, 'DL'), (3, 3, 6, 0, 'none')) f(month, day, hour, dep_delay, carrier)`;

export const QUESTIONS = [
  'SELECT * FROM kinds',
  'SELECT code, count(*), count(x), sum(id), sum(x) FROM many GROUP BY code ORDER BY code',
  "SELECT count(*), min(text), max(text), sum(length(text)) FROM texts",
  "SELECT id, x FROM many WHERE code = 'group 5' AND id > 65970",
  `SELECT round((predict(late_logistic, t.*)).output_probability[1], 4) AS logistic,
          round((predict(late_gbdt, t.*)).probabilities[2], 4) AS trees,
          round((predict(late_mlp, t.*)).probabilities[2], 4) AS network
   FROM (${FLIGHT}) t`,
] as const;
