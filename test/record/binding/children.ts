/** Builds the children of these tests, once per test file, and runs them. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { RawEvent, RawOp } from '../../../harness/domain/events.ts';
import type { NameRule } from '../../../harness/domain/trace.ts';
import { createBindingRecorder } from '../../../harness/record/binding/recorder.ts';
import type { Fault } from '../../../harness/record/fault.ts';
import { markKey, opKey } from '../../../harness/record/order.ts';
import type { Recorder, RunPlan, RunReport } from '../../../harness/record/recorder.ts';

export interface Run extends RunReport {
  readonly directory: string;
  readonly spool: string;
}

export interface Children {
  readonly root: string;
  readonly recorder: Recorder;
  /** Bundles a module of `steps`, given as text that imports from this folder, and returns its path. */
  module(text: string): Promise<string>;
  run(module: string, plan: RunPlan, timeoutMs?: number): Promise<Run>;
  /** A run in which calls fail. */
  runFaulty(module: string, order: readonly string[], faults: readonly Fault[]): Promise<Run>;
  close(): Promise<void>;
}

const HERE = fileURLToPath(new URL('.', import.meta.url));

export async function buildChildren(): Promise<Children> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'binding-')));
  const program = join(root, 'harness');
  const nodePath = process.env.BINDING_TEST_NODE;
  const recorder = createBindingRecorder({ inFlight: 2, ...(nodePath === undefined ? {} : { nodePath }) });
  const common = { bundle: true, platform: 'node', format: 'cjs', target: 'node20', logLevel: 'silent' } as const;
  await build({
    ...common,
    entryPoints: { child: join(HERE, 'child.ts'), hooks: join(HERE, '../../../harness/record/binding/hooks.ts') },
    outdir: program,
    outExtension: { '.js': '.cjs' },
  });
  let count = 0;
  return {
    root,
    recorder,
    async module(text) {
      count += 1;
      const outfile = join(root, 'stores', `${count}.cjs`);
      const entry = { stdin: { contents: text, resolveDir: HERE, loader: 'ts' as const } };
      await build({ ...common, ...entry, outfile, sourcemap: 'linked' });
      return outfile;
    },
    async run(module, plan, timeoutMs = 60_000) {
      count += 1;
      const [directory, spool] = [join(root, `run-${count}`), join(root, `spool-${count}`)];
      mkdirSync(directory);
      mkdirSync(spool);
      const report = await recorder.run({ args: [join(program, 'child.cjs'), module], directory, spool, env: {}, plan, timeoutMs });
      return { ...report, directory, spool };
    },
    async runFaulty(module, order, faults) {
      count += 1;
      const [directory, spool] = [join(root, `run-${count}`), join(root, `spool-${count}`)];
      mkdirSync(directory);
      mkdirSync(spool);
      const plan = { kind: 'fault', order, names: [], runs: [{ directory, spool, faults }] } as const;
      const report = await recorder.run({ args: [join(program, 'child.cjs'), module], directory, spool, env: {}, plan, timeoutMs: 60_000 });
      return { ...report, directory, spool };
    },
    async close() {
      await recorder.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

export function opsOf(events: readonly RawEvent[]): RawOp[] {
  return events.filter((event): event is RawOp => event.kind === 'op');
}

/** The events of each step, up to its mark. */
export function stepsOf({ events }: RunReport): RawEvent[][] {
  const steps: RawEvent[][] = [[]];
  for (const event of events) {
    steps.at(-1)?.push(event);
    if (event.kind === 'resolved' || event.kind === 'rejected') steps.push([]);
  }
  return steps;
}

export function orderOf(events: readonly RawEvent[], names: readonly NameRule[] = []): string[] {
  return events.flatMap((event) => {
    if (event.kind === 'op') return [opKey(event, names)];
    return event.kind === 'resolved' || event.kind === 'rejected' ? [markKey(event)] : [];
  });
}

/** One op as a line: `call file[ -> to][ flags][ offset+length][ = errno]`. */
export function lineOf(op: RawOp, below = ''): string {
  const name = (path: string): string => (path === below ? '.' : path.startsWith(`${below}/`) ? path.slice(below.length + 1) : path);
  const range = op.range === undefined ? '' : ` ${op.range.offset}+${op.range.length}`;
  const flags = op.flags === undefined ? '' : ` ${op.flags.join(' ')}`;
  return `${op.call} ${name(op.path)}${op.to === undefined ? '' : ` -> ${name(op.to.path)}`}${flags}${range}${op.error === undefined ? '' : ` = ${op.error}`}`;
}
