/** The table of a result: aligned by what a terminal shows, short enough for a screen, safe to print. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { displayWidth, renderTable, TableRows } from '../../cli/table.js';
import type { TextColumn } from '../../runtime/result-text.js';
import { golden } from '../support/golden.js';

const column = (name: string, type: string, isNumeric = false): TextColumn => ({ name, type, isNumeric });

function tableOf(
  columns: readonly TextColumn[],
  rows: readonly (readonly (string | undefined)[])[],
  options: { width?: number; batchRows?: number } = {},
): string {
  const kept = new TableRows();
  const size = options.batchRows ?? Math.max(1, rows.length);
  for (let first = 0; first < rows.length; first += size) {
    const part = rows.slice(first, first + size);
    kept.add({ rowCount: part.length, columns: columns.map((_, i) => (row) => part[row]![i]) });
  }
  return renderTable(columns, kept, options.width);
}

test('numbers stand right, texts left; wide characters take two columns and control characters none of their own', () => {
  golden(
    'cli/alignment',
    tableOf(
      [column('id', 'BIGINT', true), column('name', 'VARCHAR'), column('score', 'DOUBLE', true)],
      [
        ['1', 'Ada', '0.5'],
        ['20', undefined, undefined],
        ['300', '日本', '-12.25'],
        ['4', 'line\nbreak \u001b[31mred', '1e+20'],
  ]));
});

test('of many rows the middle is left out, whatever the batches were', () => {
  const rows = Array.from({ length: 1234 }, (_, i) => [String(i)]);
  const table = tableOf([column('n', 'INTEGER', true)], rows);
  assert.match(table, /1,234 rows \(40 shown\)\n$/);
  const lines = table.split('\n');
  assert.is(lines[22]!.trim(), '19');
  assert.is(lines[23]!.trim(), '·');
  assert.is(lines[24]!.trim(), '1214');
  for (const batchRows of [1, 7, 20, 21, 1000])
    assert.is(tableOf([column('n', 'INTEGER', true)], rows, { batchRows }), table);
});

test('forty rows are shown whole, forty-one are not', () => {
  const rows = (count: number): string[][] => Array.from({ length: count }, (_, i) => [String(i)]);
  assert.match(tableOf([column('n', 'INTEGER')], rows(40), { batchRows: 33 }), /\n40 rows\n$/);
  assert.match(tableOf([column('n', 'INTEGER')], rows(41), { batchRows: 33 }), /\n41 rows \(40 shown\)\n$/);
});

test('emoji outside of the emoji blocks are wide, and formats take no column', () => {
  assert.equal(['☕⌚✅', '☺', '\u200bz\u202e', 'e\u0301'].map(displayWidth), [6, 1, 1, 1]);
});

test('no line is wider than the terminal', () => {
  const columns = Array.from({ length: 30 }, (_, i) => column(`column_${i}`, 'VARCHAR'));
  const rows = [columns.map((_, i) => `value ${'x'.repeat(i * 4)}`), columns.map(() => '漢字'.repeat(20))];
  for (const width of [40, 80, 200]) {
    const lines = tableOf(columns, rows, { width }).split('\n');
    for (const line of lines)
      assert.ok(displayWidth(line) <= width, `${displayWidth(line)} columns of ${width}: ${line}`);
    assert.match(lines[0]!, /column_0.*….*column_29/);
  }
});

test('a terminal that does not know its width gets all columns', () => {
  const columns = ['a', 'b', 'c', 'd'].map((name) => column(name, 'VARCHAR'));
  const rows = [['x', 'y', 'z', 'a value of more than twelve characters']];
  assert.is(tableOf(columns, rows, { width: 0 }), tableOf(columns, rows));
});

test('a result without rows is a header', () => {
  assert.is(tableOf([column('a', 'INTEGER', true)], []), '       a\n INTEGER\n─────────\n0 rows\n');
});

test.run();
