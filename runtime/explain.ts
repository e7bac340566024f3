/** Explain: what was compiled and why, and with `analyze` how it ran, as text, JSON or a Graphviz graph. */
import { requireOneOf } from './arguments.js';
import type { CompiledQuery, PlacementDecision, QueryDetails } from './compiler.js';
import type { RunProfile } from './executor/run-profile.js';
import type { ExplainOptions } from './options.js';
import type { BufferPoolStats } from './storage/buffer-pool.js';

export type ExplainedQuery = CompiledQuery & QueryDetails;

interface Rendered extends ExplainOptions {
  readonly profile: RunProfile | undefined;
  readonly pool: BufferPoolStats;
}

export function renderExplain(query: ExplainedQuery, options: Rendered): string {
  const { format = 'text' } = options;
  requireOneOf('format', format, ['text', 'json', 'dot']);
  switch (format) {
    case 'text': return explainText(query, options);
    case 'json': return explainJson(query, options);
    case 'dot': return explainDot(query, options);
  }
}

const indent = (text: string, by = '  '): string => text.trimEnd().split('\n').map((line) => by + line).join('\n');
const ms = (value: number): string => (value < 10 ? value.toFixed(2) : value.toFixed(0)) + ' ms';
const bytesText = (bytes: number): string =>
  bytes >= 1 << 20 ? `${(bytes / (1 << 20)).toFixed(1)} MiB` : `${(bytes / 1024).toFixed(1)} KiB`;

function explainText(query: ExplainedQuery, options: Rendered): string {
  const { report, plan } = query;
  const parts: string[] = [];
  const section = (title: string, lines: readonly string[]): void => {
    if (lines.length > 0) parts.push(`${title}\n${lines.map((line) => indent(line)).join('\n')}`);
  };
  section('plan', [report.stages.at(-1)?.text ?? '']);
  section('rewrites', rewriteLines(query, options.passes === true));
  section('representations', report.decisions.flatMap(decisionLines));
  section(`pipelines (${plan.simd})`, plan.pipelines.flatMap((pipeline) => pipelineLines(pipeline, options.profile)));
  section(
    'host functions (JavaScript, one call a value)',
    plan.hostFunctions.map((fn) => `${fn.op}(${fn.args.join(', ')}) -> ${fn.result}`),
  );
  section('weights', weightLines(query));
  section('compile', [
    `${ms(report.milliseconds)} in all, ${query.wasm.byteLength} bytes of WebAssembly`,
      report.passMilliseconds
        .filter((pass) => pass.milliseconds >= 0.5)
        .map((pass) => `${pass.pass} ${ms(pass.milliseconds)}`)
        .join(', '),
  ].filter((line) => line !== ''));
  if (options.profile?.total !== undefined) {
    const { rows, milliseconds } = options.profile.total;
    section('run', [
      `${rows} rows in ${ms(milliseconds)}`,
      `pages: ${options.pool.hits} found in memory, ${options.pool.misses} read (${bytesText(options.pool.bytesRead)}), ${options.pool.evictions} evicted; most memory ${bytesText(options.pool.peakBytes)}`,
    ]);
  }
  if (query.code !== undefined) section('code', [query.code]);
  return `${parts.join('\n\n')}\n`;
}

function rewriteLines({ report }: ExplainedQuery, isDetailed: boolean): readonly string[] {
  if (isDetailed) {
    return report.rewrites.flatMap((rewrite) => [
      `${rewrite.pass}: ${rewrite.rule} -- ${rewrite.reason}`,
      indent(`- ${rewrite.before.trimEnd()}`),
      indent(`+ ${rewrite.after.trimEnd()}`),
    ]);
  }
  const counts = new Map<string, number>();
  for (const { pass, rule, reason } of report.rewrites) {
    const line = `${pass}: ${rule} -- ${reason}`;
    counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  return [...counts].map(([line, count]) => (count === 1 ? line : `${line} (${count} times)`));
}

function decisionLines(decision: PlacementDecision): readonly string[] {
  return [
    `${decision.node}: ${decision.chosen} -- ${decision.reason}`,
    ...decision.candidates.map((candidate) => {
      const time = candidate.milliseconds === undefined ? 'no time' : ms(candidate.milliseconds);
      const memory = candidate.bytes === undefined ? '' : `, ${bytesText(candidate.bytes)}`;
      return `  ${candidate.representation.padEnd(10)} ${time}${memory}${candidate.note === undefined ? '' : ` (${candidate.note})`}`;
    }),
  ];
}

function pipelineLines(
  pipeline: CompiledQuery['plan']['pipelines'][number],
  profile: RunProfile | undefined,
): readonly string[] {
  const measured = profile?.pipelines.find((entry) => entry.name === pipeline.name);
  const tail = measured === undefined ? '' : `  [${measured.rows} rows in, ${ms(measured.milliseconds)}]`;
  return [
    `${pipeline.name}${pipeline.parallel ? '' : ' (serial)'}${tail}`,
    ...pipeline.explain.map((line) => `  ${line}`),
  ];
}

function weightLines({ plan }: CompiledQuery): readonly string[] {
  const byModel = new Map<string, { count: number; bytes: number; hashes: Set<string> }>();
  for (const weight of plan.weights) {
    const entry = byModel.get(weight.model) ?? { count: 0, bytes: 0, hashes: new Set<string>() };
    entry.count++;
    entry.bytes += weight.byteLength;
    entry.hashes.add(weight.hash);
    byModel.set(weight.model, entry);
  }
  return [...byModel].map(
    ([model, entry]) =>
      `${model}: ${entry.hashes.size} tensors in ${entry.count} blocks, ${bytesText(entry.bytes)}, read from their pages`,
  );
}

function explainJson(query: ExplainedQuery, options: Rendered): string {
  const { report, plan } = query;
  return `${JSON.stringify({
    sql: plan.sql,
    stages: report.stages,
    rewrites: report.rewrites,
    decisions: report.decisions,
    pipelines: plan.pipelines.map(({ name, source, parallel, explain }) => ({
        name,
        source,
        parallel,
        operators: explain,
        measured: options.profile?.pipelines.find((entry) => entry.name === name),
    })),
    hostFunctions: plan.hostFunctions,
    weights: plan.weights,
    simd: plan.simd,
    compile: { milliseconds: report.milliseconds, passes: report.passMilliseconds, wasmBytes: query.wasm.byteLength },
    run: options.profile?.total,
    pool: options.pool,
  }, undefined, 2)}\n`;
}

function explainDot({ plan }: CompiledQuery, options: Rendered): string {
  const quote = (text: string): string =>
    `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\l')}\\l"`;
  const lines = ['digraph plan {', '  node [shape=box, fontname="monospace"];'];
  const writers = new Map<number, string>();
  plan.pipelines.forEach((pipeline, i) => {
    const measured = options.profile?.pipelines.find((entry) => entry.name === pipeline.name);
    const title =
      measured === undefined ? pipeline.name : `${pipeline.name}: ${measured.rows} rows, ${ms(measured.milliseconds)}`;
    lines.push(`  p${i} [label=${quote([title, ...pipeline.explain].join('\n'))}];`);
    const { source } = pipeline;
    if (source.kind === 'scan')
      lines.push(
        `  ${JSON.stringify(`t:${source.table}`)} [label=${JSON.stringify(source.table)}, shape=cylinder];`,
        `  ${JSON.stringify(`t:${source.table}`)} -> p${i};`,
      );
    else if (source.kind !== 'once' && writers.has(source.buffer))
      lines.push(`  ${writers.get(source.buffer)} -> p${i};`);
    for (const buffer of pipeline.writes) writers.set(buffer, `p${i}`);
  });
  return `${lines.join('\n')}\n}\n`;
}
