/** A log of strace as a recorded run, to be explored like one that was recorded here. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { RecordedRun, Tree } from '../../domain/trace.ts';
import { buildTree } from '../../domain/tree.ts';
import { traceOf } from '../record.ts';
import { type FollowOptions, followLog } from './follow.ts';
import { callsIn } from './log.ts';

export interface LogOptions extends Pick<FollowOptions, 'directory' | 'cwd'> {
  /** What the directory held when the program began. */
  readonly start: Tree;
  /** An empty directory. */
  readonly scratch: string;
}

/** With the program and its arguments, as far as the log shows them. Throws `BadLog`. */
export function runOfLog(log: string, { start, scratch, ...where }: LogOptions): RecordedRun & { readonly command: readonly string[] } {
  const [place, spool] = [join(scratch, 'place'), join(scratch, 'spool')];
  for (const directory of [place, spool]) mkdirSync(directory);
  buildTree(start, place);
  const { events, command } = followLog(callsIn(log), { ...where, place, spool });
  const trace = traceOf('strace', { events }, spool, { names: [], contents: new Set() });
  return { trace, before: undefined, sites: { sites: new Map(), mismatches: [] }, notes: [ONE_RUN], command };
}

const ONE_RUN = 'one run was logged: which names and contents are others in each run is not known';
