/**
 * Picking by a position that depends on the row: from a table of constants (`take`), or among the columns of the row
 * (`pick`, numpy.take_along_axis). A negative position counts from the end; one outside is clamped to the ends.
 */
import type { Func, FunctionBuilder, ModuleBuilder } from '../dsl.js';
import { load, select, type I32, type I64 } from '../values.js';
import { WIDTH_BYTES, type QuadDType } from './quad.js';

const TAKE_PARAMS = { input: 'i32', output: 'i32', count: 'i32', rows: 'i32', table: 'i32', text: 'i32' } as const;
const PICK_PARAMS = { positions: 'i32', input: 'i32', output: 'i32', count: 'i32', rows: 'i32' } as const;

/** `table` holds `size` constants; of utf8 as (offset, byte length) from the address `text`. */
export function emitTake(
  module: ModuleBuilder,
  name: string,
  kernel: { readonly positions: 'i32' | 'i64'; readonly dtype: QuadDType; readonly size: number },
): Func<typeof TAKE_PARAMS, undefined> {
  const width = WIDTH_BYTES[kernel.dtype];
  return module.define(name, { params: TAKE_PARAMS }, (f, { input, output, count, rows, table, text }) => {
    f.forRange({ to: count }, (j) => {
      const from = f.let(load.i32(input.add(j.shl(2))), 'from');
      const to = f.let(load.i32(output.add(j.shl(2))), 'to');
      f.forRange({ to: rows }, () => {
        const place = f.let(table.add(positionAt(f, kernel.positions, from, kernel.size).mul(width)));
        if (kernel.dtype === 'utf8') f.store.i64(to, load.i64(place).add(text.extend_u()));
        else copyElement(f, width, to, place);
        f.advance(from, WIDTH_BYTES[kernel.positions]);
        f.advance(to, width);
      });
    });
  });
}

/** Output column j is the column at `positions` column j, among the `size` columns of `input` from j * size on. */
export function emitPick(
  module: ModuleBuilder,
  name: string,
  kernel: { readonly positions: 'i32' | 'i64'; readonly dtype: QuadDType; readonly size: number },
): Func<typeof PICK_PARAMS, undefined> {
  const width = WIDTH_BYTES[kernel.dtype];
  return module.define(name, { params: PICK_PARAMS }, (f, { positions, input, output, count, rows }) => {
    f.forRange({ to: count }, (j) => {
      const from = f.let(load.i32(positions.add(j.shl(2))), 'from');
      const to = f.let(load.i32(output.add(j.shl(2))), 'to');
      const columns = f.let(input.add(j.mul(kernel.size * 4)), 'columns');
      f.forRange({ to: rows }, (row) => {
        const column = load.i32(columns.add(positionAt(f, kernel.positions, from, kernel.size).shl(2)));
        copyElement(f, width, to, f.let(column.add(row.mul(width))));
        f.advance(from, WIDTH_BYTES[kernel.positions]);
        f.advance(to, width);
      });
    });
  });
}

function positionAt(f: FunctionBuilder, dtype: 'i32' | 'i64', from: I32, size: number): I32 {
  const wide: I64 = dtype === 'i64' ? load.i64(from) : load.i32(from).extend_s();
  const position = f.let(wide);
  f.set(position, select(position.lt_s(0), position.add(size), position));
  f.set(position, select(position.lt_s(0), position.xor(position), position));
  f.if(position.ge_s(size), () => f.set(position, size - 1));
  return f.let(position.wrap());
}

function copyElement(f: FunctionBuilder, width: number, to: I32, from: I32): void {
  if (width === 1) f.store.i8(to, load.i8_u(from));
  else if (width === 4) f.store.i32(to, load.i32(from));
  else f.store.i64(to, load.i64(from));
}
