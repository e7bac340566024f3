/**
 * The transcendental functions that code calls one value at a time (`env.math_<name>`): the engine's own, by the names
 * of the scalar table, where they are the same. Models use SIMD kernels instead.
 */
type MathImport = (...args: number[]) => number;

const ENGINE: Readonly<Record<string, MathImport>> = {
  exp: Math.exp, expm1: Math.expm1, ln: Math.log, log2: Math.log2, log10: Math.log10, log1p: Math.log1p,
  cbrt: Math.cbrt, sqrt: Math.sqrt,
  sin: Math.sin, cos: Math.cos, tan: Math.tan, asin: Math.asin, acos: Math.acos, atan: Math.atan, atan2: Math.atan2,
  sinh: Math.sinh, cosh: Math.cosh, tanh: Math.tanh, asinh: Math.asinh, acosh: Math.acosh, atanh: Math.atanh,
  fmod: (a, b) => a! % b!,
  sigmoid: (a) => (a! >= 0 ? 1 / (1 + Math.exp(-a!)) : Math.exp(a!) / (1 + Math.exp(a!))),
  random: Math.random,
};

const PREFIX = 'math_';

/**
 * What a module imports of mathematics. Functions the engine lacks come from the scalar table's meaning, loaded when
 * needed.
 */
export async function mathImports(module: WebAssembly.Module): Promise<Readonly<Record<string, MathImport>>> {
  const names = WebAssembly.Module.imports(module).map((entry) => entry.name).filter((name) => name.startsWith(PREFIX));
  const wanted: Record<string, MathImport> = {};
  for (const name of names) {
    const op = name.slice(PREFIX.length);
    const found =
      ENGINE[op] ?? ((await import('../../ir/scalar/transcendental.js')) as unknown as Record<string, MathImport>)[op];
    if (found === undefined) throw new Error(`the plan imports ${name}, which this runtime does not have`);
    wanted[name] = found;
  }
  return wanted;
}
