/** Bytes of one value of a dtype where it lies in memory. */
import { dtypeInfo, type DType } from '../../ir/dtype.js';

export function physicalBytes(dtype: DType): number {
  return dtypeInfo(dtype).widthBytes;
}
