/** From flags to how cells run: for each command that runs cells. */
import { EFFORTS, type Effort, type EffortName, limitsOfDepth } from '../domain/effort.ts';
import type { RunOptions } from '../run.ts';
import { replayText } from './replay-text.ts';
import type { Session } from './session.ts';

export interface HowFlags {
  readonly recorder?: string;
  readonly bail: boolean;
  readonly seed: number;
  readonly effort: EffortName;
  readonly states?: number;
  readonly depth?: number;
  readonly preemptions?: number;
  readonly histories?: number;
  readonly observe: boolean;
  readonly fault: readonly string[];
  readonly allCases: boolean;
  readonly timeout: number;
}

/** The table of the effort, with what other options say. */
function effortOf({ effort: name, seed: drawnBy, observe, depth, states: most, preemptions, histories, fault }: HowFlags): Effort {
  return {
    name,
    seed: drawnBy,
    ...EFFORTS[name],
    ...(observe && { kills: 'observed' }),
    ...(depth !== undefined && limitsOfDepth(name, depth)),
    ...(most !== undefined && { states: most }),
    ...(preemptions !== undefined && { preemptions }),
    ...(histories !== undefined && { histories, costlyHistories: histories }),
    ...(fault.length > 0 && { faults: [...fault] }),
  };
}

/** The command that replays a case of a run with this effort. */
export function replaysOf(effort: Effort, { recorder }: Pick<HowFlags, 'recorder'>): RunOptions['replay'] {
  return ({ store: { name, argument, commandLine } }, id) =>
    replayText(id, { ...effort, file: argument === name ? undefined : argument, commandLine, recorder });
}

/** What the command line says of how cells run. `evidence`: whether a report shows it. */
export function runOptions(session: Session, flags: HowFlags, evidence = false): Omit<RunOptions, 'onProgress'> {
  const effort = effortOf(flags);
  return {
    ...session,
    effort,
    allCases: flags.allCases,
    evidence,
    bail: flags.bail,
    timeoutMs: flags.timeout * 1000,
    replay: replaysOf(effort, flags),
  };
}
