/** Numbers of all types in aggregates and casts, on the oracle and on the product alike; the answers are DuckDB's. */
import { test } from 'uvu';
import { BothEngines } from '../support/both-engines.js';

const engines = BothEngines.during(test);

test('the mean of decimals is rounded once, that of large unsigned numbers is not negative', () => engines.answers({
  'SELECT avg(x), avg(DISTINCT x) FROM (VALUES (0.1), (0.1), (0.1)) t(x)': [['0.1', '0.1']],
  'SELECT avg(e) FROM t': [['1.3366666666666667']],
  'SELECT median(x), avg(x) FROM (VALUES (CAST(18446744073709551615 AS UBIGINT))) t(x)': [
    ['1.8446744073709552e+19', '1.8446744073709552e+19'],
  ],
}));

test('a boolean that a decimal has no digit for cannot be one', async () => {
  await engines.answers({ 'SELECT try_cast(e > 1.3 AS DECIMAL(1,1)) FROM t ORDER BY id': [['0.0'], ['0.0'], ['NULL']] });
  await engines.fails(['SELECT CAST(e > 1 AS DECIMAL(1,1)) FROM t'], /out of range/);
});

test.run();
