/** `crash-matrix replay`: brings one case about again and shows its timeline, its directory, and what load finds. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { Option } from 'commander';
import { createColors } from 'picocolors';
import type { BenchOptions } from '../bench/open-benches.ts';
import { EFFORTS, type Effort } from '../domain/effort.ts';
import { UnavailableError, UsageError } from '../domain/errors.ts';
import { oneOf } from '../domain/nearest.ts';
import { isNotMeasured } from '../domain/sighting.ts';
import { buildTree } from '../domain/tree.ts';
import { withCommas } from '../domain/words.ts';
import type { Cell, Timeline } from '../models/model.ts';
import { type Replayed, replayed } from '../replay.ts';
import { failureBlock } from '../report/failure.ts';
import { draftIssue } from '../report/issue.ts';
import { scheduleTimeline } from '../report/schedule-timeline.ts';
import { timeline, timelineLegend } from '../report/timeline.ts';
import { checkAvailable } from './available.ts';
import { parseCaseId } from './case-id.ts';
import type { CliCommand } from './command.ts';
import { flag, recorder, seed, states, timeout } from './options.ts';
import type { Output } from './output.ts';
import { COMMAND_WORDS, type ProgramFlags, programOptions } from './program-options.ts';
import { replayText } from './replay-text.ts';
import { withSession } from './session.ts';
import { selectCells } from './stores.ts';
import { type TraceFlags, traceOption, workloadIn } from './trace-options.ts';
import { writableDirectory } from './writable-destination.ts';

interface ReplayFlags extends ProgramFlags, TraceFlags {
  readonly store?: string;
  readonly keep?: string;
  readonly shell: boolean;
  readonly issue: boolean;
  readonly recorder?: string;
  readonly timeout: number;
  readonly seed: number;
  readonly states?: number;
}

export const replayCommand: CliCommand<ReplayFlags> = {
  name: 'replay',
  description: 'bring one case about again: its timeline, its directory, and what load finds; exits with 1 if that is below the claim',
  arguments: [{ name: 'case-id', description: 'as a failure prints it' }, COMMAND_WORDS],
  options: [
    new Option('--store <file>', 'the file of the store, if it is not a built-in one'),
    traceOption(),
    ...programOptions(),
    new Option('--keep <dir>', 'leave the directory as the crash left it here'),
    flag('--shell', 'open a shell in the directory as the crash left it, and remove it afterwards; with --keep it stays'),
    flag('--issue', 'print the draft of an issue instead, in Markdown'),
    recorder(),
    timeout(),
    seed(),
    states(withCommas(EFFORTS.deep.states)),
  ],
  examples: [
    'crash-matrix replay rename-away/replace/process-kill@14 --keep /tmp/case',
    'crash-matrix replay in-place/replace/power-loss:xfs@8~lost=7 --shell',
    'crash-matrix replay copy-then-replace/update/io-error@8~EMFILE --issue > issue.md',
  ],
  run: ([id = '', ...words], flags, output) => replay(id, words, flags, output),
};

/** Returns the exit code: 1 if the case is below the store's claim. */
async function replay(id: string, words: readonly string[], flags: ReplayFlags, output: Output): Promise<number> {
  const { store, scenario, variant, only } = parseCaseId(id);
  const keep = flags.keep === undefined ? undefined : emptyDirectory(flags.keep);
  const shell = flags.shell ? interactiveShell() : undefined;
  return withSession(flags.recorder, async (session) => {
    const timeoutMs = flags.timeout * 1000;
    const given = { ...flags, store: flags.store === undefined ? [] : [flags.store], ofCase: store };
    const selection = {
      stores: [flags.store ?? store],
      ...workloadIn(words, given, { cwd: session.cwd, env: process.env }),
      scenarios: [scenario],
      models: [variant.name],
      holds: 'none',
      timeoutMs,
    } as const;
    const {
      cells: [cell],
    } = await selectCells(session, selection, Date.now());
    if (cell === undefined) throw new UsageError(`there is no cell ${store}/${scenario}/${variant.name}`);
    if (cell.store.name !== store) throw new UsageError(`${flags.store} is the store "${cell.store.name}", and the case is of "${store}"`);
    checkAvailable([cell], session.machine);
    const { states: most = EFFORTS.deep.states, seed: drawnBy } = flags;
    const effort: Effort = { name: 'deep', ...EFFORTS.deep, states: most, seed: drawnBy };
    const options = { ...session, effort, timeoutMs, onProgress: () => {} };
    const again = await bringAbout(id, cell, only, options, () =>
      replayText(id, { ...effort, file: flags.store, commandLine: cell.store.commandLine, recorder: flags.recorder }),
    );
    const { checked, tree } = again;
    if (flags.issue) {
      const versions = {
        crashMatrix: session.installation.version,
        node: process.version,
        platform: `${process.platform}-${process.arch}`,
      };
      const led = timelines(again.timeline, false).join('\n\n');
      for (const one of checked.cases) output.print(draftIssue(checked.cell, one, led, versions));
    } else {
      for (const text of timelines(again.timeline, output.colors)) output.print(`${text}\n`);
      output.print(`${timelineLegend(output.colors)}\n`);
      for (const one of checked.cases)
        output.print(failureBlock(checked.cell, one, createColors(output.colors), { columns: output.columns }));
    }
    const directory = keep ?? (shell === undefined ? undefined : session.workspace.directory('replayed'));
    if (directory !== undefined) {
      mkdirSync(directory, { recursive: true });
      buildTree(tree, directory);
    }
    if (keep !== undefined) (flags.issue ? output.note : output.print)(`\nkept in ${keep}`);
    if (shell !== undefined && directory !== undefined) openShell(shell, directory, output);
    return checked.cases.some(({ violation }) => violation) ? 1 : 0;
  });
}

/** An id alone does not say which run it is of. */
const OLDER =
  'A case id counts the calls of one run. If it is of an earlier one, the store, Node or crash-matrix makes other calls now: "crash-matrix run" prints the ids of today.';

async function bringAbout(id: string, cell: Cell, only: unknown, options: BenchOptions, again: (id: string) => string): Promise<Replayed> {
  const found = await replayed(id, cell, only, options, again);
  if ('notTried' in found) {
    const near = found.near.length === 0 ? [] : [`Nearest: ${oneOf(found.near)}`];
    throw new UsageError(`${id}: ${found.notTried}`, [...near, OLDER].join('\n'));
  }
  if (isNotMeasured(found)) throw new UnavailableError(`${id} cannot be brought about: ${found.reason}`);
  return found;
}

/** What led to the case, op by op; for a crash in recovery, recovery's run too. */
function timelines(led: Timeline, colors: boolean): string[] {
  if (led.kind === 'schedule') return [scheduleTimeline(led.end, led.tasks, colors)];
  return led.parts.map(({ title, ...part }) => `${title === undefined ? '' : `${title}\n`}${timeline({ ...part, picture: '' }, colors)}`);
}

/** Throws `UsageError` where nobody could type into one. */
function interactiveShell(): string {
  if (!process.stdin.isTTY || !process.stdout.isTTY)
    throw new UsageError('--shell needs a terminal', 'Use --keep DIR instead, and look into DIR.');
  return process.env.SHELL ?? '/bin/sh';
}

function openShell(shell: string, directory: string, output: Output): void {
  output.note(`\n${shell} in ${directory}, as the crash left it; "exit" ends it`);
  const { error } = spawnSync(shell, { cwd: directory, stdio: 'inherit' });
  if (error !== undefined) throw new UsageError(`${shell} cannot be started: ${error.message}`, 'Set SHELL to another one.');
}

/** The directory that the case is kept in. Never one that holds something. */
function emptyDirectory(path: string): string {
  const directory = writableDirectory('--keep', path);
  if (readdirSync(directory).length > 0)
    throw new UsageError(`--keep ${path}: the directory is not empty`, 'Name one that is empty or does not exist yet.');
  return directory;
}
