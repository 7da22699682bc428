/**
 * What quits happen to: the run of a scenario whose process ends when its event loop does, with what the store does when it quits.
 *
 * Nobody waits for the end of that run, so what the store writes after its last step has resolved is in it. Where it does the same as the run
 * that all models share, and nothing more, that one is taken.
 */
import type { Bench } from '../../bench/bench.ts';
import type { RecordedSubject, Subject } from '../../bench/subject.ts';
import { QUIT_NAMES, type Quit } from '../../domain/quits.ts';
import { isNotMeasured, type NotMeasured } from '../../domain/sighting.ts';
import type { Site } from '../../domain/trace.ts';
import { type QuitNotes, readQuitNotes } from '../../protocol/quit-file.ts';
import { sitesOf } from '../../record/binding/sites.ts';
import { endOf, keysOf } from '../../record/record.ts';

export interface QuitSubject extends RecordedSubject {
  readonly noted: QuitNotes;
  /** How the process can be asked to end at any time. */
  readonly quits: readonly Quit[];
  /** A program: it says nothing of what it handles, so it is asked at each boundary at which its first process is about to do something. */
  readonly isProgram: boolean;
  /** Where the store listens for a quit, as far as its line is known. */
  readonly listensAt: (quit: Quit) => Site | undefined;
}

export function quitSubjectOf(subject: Subject): QuitSubject {
  if (!isQuitSubject(subject)) throw new Error('this model quits processes of its own runs');
  return subject;
}

const isQuitSubject = (subject: Subject): subject is QuitSubject => 'noted' in subject;

/** A signal, an exit or an error may come at any time; the event loop ends only after a step. */
const AT_ANY_TIME = QUIT_NAMES.filter((quit) => quit !== 'end');

const QUIT = 'end' satisfies Quit;

/** Whatever it handles: it is asked. */
const OF_A_PROGRAM: QuitNotes = { handled: { SIGTERM: '', SIGINT: '' }, pending: [], ranDry: false };

export async function quitSubject(bench: Bench): Promise<QuitSubject | NotMeasured> {
  if (bench.store.program !== undefined) {
    const subject = await bench.recorded();
    if (isNotMeasured(subject)) return subject;
    return { ...subject, noted: OF_A_PROGRAM, quits: ['SIGTERM', 'SIGINT'], isProgram: true, listensAt: () => undefined };
  }
  const last = bench.scenario.steps.length - 1;
  const directories: string[] = [];
  const prepare: Bench['prepare'] = () => {
    const run = bench.prepareQuit(QUIT, { by: 'itself', after: last });
    directories.push(run.directory);
    return run;
  };
  const [shared, report] = await Promise.all([bench.recorded(), bench.recorder.run({ ...prepare(), plan: { kind: 'observe' } })]);
  const notes = notesIn(directories);
  if (!isNotMeasured(shared) && notes !== undefined && endOf(report.events).how === 'finished') {
    const { order = [], trace } = shared.again?.recording ?? {};
    if (order.join('\n') === keysOf(report.events, trace?.variation.names ?? []).join('\n')) return withNotes(shared, notes, bench);
  }
  const own = await bench.recordedWith(prepare);
  return isNotMeasured(own) ? own : withNotes(own, notesIn(directories) ?? NO_NOTES, bench);
}

function withNotes(subject: RecordedSubject, notes: QuitNotes, { store, cwd }: Bench): QuitSubject {
  const listensAt = (quit: Quit): Site | undefined => {
    const stack = notes.handled[quit];
    return stack === undefined ? undefined : sitesOf(store, cwd)(stack);
  };
  return { ...subject, noted: notes, quits: AT_ANY_TIME, isProgram: false, listensAt };
}

const NO_NOTES: QuitNotes = { handled: {}, pending: [], ranDry: false };

/** Of several runs of the same, those of the last one that took any. */
function notesIn(directories: readonly string[]): QuitNotes | undefined {
  return directories.map(readQuitNotes).findLast((notes) => notes !== undefined);
}
