/** Which recorder a run uses, and why. */
import { UnavailableError } from '../domain/errors.ts';
import { createBindingRecorder } from './binding/recorder.ts';
import { startPtraceRecorder } from './ptrace/recorder.ts';
import { syscallTable } from './ptrace/syscalls.ts';
import type { Recorder } from './recorder.ts';

export interface ChooseOptions {
  /** The requested recorder; undefined: ptrace where it works. */
  readonly wanted: 'ptrace' | 'binding' | undefined;
  readonly inFlight: number;
  readonly tracer: string;
  readonly hooks?: string;
  readonly cwd: string;
  readonly env: { readonly [name: string]: string };
}

export interface Choice {
  readonly recorder: Recorder;
  /** Why ptrace does not work here, if the choice fell back to binding. */
  readonly because?: string;
}

/** Throws `UnavailableError` if ptrace was requested and does not work here. */
export async function chooseRecorder(options: ChooseOptions): Promise<Choice> {
  if (options.wanted === 'binding') return { recorder: createBindingRecorder(options) };
  try {
    return { recorder: await tryPtrace(options) };
  } catch (error) {
    const because = error instanceof Error ? error.message : String(error);
    if (options.wanted === 'ptrace')
      throw new UnavailableError(`--recorder ptrace does not work here: ${because}; run "crash-matrix doctor"`, { cause: error });
    return { recorder: createBindingRecorder(options), because };
  }
}

async function tryPtrace(options: ChooseOptions): Promise<Recorder> {
  if (process.platform !== 'linux') throw new Error(`ptrace recording needs Linux, and this is ${process.platform}`);
  if (syscallTable(process.arch) === undefined) throw new Error(`no syscall table for ${process.arch}`);
  return startPtraceRecorder(options);
}
