/**
 * Arrow vectors whose values are the stored ones, over the same buffers: apache-arrow itself makes doubles of
 * timestamps, and its decoder takes a byte order mark off a text and writes U+FFFD for what is none.
 */
import { Binary, BinaryView, DataType, Int64, LargeBinary, Vector } from 'apache-arrow';

/** Gives timestamps as their integers and texts as their bytes; vectors of other types stay as they are. */
export function exactVector(vector: Vector): Vector {
  const type = storedType(vector.type as DataType);
  return type === undefined ? vector : new Vector(vector.data.map((chunk) => chunk.clone(type as never)));
}

function storedType(type: DataType): DataType | undefined {
  if (DataType.isTimestamp(type)) return new Int64();
  if (DataType.isUtf8(type)) return new Binary();
  if (DataType.isLargeUtf8(type)) return new LargeBinary();
  if (DataType.isUtf8View(type)) return new BinaryView();
  return undefined;
}
