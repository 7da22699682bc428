/** A forked process does what a started one does, op by op: the built-in stores, and random programs. */
import { fc } from '@fast-check/vitest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isNotMeasured } from '../../../harness/domain/sighting.ts';
import { differenceBetweenRuns, scanTree } from '../../../harness/domain/tree.ts';
import { endOf, type RecordRequest, record } from '../../../harness/record/record.ts';
import { started } from '../../../harness/record/recorder.ts';
import { BUILT_IN_STORES } from '../../../harness/store/catalogue.ts';
import { casesOf, draws } from '../../lab/depth.ts';
import { noPtrace, openTracing, type Tracing } from './tracing.ts';

/** Random programs. */
const PROGRAMS = Number(process.env.RUNS ?? draws(16));
const PROGRAMS_PER_PROCESS = 25;

const NAMES = ['a', 'b', 'd/c'] as const;
const name = fc.constantFrom(...NAMES).map((path) => `at('${path}')`);
const call = fc.oneof(
  fc
    .tuple(fc.constantFrom('writeFile', 'appendFile'), name, fc.nat(9000))
    .map(([how, path, size]) => `${how}(${path}, 'x'.repeat(${size}))`),
  fc.tuple(fc.constantFrom('rename', 'copyFile', 'link', 'symlink'), name, name).map(([how, from, to]) => `${how}(${from}, ${to})`),
  fc.tuple(fc.constantFrom('unlink', 'mkdir', 'rmdir', 'stat', 'readFile', 'readdir'), name).map(([how, path]) => `${how}(${path})`),
  fc.tuple(name, fc.nat(5000)).map(([path, size]) => `truncate(${path}, ${size})`),
);
/** Each call sync or by a promise; errors are the same in both runs. */
const program = fc
  .array(fc.tuple(call, fc.boolean()), { minLength: 1, maxLength: 12 })
  .map((calls) =>
    calls
      .map(([text, waits]) => (waits ? `await fsp.${text}.catch(() => {});` : `try { fs.${text.replace('(', 'Sync(')} } catch {}`))
      .join('\n'),
  );

describe.skipIf(noPtrace !== undefined || process.arch !== 'x64')('forked and started processes do the same', () => {
  let lab: Tracing;
  beforeAll(async () => {
    lab = await openTracing();
  });
  afterAll(() => lab.close());

  /** What a forked run does that the two recorded ones did not, in words; undefined if it does the same. */
  async function difference({ prepare, complaint }: RecordRequest): Promise<string | undefined> {
    const recording = await record(lab.recorder, { prepare: () => started(prepare()), complaint });
    if (isNotMeasured(recording)) return recording.reason;
    const { trace, order, pid } = recording;
    const run = prepare();
    const plan = { kind: 'follow', order, names: trace.variation.names, matching: 'same' } as const;
    const { forked, events, pid: otherPid } = await lab.recorder.run({ ...run, plan });
    if (forked !== true) return 'it was not forked';
    const end = endOf(events);
    if (end.how !== 'finished') return JSON.stringify(end);
    const expected = { tree: trace.trees.at(-1) ?? new Map(), pid };
    return differenceBetweenRuns(expected, { tree: scanTree(run.directory), pid: otherPid }, trace.variation);
  }

  /** They differ in how they rotate; what saves for the first time is the same in all that have a backup. */
  const CELLS = [...BUILT_IN_STORES.map(({ name }) => [name, 'save-twice'] as const), ['hardened', 'first-save'] as const];
  test.each(
    casesOf(CELLS, [
      ['copy-then-replace', 'save-twice'],
      ['hardened', 'first-save'],
    ]),
  )('%s/%s', async (store, scenario) => {
    expect(await lab.on(await lab.builtIn(store), { scenario }, ({ bench }) => difference(bench))).toBeUndefined();
  });

  // One after the other in one process, each in a directory of its own: to start a server for each would take longer than the programs.
  test('random programs', async () => {
    const programs = fc.sample(program, { numRuns: PROGRAMS, seed: 1 });
    const places = programs.map((text, at) => `here = path.join(dir, 'p${at}'); fs.mkdirSync(here); fs.mkdirSync(at('d'));\n${text}`);
    for (let at = 0; at < places.length; at += PROGRAMS_PER_PROCESS) {
      const some = places.slice(at, at + PROGRAMS_PER_PROCESS).join('\n');
      expect(await difference(lab.runs({ save: some })), `programs from ${at} on`).toBeUndefined();
    }
  });
});
