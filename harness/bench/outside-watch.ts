/**
 * What the processes of one store use outside of its directory, from all that see some of it:
 *
 *   a survey           one process under trace from its first line: the store's import and packages, its scenarios, its recovery
 *   recorded runs      from the recording mark on, with every failing call and every order
 *   recoveries         what JavaScript asks node:fs for, in each crash state
 *   the fake's bundle  the packages that are bundled for the fake file system
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { LoadedStore } from '../domain/loaded-store.ts';
import { once } from '../domain/once.ts';
import type { Scenario } from '../domain/scenario.ts';
import { buildTree } from '../domain/tree.ts';
import type { CellStep } from '../protocol/cell-file.ts';
import type { SurveyFile, SurveyVisit } from '../protocol/survey.ts';
import { type Outside, OutsideNotes, UNSEEN } from '../record/outside.ts';
import type { Recorder } from '../record/recorder.ts';
import { readOutsideLines } from '../recover/outside-lines.ts';

/** A survey is never needed for a verdict, so it may not hold up a run for long. */
const SURVEY_LIMIT_MS = 60_000;
/** Its signal can get lost, as that of a recording. */
const TRIES = 3;
const NOT_SURVEYED = 'does not get through its scenarios in one process';

export interface OutsideWatch {
  /** This recorder, with what its runs report kept. */
  readonly recorder: Recorder;
  /** Files that were used otherwise. */
  readonly note: (paths: readonly string[]) => void;
  /** All that was used so far. Waits for the survey. */
  readonly used: () => Promise<Outside>;
}

export interface OutsideWatchOptions {
  readonly recorder: Recorder;
  /** The scenarios that the store goes through in this run. */
  readonly scenarios: readonly Scenario[];
  /** The bundled `child/survey.ts`. */
  readonly survey: string;
  readonly env: { readonly [name: string]: string };
  /** Makes an empty directory for a survey. */
  readonly makeDirectory: () => string;
  /** Where processes that are not traced leave their notes. */
  readonly notes: string;
  /** The harness's directories. */
  readonly own: readonly string[];
}

export function watchOutside(store: LoadedStore, options: OutsideWatchOptions): OutsideWatch {
  const { recorder } = options;
  const notes = new OutsideNotes();
  const survey = once(() => surveyed(store, options).then((outside) => notes.add(outside)));
  return {
    recorder: watched(recorder, notes),
    note: (paths) => {
      for (const path of paths) notes.path(path);
    },
    used: async () => {
      await survey();
      notes.add(readOutsideLines(options.notes, store.bundle));
      return notes.all();
    },
  };
}

function watched(recorder: Recorder, notes: OutsideNotes): Recorder {
  const { race } = recorder;
  return {
    ...recorder,
    run: async (request) => {
      const report = await recorder.run(request);
      if (report.outside !== undefined) notes.add(report.outside);
      return report;
    },
    ...(race && {
      race: async (request) => {
        const report = await race(request);
        notes.add(report.outside);
        return report;
      },
    }),
  };
}

async function surveyed(store: LoadedStore, options: OutsideWatchOptions): Promise<Outside> {
  if (store.kind !== 'module') return { paths: [], listed: [], unseen: [UNSEEN.programs] };
  const { recorder, survey, env } = options;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const root = options.makeDirectory();
    const [directory, spool] = [join(root, 'traced'), join(root, 'spool')];
    for (const path of [directory, spool]) mkdirSync(path);
    const file = join(root, 'survey.json');
    writeFileSync(file, JSON.stringify(surveyOf(store, options, root)));
    const args = ['--v8-pool-size=0', survey, file];
    const { events, outside } = await recorder.run({ args, directory, spool, env, timeoutMs: SURVEY_LIMIT_MS, plan: { kind: 'observe' } });
    const end = events.at(-1);
    if (!events.some(({ kind }) => kind === 'start') || outside === undefined) continue;
    const isOver = end?.kind === 'end' && end.how === 'finished';
    return isOver ? outside : { ...outside, unseen: [...outside.unseen, NOT_SURVEYED] };
  }
  return { paths: [], listed: [], unseen: [NOT_SURVEYED] };
}

function surveyOf({ bundle }: LoadedStore, { scenarios, notes, own }: OutsideWatchOptions, root: string): SurveyFile {
  const visits = scenarios.map(({ before, steps, tasks = [], next, files }, index): SurveyVisit => {
    const directory = join(root, String(index), 'store');
    mkdirSync(directory, { recursive: true });
    buildTree(files?.tree ?? new Map(), directory);
    const alone = [...before, ...steps, ...tasks.flatMap((task) => task.steps)].map(
      (step): CellStep => (step.kind === 'save-loaded' ? { kind: 'save', value: next } : step),
    );
    return { directory, steps: alone, next };
  });
  return { bundle, visits, notes: join(notes, `survey-${basename(root)}`), own };
}
