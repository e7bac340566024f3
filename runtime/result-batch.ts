/** Result chunks of a query as batches for a table writer: what INSERT ... SELECT and CREATE TABLE AS store. */
import { dtypeInfo } from '../ir/dtype.js';
import type { Batch, ColumnSchema, FixedValues, Vector } from './batch.js';
import { ExecutionError } from './errors.js';
import type { ResultChunk } from './executor/protocol.js';
import { elementsPerValue, fixedConstructor } from './storage/fixed-values.js';
import type { PhysicalPlan } from './plan.js';

/** The columns a query's result would have as a table. @throws ExecutionError for a STRUCT or MAP column. */
export function resultColumns(plan: PhysicalPlan): readonly ColumnSchema[] {
  return plan.output.map((column) => {
    if (column.kind !== 'leaf') {
      throw new ExecutionError(
        `column ${column.name} is a ${column.kind.toUpperCase()}, which a table cannot hold: select its parts`,
      );
    }
    const leaf = plan.leaves[column.leaf]!;
    return { name: column.name, dtype: leaf.dtype === 'null' ? 'i32' : leaf.dtype, width: leaf.width, nullable: true };
  });
}

/** The first of a result's columns, as those of a table. @throws ExecutionError when a NOT NULL column gets a NULL. */
export function toBatch(
  chunk: ResultChunk,
  { plan, columns }: { plan: PhysicalPlan; columns: readonly ColumnSchema[] },
): Batch {
  return {
    rowCount: chunk.rowCount,
    columns: columns.map((column, i): Vector => {
      const leaf = leafOf(plan, i);
      const data = chunk.leaves[leaf]!;
      const validity = data.validity === undefined ? undefined : new Uint8Array(data.validity);
      if (!column.nullable && validity !== undefined)
        requireValid(validity, { rowCount: chunk.rowCount, name: column.name });
      const base = { dtype: column.dtype, width: column.width, validity };
      if (dtypeInfo(column.dtype).physical === 'bytes') {
        return {
          ...base,
          values: undefined,
          offsets: new Uint32Array(data.values),
          bytes: new Uint8Array(data.bytes!),
        };
      }
      const isTyped = plan.leaves[leaf]!.dtype === column.dtype;
      const values = isTyped
        ? view(data.values, column)
        : new (fixedConstructor(column.dtype))(chunk.rowCount * column.width * elementsPerValue(column.dtype));
      return { ...base, values, offsets: undefined, bytes: undefined };
    }),
  };
}

/** In how many rows a BOOLEAN without NULLs is true. */
export function countTrue(chunk: ResultChunk, { plan, column }: { plan: PhysicalPlan; column: number }): number {
  const { values } = chunk.leaves[leafOf(plan, column)]!;
  return new Uint8Array(values, 0, chunk.rowCount).reduce((sum, value) => sum + value, 0);
}

function leafOf({ output }: PhysicalPlan, column: number): number {
  const found = output[column]!;
  return found.kind === 'leaf' ? found.leaf : 0;
}

function view(buffer: ArrayBuffer, column: ColumnSchema): FixedValues {
  const Values = fixedConstructor(column.dtype) as unknown as new (buffer: ArrayBuffer) => FixedValues;
  return new Values(buffer);
}

function requireValid(validity: Uint8Array, { rowCount, name }: { rowCount: number; name: string }): void {
  for (let row = 0; row < rowCount; row++) {
    if (((validity[row >> 3]! >> (row & 7)) & 1) === 0)
      throw new ExecutionError(`NOT NULL constraint failed: column ${name} got a NULL`);
  }
}
