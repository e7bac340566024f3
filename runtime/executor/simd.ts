/**
 * What is asked of V8 by flags, which are the whole process's. SIMD past the standard: relaxed SIMD, on by default in
 * newer engines and behind a flag on Node 20; and registers of 256 bits, into which V8 puts pairs of 128 bits when it
 * is asked to. `INTARSIA_SIMD` holds back: `relaxed` leaves registers at 128 bits, `simd128` asks for nothing. And
 * compilation hints, while a module is read.
 */
import { availableParallelism } from 'node:os';
import { nodeModule } from '../node-module.js';

/** (module (func (result v128) (f32x4.relaxed_madd (v128.const 0) (v128.const 0) (v128.const 0)))) */
function probe(): Uint8Array<ArrayBuffer> {
  const zero = [0xfd, 0x0c, ...Array.from({ length: 16 }, () => 0)];
  const body = [0, ...zero, ...zero, ...zero, 0xfd, 0x85, 0x02, 0x0b];
  return new Uint8Array([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    1, 5, 1, 0x60, 0, 1, 0x7b,
    3, 2, 1, 0,
    10, body.length + 2, 1, body.length, ...body,
  ]);
}

export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(probe());
}

/** Engines whose 256-bit code passes every test of this tree. */
const WIDE_V8: readonly string[] = ['13'];

/** Engines that read `compilationHints` (`backends/wasm/compile-hints.ts`). */
const HINTED_V8: readonly string[] = ['11', '12', '13'];

const RELAXED = 'experimental-wasm-relaxed-simd';
const WIDE = 'experimental-wasm-revectorize';
/** Hints count only where functions are not all left until they are called. */
const HINTS = [
  { on: '--experimental-wasm-compilation-hints', off: '--no-experimental-wasm-compilation-hints' },
  { on: '--no-wasm-lazy-compilation', off: '--wasm-lazy-compilation' },
];
/** How many of V8's threads may compile at once, and how many it has. */
const TASKS = { flag: '--wasm-num-compilation-tasks', usual: 128, threads: 4 };

let isAsked = false;
let isOwned = false;
let isLimited = false;

/** Said by a program's main thread, which then need not load what would tell it that it is that. */
export function ownFlags(): void {
  isOwned = true;
}

function mayAsk(): boolean {
  return isOwned || nodeModule('node:worker_threads').isMainThread;
}

/**
 * Turns on what the engine knows, once, from the main thread: flags are the process's. Asked for only when a module
 * gains by it, and while no thread starts: with other flags than it was built with, Node does not take its own compiled
 * code, and a thread takes twice as long to start. Returns whether relaxed SIMD can be used.
 */
export function enableSimd(): boolean {
  if (!isAsked && mayAsk()) {
    isAsked = true;
    if (mayWiden()) setFlag(`--${WIDE}`);
    if (mayRelax() && !hasRelaxedSimd()) setFlag(`--${RELAXED}`);
  }
  return hasRelaxedSimd();
}

/** Turns on what optimising a module that is there already gains by, as `enableSimd` does. */
export function widenRegisters(): void {
  if (mayWiden()) enableSimd();
}

/** Puts V8's flags back as Node had them, for who writes down code that a later process is to take. */
export function leaveFlags(): void {
  freeCompiler();
  if (isAsked && mayWiden()) setFlag(`--no-${WIDE}`);
}

/** In a program of its own, threads that optimise what is hinted at leave one core to the thread that is to run it. */
function limitCompiler(): void {
  const cores = availableParallelism();
  if (!isOwned || cores > TASKS.threads) return;
  isLimited = true;
  setFlag(`${TASKS.flag}=${Math.max(1, cores - 1)}`);
}

/** For a thread that is to start: it takes Node's own compiled code under Node's flags alone. */
export function freeCompiler(): void {
  if (isLimited) setFlag(`${TASKS.flag}=${TASKS.usual}`);
  isLimited = false;
}

/**
 * A module with what it needs of the engine. Where that is behind a flag it is on for as long as the module is read:
 * what is compiled of it later does not ask again, and threads that start find Node's flags as they were.
 * @throws WebAssembly.CompileError
 */
export function moduleOf(
  bytes: Uint8Array,
  { isRelaxed, hasHints }: { readonly isRelaxed: boolean; readonly hasHints: boolean },
): WebAssembly.Module {
  const takesHints = hasHints && HINTED_V8.includes(majorV8());
  const lent = [
    ...(isRelaxed && !isAsked && mayRelax() && !hasRelaxedSimd() ? [{ on: `--${RELAXED}`, off: `--no-${RELAXED}` }] : []),
    ...(takesHints ? HINTS : []),
  ];
  if (lent.length === 0 || !mayAsk()) return new WebAssembly.Module(bytes);
  if (takesHints) limitCompiler();
  for (const { on } of lent) setFlag(on);
  try {
    return new WebAssembly.Module(bytes);
  } finally {
    for (const { off } of lent) setFlag(off);
  }
}

function mayRelax(): boolean {
  return process.env['INTARSIA_SIMD'] !== 'simd128';
}

function mayWiden(): boolean {
  const isHeldBack = process.env['INTARSIA_SIMD'] === 'simd128' || process.env['INTARSIA_SIMD'] === 'relaxed';
  return !isHeldBack && WIDE_V8.includes(majorV8());
}

function majorV8(): string {
  return process.versions.v8.split('.')[0]!;
}

function setFlag(flag: string): void {
  try {
    nodeModule('node:v8').setFlagsFromString(flag);
  } catch {
    // An engine that takes no flags runs what it has.
  }
}
