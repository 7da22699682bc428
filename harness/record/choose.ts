/** Which recorder a run uses, and why. */
import { UnavailableError, UsageError } from '../domain/errors.ts';
import { didYouMean } from '../domain/nearest.ts';
import { thisMachine } from '../machine/machine.ts';
import { RECORDERS } from './all.ts';
import type { Recorder, RecorderKind, StartOptions } from './recorder.ts';

export interface ChooseOptions extends StartOptions {
  /** The name of a recorder; undefined: the best one that works here. */
  readonly wanted: string | undefined;
}

/** A recorder that does not work here. */
export interface Refused {
  readonly name: string;
  readonly because: string;
}

export interface Choice {
  readonly recorder: Recorder;
  /** The better ones, which were tried first. */
  readonly refused: readonly Refused[];
}

/** Throws `UnavailableError` if what was asked for does not work here. */
export async function chooseRecorder({ wanted, ...options }: ChooseOptions): Promise<Choice> {
  const refused: (Refused & { readonly cause: unknown })[] = [];
  for (const kind of kindsNamed(wanted)) {
    try {
      return { recorder: await start(kind, options), refused };
    } catch (cause) {
      refused.push({ name: kind.name, because: cause instanceof Error ? cause.message : String(cause), cause });
    }
  }
  const why = refused.map(({ name, because }) => `--recorder ${name} does not work here: ${because}`).join('; ');
  throw new UnavailableError(`${why}; run "crash-matrix doctor"`, { cause: refused[0]?.cause });
}

function kindsNamed(wanted: string | undefined): readonly RecorderKind[] {
  if (wanted === undefined) return RECORDERS;
  const kind = RECORDERS.find(({ name }) => name === wanted);
  if (kind !== undefined) return [kind];
  const names = RECORDERS.map(({ name }) => name);
  throw new UsageError(didYouMean('recorder', wanted, names));
}

async function start(kind: RecorderKind, options: StartOptions): Promise<Recorder> {
  const missing = kind.missing(thisMachine(options.env.PATH));
  if (missing !== undefined) throw new Error(missing);
  return kind.start(options);
}

/** One that takes stacks, for the source lines of ops that another recorder saw. */
export async function startSiteRecorder(options: StartOptions): Promise<Recorder> {
  const kind = RECORDERS.find(({ takesStacks, missing }) => takesStacks && missing(thisMachine(options.env.PATH)) === undefined);
  if (kind === undefined) throw new UnavailableError('no recorder that works here takes stacks; run "crash-matrix doctor"');
  return kind.start(options);
}
