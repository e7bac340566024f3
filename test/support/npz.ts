/** Reads NumPy's .npz (a zip of .npy arrays, stored or deflated) as tensors by name. */
import { inflateRawSync } from 'node:zlib';
import type { DType } from '../../ir/dtype.js';
import { decodeTensor } from '../../ir/tensor-bytes.js';
import type { TensorValue } from '../../ir/tensor-data.js';

const DESCRIPTIONS: Readonly<Record<string, DType>> = {
  '<f4': 'f32',
  '<f8': 'f64',
  '<f2': 'f16',
  '<i8': 'i64',
  '<i4': 'i32',
  '<i2': 'i16',
  '|i1': 'i8',
  '|u1': 'u8',
  '<u2': 'u16',
  '<u4': 'u32',
  '<u8': 'u64',
  '|b1': 'bool',
};
const END_OF_DIRECTORY = 0x06054b50;

export function readNpz(bytes: Buffer): ReadonlyMap<string, TensorValue> {
  let end = bytes.length - 22;
  while (bytes.readUInt32LE(end) !== END_OF_DIRECTORY) end--;
  const arrays = new Map<string, TensorValue>();
  let at = bytes.readUInt32LE(end + 16);
  for (let i = 0; i < bytes.readUInt16LE(end + 10); i++) {
    const [method, packed] = [bytes.readUInt16LE(at + 10), bytes.readUInt32LE(at + 20)];
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset)) as [
      number,
      number,
      number,
    ];
    const local = bytes.readUInt32LE(at + 42);
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const contents = bytes.subarray(start, start + packed);
    const name = bytes.toString('utf8', at + 46, at + 46 + nameLength).replace(/\.npy$/, '');
    arrays.set(name, readNpy(method === 0 ? contents : inflateRawSync(contents)));
    at += 46 + nameLength + extraLength + commentLength;
  }
  return arrays;
}

function readNpy(bytes: Buffer): TensorValue {
  const wide = bytes[6] === 1 ? 2 : 4;
  const headerLength = wide === 2 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8);
  const header = bytes.toString('latin1', 8 + wide, 8 + wide + headerLength);
  const description = /'descr':\s*'([^']+)'/.exec(header)?.[1] ?? '';
  const dtype = DESCRIPTIONS[description];
  if (dtype === undefined || !header.includes("'fortran_order': False"))
    throw new Error(`an array that is not read: ${header}`);
  const dims = (/'shape':\s*\(([^)]*)\)/.exec(header)?.[1] ?? '')
    .split(',')
    .filter((dim) => dim.trim() !== '')
    .map(Number);
  return decodeTensor(dtype, dims, bytes.subarray(8 + wide + headerLength));
}
