/**
 * The artifact `plan.wasm`: a valid WebAssembly module (the kernels) followed by custom sections
 *
 *   intarsia.plan      JSON of PhysicalPlan
 *   intarsia.ir        the plan's IR text, for explain
 *   intarsia.checksum  magic and version (8 bytes), then the CRC-32 of all bytes before this section
 *
 * An artifact is untrusted: the checksum is verified first, then the plan's shape (plan-shape.ts), then the engine
 * validates the code. Reading one loads no compiler.
 */
import { crc32 } from 'node:zlib';
import { StorageError } from './errors.js';
import { moduleOf } from './executor/simd.js';
import { HINTS_SECTION, PLAN_VERSION, type PhysicalPlan } from './plan.js';
import { checkPlan } from './plan-shape.js';

const PLAN_SECTION = 'intarsia.plan';
const IR_SECTION = 'intarsia.ir';
const CHECKSUM_SECTION = 'intarsia.checksum';
const MAGIC = 'INTA';
const CHECKSUM_PAYLOAD_BYTES = 12;
/** Magic and version of a WebAssembly module. */
const MODULE_HEADER_BYTES = 8;

export interface Artifact {
  readonly plan: PhysicalPlan;
  readonly irText: string;
  readonly module: WebAssembly.Module;
}

function leb128(value: number): readonly number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const more = rest >= 0x80;
    bytes.push((rest & 0x7f) | (more ? 0x80 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return bytes;
}

function section(name: string, payload: Uint8Array): Uint8Array {
  const title = Buffer.from(name);
  const header = Buffer.from([...leb128(title.byteLength)]);
  const length = header.byteLength + title.byteLength + payload.byteLength;
  return Buffer.concat([Buffer.from([0, ...leb128(length)]), header, title, payload]);
}

export function writeArtifact(options: { wasm: Uint8Array; plan: PhysicalPlan; irText: string }): Uint8Array {
  const body = Buffer.concat([
    options.wasm,
    section(PLAN_SECTION, Buffer.from(JSON.stringify(options.plan))),
    section(IR_SECTION, Buffer.from(options.irText)),
  ]);
  const payload = Buffer.alloc(CHECKSUM_PAYLOAD_BYTES);
  payload.write(MAGIC, 0, 'latin1');
  payload.writeUInt32LE(PLAN_VERSION, 4);
  payload.writeUInt32LE(crc32(body), 8);
  return new Uint8Array(Buffer.concat([body, section(CHECKSUM_SECTION, payload)]));
}

function damaged(
  message: string,
  details: { expected?: string | number; actual?: string | number; file?: string } = {},
): StorageError {
  return new StorageError('artifact', message, details);
}

/** @throws StorageError with code `artifact` when the bytes are not a whole artifact of this version. */
export function readArtifact(bytes: Uint8Array, file = 'the artifact'): Artifact {
  verifyChecksum(bytes, file);
  const sections = customSections(bytes);
  const text = (name: string): string => {
    const found = sections.get(name);
    if (found === undefined)
      throw damaged(`${file} has no section ${name}: it is a WebAssembly module, but not a plan`, { file });
    return new TextDecoder().decode(found);
  };
  const { plan, functions } = checkPlan(parsePlan(text(PLAN_SECTION), file), file);
  try {
    const module = moduleOf(bytes, { isRelaxed: plan.simd !== 'simd128', hasHints: sections.has(HINTS_SECTION) });
    requireFunctions(module, functions, file);
    return { plan, irText: text(IR_SECTION), module };
  } catch (cause) {
    if (cause instanceof StorageError) throw cause;
    throw new StorageError('artifact', `${file} is not a WebAssembly module this engine can run: ${String(cause)}`, {
      file,
      cause,
    });
  }
}

function requireFunctions(module: WebAssembly.Module, functions: ReadonlySet<string>, file: string): void {
  const found = new Set(
    WebAssembly.Module.exports(module).flatMap(({ kind, name }) => (kind === 'function' ? [name] : [])),
  );
  const missing = [...functions].filter((name) => !found.has(name));
  if (missing.length > 0) throw damaged(`${file}: its code has no function ${missing.join(', ')}`, { file });
}

function parsePlan(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new StorageError('artifact', `${file}: the plan section is not JSON`, { file, cause });
  }
}

/**
 * The custom sections by name, before the engine has seen the module: the plan says what has to be asked of the engine
 * first.
 */
function customSections(bytes: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const sections = new Map<string, Uint8Array>();
  let at = MODULE_HEADER_BYTES;
  const number = (): number => {
    let value = 0;
    for (let shift = 0; shift < 35 && at < bytes.length; shift += 7) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    return value;
  };
  while (at < bytes.length) {
    const id = bytes[at++]!;
    const length = number();
    const end = Math.min(at + length, bytes.length);
    if (id === 0) {
      const nameBytes = number();
      const name = Buffer.from(bytes.subarray(at, Math.min(at + nameBytes, end))).toString();
      sections.set(name, bytes.subarray(Math.min(at + nameBytes, end), end));
    }
    at = end;
  }
  return sections;
}

function verifyChecksum(bytes: Uint8Array, file: string): void {
  const empty = section(CHECKSUM_SECTION, new Uint8Array(CHECKSUM_PAYLOAD_BYTES));
  const titleBytes = empty.byteLength - CHECKSUM_PAYLOAD_BYTES;
  const start = bytes.byteLength - empty.byteLength;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (start < 8 || !buffer.subarray(start, start + titleBytes).equals(empty.subarray(0, titleBytes))) {
    throw damaged(`${file} does not end with the checksum of an artifact: it is truncated, or no plan at all`, {
      file,
    });
  }
  const payload = buffer.subarray(start + titleBytes);
  const version = payload.readUInt32LE(4);
  if (payload.toString('latin1', 0, 4) !== MAGIC || version !== PLAN_VERSION) {
    throw damaged(
      `${file} is a plan of version ${version}, this runtime reads ${PLAN_VERSION}: compile the query again`,
      { file, expected: PLAN_VERSION, actual: version },
    );
  }
  const expected = payload.readUInt32LE(8);
  const actual = crc32(buffer.subarray(0, start));
  if (expected !== actual)
    throw damaged(`${file} is damaged: its checksum is ${actual}, expected ${expected}`, { file, expected, actual });
}
