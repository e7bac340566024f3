/**
 * Which kernels this engine runs best: measured once a day, kept as JSON text in the user's cache folder by engine,
 * processor, `INTARSIA_SIMD`, and whether relaxed SIMD is on: on Node 20 a worker thread has it only when the main
 * thread has asked for it. A cache that cannot be read or written costs the time of measuring, nothing else.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { cpus, homedir } from 'node:os';
import { join } from 'node:path';
import { calibrateTier, hasRelaxedSimd, type Calibration } from '../backends/wasm/calibrate.js';
import { SIMD128_TIER, type KernelTier } from '../backends/wasm/kernel-tier.js';
import { DEFAULT_RATES, type Rates } from '../passes/rates.js';

export interface Kernels {
  readonly tier: KernelTier;
  readonly rates: Rates;
}

/** Counted up when `Calibration` or the candidates change. */
const VERSION = 1;
/** A measurement beside busy neighbours does not last. */
const KEPT_MS = 24 * 60 * 60 * 1000;

/** `fresh` measures in any case. */
export async function measureKernels({ fresh = false }: { readonly fresh?: boolean } = {}): Promise<string> {
  return JSON.stringify(kernelCalibration({ fresh }));
}

export function kernelCalibration({ fresh = false }: { readonly fresh?: boolean } = {}): Calibration {
  const path = cachePath();
  const known = fresh ? undefined : readCalibration(path);
  if (known !== undefined) return known;
  const calibration = calibrateTier();
  keep(path, calibration);
  return calibration;
}

function cachePath(): string {
  const { node, v8 } = process.versions;
  const { INTARSIA_SIMD } = process.env;
  const engine = [node, v8, process.arch, cpus()[0]?.model, INTARSIA_SIMD, hasRelaxedSimd(), ...process.execArgv];
  const name = createHash('sha256').update(JSON.stringify([VERSION, ...engine])).digest('hex').slice(0, 16);
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'intarsia', `kernels-${name}.json`);
}

function readCalibration(path: string): Calibration | undefined {
  try {
    if (Date.now() - statSync(path).mtimeMs > KEPT_MS) return undefined;
    const found = JSON.parse(readFileSync(path, 'utf8')) as Partial<Calibration>;
    const { tier, measured } = found;
    const numbers = [tier?.dense.width, tier?.dense.vectors, tier?.lockstep, measured?.[0]?.gflops];
    return numbers.every((number) => Number(number) > 0) ? (found as Calibration) : undefined;
  } catch {
    return undefined;
  }
}

function keep(path: string, calibration: Calibration): void {
  try {
    mkdirSync(join(path, '..'), { recursive: true });
    const unfinished = `${path}.${process.pid}`;
    writeFileSync(unfinished, JSON.stringify(calibration));
    renameSync(unfinished, path);
  } catch {
    // Measured again by the next process.
  }
}

/**
 * A block streams past many rows at the rate of the kernel alone; what is fused around a tile costs about a quarter of
 * it.
 */
const FUSED_SHARE = 0.75;

export function chooseKernels(calibration: string | undefined): Kernels {
  if (calibration === undefined) return { tier: SIMD128_TIER, rates: DEFAULT_RATES };
  const { tier, measured } = JSON.parse(calibration) as Calibration;
  const best = Math.max(...measured.map((entry) => entry.gflops));
  return { tier, rates: { ...DEFAULT_RATES, denseGflops: best * FUSED_SHARE, blockGflops: best * FUSED_SHARE } };
}
