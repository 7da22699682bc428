/** `crash-matrix replay`: brings one case about again and shows its timeline, its directory, and what load finds. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { createColors } from 'picocolors';
import { UnavailableError, UsageError } from '../errors.ts';
import { cellResult } from '../explain/cell-result.ts';
import type { SiteMatch } from '../explain/sites.ts';
import type { CrashState } from '../explore/process-kill.ts';
import { failureBlock } from '../report/failure.ts';
import { timeline } from '../report/timeline.ts';
import { runSome } from '../run.ts';
import type { Op } from '../trace.ts';
import { buildTree } from '../tree.ts';
import { type CaseName, parseCaseId } from './case-id.ts';
import type { Output } from './output.ts';
import { replayText } from './replay-text.ts';
import { withSession } from './session.ts';
import { selectCells } from './stores.ts';

export interface ReplayFlags {
  readonly store?: string;
  readonly keep?: string;
  readonly recorder?: 'ptrace' | 'binding';
  readonly timeout: number;
}

/** Returns the exit code: 1 if the case is below the store's claim. */
export async function replayCommand(id: string, flags: ReplayFlags, output: Output): Promise<number> {
  const name = parseCaseId(id);
  const keep = flags.keep === undefined ? undefined : emptyDirectory(flags.keep);
  return withSession(flags.recorder, async (session) => {
    const timeoutMs = flags.timeout * 1000;
    const selection = { stores: [flags.store ?? name.store], scenarios: [name.scenario], models: [name.model], timeoutMs };
    const [cell] = await selectCells(session, selection, Date.now());
    if (cell === undefined) throw new UsageError(`there is no cell ${name.store}/${name.scenario}/${name.model}`);
    if (cell.store.name !== name.store)
      throw new UsageError(`${flags.store} is the store "${cell.store.name}", and the case is of "${name.store}"`);
    const options = {
      ...session,
      observe: false,
      bail: false,
      timeoutMs,
      onProgress: () => {},
      replay: () => replayText(id, { file: flags.store, recorder: flags.recorder }),
    };
    const result = await runSome(cell, options, (state) => standsFor(state, name));
    if ('reason' in result) throw new UnavailableError(`${id} cannot be brought about: ${result.reason}`);
    const { found, sites } = result;
    const [doubt] = found.doubts;
    if (doubt !== undefined) throw new UnavailableError(`${id} cannot be brought about: ${doubt.doubt}`);
    const [verdict] = found.verdicts;
    if (verdict === undefined)
      throw new UsageError(`${id}: there is no such boundary; the run has ${found.recording.trace.ops.length} ops`);
    const { cell: summary, cases } = cellResult(cell, found, sites, {
      observed: false,
      durationMs: 0,
      replay: () => replayText(id, { file: flags.store, recorder: flags.recorder }),
    });
    const { trace } = found.recording;
    const ops = trace.ops.map((op) => withSite(op, sites));
    output.print(
      timeline(
        { ops, marks: trace.marks, trees: trace.trees, at: verdict.state.at, picture: '', steps: cell.scenario.steps },
        output.colors,
      ),
    );
    for (const one of cases) output.print(`\n${failureBlock(summary, one, createColors(output.colors), { columns: output.columns })}`);
    if (keep !== undefined) {
      buildTree(verdict.state.tree, keep);
      output.print(`\nkept in ${keep}`);
    }
    return cases.some(({ violation }) => violation) ? 1 : 0;
  });
}

function withSite(op: Op, { sites }: SiteMatch): Op {
  const site = sites.get(op.index);
  return site === undefined ? op : { ...op, site };
}

function standsFor(state: CrashState, { at }: CaseName): boolean {
  return state.points.some(({ op, bytes }) => op === at.op && bytes === at.bytes);
}

/** The directory that the case is kept in. Never one that holds something. */
function emptyDirectory(path: string): string {
  const directory = resolve(path);
  if (existsSync(directory) && readdirSync(directory).length > 0)
    throw new UsageError(`--keep ${path}: the directory is not empty`, 'Name one that is empty or does not exist yet.');
  mkdirSync(directory, { recursive: true });
  return directory;
}
