/**
 * Rows as a table for people: names, types, numbers to the right. In: columns and rows of text (`undefined` is NULL).
 * Out: text. Of many rows the middle is left out, of many columns too, so that the whole fits a screen.
 */
import type { TextBatch, TextColumn } from '../runtime/result-text.js';
import { countText } from './sizes.js';

/** Rows shown of a long result: as many from its beginning as from its end. */
const EDGE_ROWS = 20;
/** A longer value is cut. */
const MAX_VALUE_WIDTH = 60;
const MIN_VALUE_WIDTH = 12;
const ELLIPSIS = '…';

type Row = readonly (string | undefined)[];

/** Keeps the first and last rows of a result as it passes. */
export class TableRows {
  readonly head: Row[] = [];
  private readonly tail: Row[] = [];
  private count = 0;

  add(batch: TextBatch): void {
    for (let row = 0; row < batch.rowCount; row++) {
      // Rows that will surely be left out are not even read.
      const fromEnd = batch.rowCount - row;
      if (this.count >= EDGE_ROWS && fromEnd > EDGE_ROWS) {
        this.count++;
        continue;
      }
      const values = batch.columns.map((read) => read(row));
      this.count++;
      if (this.head.length < EDGE_ROWS) this.head.push(values);
      else if (this.tail.push(values) > EDGE_ROWS) this.tail.shift();
    }
  }

  get rowCount(): number {
    return this.count;
  }

  get end(): readonly Row[] {
    return this.tail;
  }
}

/** `width`: characters of the terminal; `undefined` where lines may be of any length, 0 where it does not know. */
export function renderTable(columns: readonly TextColumn[], rows: TableRows, width?: number): string {
  const shown = [...rows.head, ...rows.end];
  const texts = columns.map((column, i) => ({
    column,
    cells: shown.map((row) => (row[i] === undefined ? 'NULL' : printable(row[i]!))),
  }));
  const laidOut = fit(texts.map(({ column, cells }) => ({
    ...column, cells, width: Math.max(...[column.name, column.type, ...cells].map(displayWidth)),
  })), width);
  const line = (pick: (column: Shown) => string, pad = ' ', cross = '│'): string =>
    laidOut.map((column) => pad + align(pick(column), column, pad) + pad).join(cross).trimEnd();
  const elided = rows.rowCount - shown.length;
  const body = shown.map((_, row) => line((column) => column.cells[row]!));
  if (elided > 0) body.splice(rows.head.length, 0, line(() => '·'));
  const summary = `${countText(rows.rowCount)} ${rows.rowCount === 1 ? 'row' : 'rows'}${elided > 0 ? ` (${shown.length} shown)` : ''}`;
  return [
    line((column) => column.name),
    line((column) => column.type),
    line(() => '', '─', '┼'),
    ...body,
    summary,
    '',
  ].join('\n');
}

interface Shown extends TextColumn {
  readonly cells: readonly string[];
  readonly width: number;
}

/** Cuts long values, then leaves out middle columns, until a line fits. */
function fit(columns: readonly Shown[], width: number | undefined): readonly Shown[] {
  const total = (list: readonly Shown[]): number => list.reduce((sum, column) => sum + column.width + 3, -1);
  let most = MAX_VALUE_WIDTH;
  let fitted = columns.map((column) => narrow(column, most));
  if (width === undefined || width === 0) return fitted;
  for (; total(fitted) > width && most > MIN_VALUE_WIDTH; most -= 4)
    fitted = columns.map((column) => narrow(column, most - 4));
  const left = [...fitted];
  let isElided = false;
  while (total(left) + (isElided ? 4 : 0) > width && left.length > 2) {
    left.splice(Math.floor(left.length / 2), 1);
    isElided = true;
  }
  if (!isElided) return left;
  left.splice(Math.ceil(left.length / 2), 0, {
    name: ELLIPSIS,
    type: '',
    isNumeric: false,
    cells: left[0]!.cells.map(() => ELLIPSIS),
    width: 1,
  });
  return left;
}

function narrow(column: Shown, most: number): Shown {
  if (column.width <= most) return column;
  const cut = (text: string): string => cutTo(text, most);
  return {
    name: cut(column.name),
    type: cut(column.type),
    isNumeric: column.isNumeric,
    cells: column.cells.map(cut),
    width: most,
  };
}

function cutTo(text: string, most: number): string {
  if (displayWidth(text) <= most) return text;
  let kept = '';
  let width = 0;
  for (const character of text) {
    width += displayWidth(character);
    if (width > most - 1) break;
    kept += character;
  }
  return kept + ELLIPSIS;
}

function align(text: string, column: Shown, pad: string): string {
  const space = pad.repeat(Math.max(0, column.width - displayWidth(text)));
  return column.isNumeric ? space + text : text + space;
}

/** Control characters would move the cursor. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (character) => {
    const known = { '\n': '\\n', '\t': '\\t', '\r': '\\r' }[character];
    return known ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

/** Columns a terminal needs: none for marks and formats, two for wide East Asian characters and emoji (TR 11). */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]/u;

export function displayWidth(text: string): number {
  if (/^[\u0020-\u007e]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += /[\p{M}\p{Cf}]/u.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}
