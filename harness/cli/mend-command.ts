/** `crash-matrix mend`: the edit for each cause of a store, checked by running the changed store; with --write it is written. */
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Option } from 'commander';
import { cellName } from '../domain/case-id.ts';
import { EFFORT_NAMES, type EffortName, GATING_EFFORT, provesClaims } from '../domain/effort.ts';
import { UsageError } from '../domain/errors.ts';
import { didYouMean } from '../domain/nearest.ts';
import type { Cause } from '../domain/result.ts';
import { counted, printable } from '../domain/words.ts';
import { replaceFile } from '../machine/replace-file.ts';
import { type Mended, type MendedFile, mended, runEdited, unifiedDiff, worseIn } from '../mend.ts';
import { type Found, foundIn, type RunOptions, runCells } from '../run.ts';
import { editedFile } from '../source-edits/edit-of.ts';
import { checkAvailable } from './available.ts';
import { type CacheFlags, openCellCache } from './cell-cache.ts';
import type { CliCommand } from './command.ts';
import { withLiveLine } from './live-line.ts';
import { modelsInHelp } from './model-list.ts';
import { byEffort, flag, list, recorder, seed, states, timeout } from './options.ts';
import type { Output } from './output.ts';
import { type HowFlags, runOptions } from './run-options.ts';
import { type Session, withSession } from './session.ts';
import { loadSelected, selectCells } from './stores.ts';

interface MendFlags extends CacheFlags, Omit<HowFlags, 'bail' | 'depth' | 'observe' | 'fault' | 'allCases'> {
  readonly store?: string;
  readonly scenario: readonly string[];
  readonly model: readonly string[];
  readonly write: boolean;
}

export const mendCommand: CliCommand<MendFlags> = {
  name: 'mend',
  description: 'print the edit for each cause, checked by running the changed store; exits with 1 if a cause has none',
  arguments: [{ name: 'cause-id', description: 'one cause, as the JSON of a run names it (default: all)', optional: true }],
  options: [
    new Option('--store <name or file>', 'the store to mend'),
    flag('--write', 'write the edits that were checked into the file'),
    list('--scenario <name>', 'what the store goes through', 'all that the store supports'),
    list('--model <name>', modelsInHelp(), 'all that need no root'),
    new Option('--effort <name>', 'how much is tried, before the edit and with it').choices(EFFORT_NAMES).default(GATING_EFFORT),
    states(byEffort('states')),
    seed(),
    recorder(),
    timeout(),
    new Option('--no-cache', 'run also the cells that nothing has changed for since an earlier run'),
  ],
  examples: [
    'crash-matrix mend --store ./notes.ts',
    'crash-matrix mend --store ./notes.ts --write',
    'crash-matrix mend --store ./notes.ts > mend.patch',
  ],
  run: ([id], flags, output) => mend(id, flags, output),
};

/** Returns the exit code: 0 if each cause has a checked edit. */
async function mend(id: string | undefined, flags: MendFlags, output: Output): Promise<number> {
  const { store } = flags;
  if (store === undefined) throw new UsageError('mend needs --store', 'For example: crash-matrix mend --store ./notes.ts');
  return withSession(flags.recorder, async (session) => {
    const selection = {
      stores: [store],
      scenarios: flags.scenario,
      models: flags.model,
      holds: 'named' as const,
      timeoutMs: flags.timeout * 1000,
    };
    const now = Date.now();
    const { cells, leftOut } = await selectCells(session, selection, now);
    for (const what of leftOut) output.note(what);
    checkAvailable(cells, session.machine);
    const options = runOptions(session, { ...flags, bail: false, observe: false, fault: [], allCases: false });
    const cache = openCellCache(session, flags, { ...options, now, notesOf: () => [], onNote: () => {} }, output.note);
    const live = { stream: process.stderr, colors: output.colors, now: () => performance.now() };
    const run: Run = (work) => withLiveLine(live, (line) => work({ ...options, onProgress: line.update }));
    const first = await run(async (how) => foundIn(await runCells(cells, { ...how, cache })));
    if (id !== undefined && !first.causes.some((cause) => cause.id === id)) throw unknownCause(id, first.causes);
    const load: Load = (replaced) => loadSelected(session, store, { now, timeoutMs: selection.timeoutMs, replaced });
    return new Mending({ session, output, cells, load, run, first, wanted: id, effort: flags.effort }).all(flags.write);
  });
}

function unknownCause(id: string, causes: readonly Cause[]): UsageError {
  if (causes.length === 0) return new UsageError(`this run gives no cause, and so not ${id}`, 'Nothing was lost.');
  return new UsageError(
    didYouMean(
      'cause',
      id,
      causes.map((cause) => cause.id),
    ),
  );
}

/** Does work that runs cells, with its progress shown. */
type Run = <T>(work: (options: RunOptions) => Promise<T>) => Promise<T>;

type Load = Parameters<typeof runEdited>[1]['load'];

interface MendingOptions {
  readonly session: Session;
  readonly output: Output;
  readonly cells: Parameters<typeof runEdited>[1]['cells'];
  readonly load: Load;
  readonly run: Run;
  readonly first: Found;
  readonly wanted: string | undefined;
  readonly effort: EffortName;
}

/** Mends one cause after the other, each on top of those before it. */
class Mending {
  readonly #options: MendingOptions;
  /** As they were read first, by path. */
  readonly #files = new Map<string, MendedFile>();
  readonly #replaced = new Map<string, string>();
  #found: Found;

  constructor(options: MendingOptions) {
    this.#options = options;
    this.#found = options.first;
  }

  async all(write: boolean): Promise<number> {
    const { output, wanted, first, effort } = this.#options;
    const tried = new Set<string>();
    let open = 0;
    const next = (): Cause | undefined => this.#found.causes.find(({ id }) => !tried.has(id) && (wanted === undefined || id === wanted));
    for (let cause = next(); cause !== undefined; cause = next()) {
      tried.add(cause.id);
      const result = await this.#one(cause);
      output.print(`${tried.size}  ${printable(`${cause.store}: ${cause.says}`)}\n   ${cause.id}\n${textOf(result, cause, effort)}\n`);
      if (result.kind !== 'checked') open += 1;
      else if (next() !== undefined) await this.#again(cause.cells);
    }
    const unmeasured = first.cells.filter(({ grade }) => grade === 'inconclusive');
    for (const cell of unmeasured)
      output.note(printable(`${cellName(cell)} could not be measured: ${cell.reason ?? 'no reason is known'}`));
    if (tried.size === 0) output.print(unmeasured.length === 0 ? 'there is no cause: nothing was lost' : 'no cause was found');
    if (write) await this.#write();
    return open === 0 && unmeasured.length === 0 ? 0 : 1;
  }

  async #one(cause: Cause): Promise<Mended> {
    const file = this.#fileOf(cause);
    if (typeof file === 'string') return { kind: 'hint', because: file };
    const { cells, load, run } = this.#options;
    const result = await run((how) =>
      mended(cause, file, this.#found, { load, cells, replaced: this.#replaced, run: (some) => runCells(some, how) }),
    );
    if (result.kind === 'checked') this.#replaced.set(file.path, result.text);
    return result;
  }

  /** With the edits so far; a text says why the file of a cause is not to be edited. */
  #fileOf(cause: Cause): MendedFile | string {
    const name = editedFile(cause);
    if (name === undefined) return 'no line of source is known for it';
    if (/[\\/]node_modules[\\/]/.test(`/${name}`)) return `${name} is a package's`;
    const wanted = resolve(this.#options.session.cwd, name);
    if (!existsSync(wanted)) return `there is no file ${name}, though a source map names it`;
    const path = realpathSync(wanted);
    const known = this.#files.get(path) ?? { path, name, text: readFileSync(path, 'utf8') };
    this.#files.set(path, known);
    const text = this.#replaced.get(path) ?? known.text;
    const { site } = cause;
    const line = site?.file === name ? text.split('\n')[site.line - 1]?.trim() : undefined;
    if (line !== undefined && site?.source !== undefined && !line.startsWith(site.source)) throw changed(name);
    return { ...known, text };
  }

  /** What is left, in the cells of other causes too: their lines have moved. */
  async #again(done: readonly string[]): Promise<void> {
    const names = new Set([...done, ...this.#found.causes.flatMap(({ cells }) => cells)]);
    this.#found = await this.#withEdits((name) => names.has(name));
  }

  async #withEdits(isWanted: (cellName: string) => boolean): Promise<Found> {
    const { cells, load, run } = this.#options;
    const found = await run((how) => runEdited(this.#replaced, { load, cells, run: (some) => runCells(some, how) }, isWanted));
    if (typeof found === 'string') throw new Error(`the edits ran before: ${found}`);
    return found;
  }

  async #write(): Promise<void> {
    const { output, first } = this.#options;
    if (this.#replaced.size === 0) {
      output.note('nothing was written: no edit was checked');
      return;
    }
    const worse = worseIn(await this.#withEdits(() => true), first);
    if (worse !== undefined) throw new UsageError(`nothing was written: in all cells together ${worse}`);
    for (const [path, text] of this.#replaced) {
      const before = this.#files.get(path);
      if (before === undefined || readFileSync(path, 'utf8') !== before.text) throw changed(before?.name ?? path);
      await replaceFile(path, text, statSync(path).mode & 0o777);
      output.note(`wrote ${before.name}: ${counted(unifiedDiff(before, text).split('\n@@').length - 1, 'place')} changed`);
    }
  }
}

const changed = (name: string): UsageError =>
  new UsageError(`${name} was changed while its store ran; nothing was written`, 'Run mend again.');

function textOf(result: Mended, { mend: hint }: Cause, effort: EffortName): string {
  const tryIt = hint === undefined ? '' : `\n   a hint, not tried: ${printable(hint.text)}`;
  switch (result.kind) {
    case 'checked':
      return `${result.diff}\n   checked: the cause is gone in ${result.cells === 1 ? 'its one cell' : `all ${result.cells} cells`}${provesClaims(effort) ? '' : `, as far as ${effort} effort shows`}`;
    case 'failed':
      return `   an edit was tried and is not offered: ${printable(result.because)}${tryIt}`;
    case 'hint':
      return `   no edit is made, because ${printable(result.because)}${tryIt}`;
    default:
      return result satisfies never;
  }
}
