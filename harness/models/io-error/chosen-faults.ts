/** The single faults that are tried: by the effort, and by the patterns of the command line. */
import type { Effort } from '../../domain/effort.ts';
import { type FaultPattern, parseFaultPattern } from '../../domain/fault-pattern.ts';
import type { Op, Trace } from '../../domain/trace.ts';
import { READ_ONLY_ERRNO } from '../../record/fault.ts';
import type { OpFault } from './fault-id.ts';
import { withFirstErrnos } from './single-faults.ts';

interface ChosenFaults {
  readonly faults: readonly OpFault[];
  /** Patterns that no call of the run is like. */
  readonly unmet: readonly string[];
}

/** Where a pattern has an errno, that one is tried whatever the effort says. */
export function chosenFaults(
  all: readonly OpFault[],
  trace: Pick<Trace, 'ops'>,
  errnos: Effort['errnos'],
  faults: Effort['faults'] | undefined,
): ChosenFaults {
  const byEffort = errnos === 'all' ? all : withFirstErrnos(all, trace, errnos);
  if (faults === undefined) return { faults: byEffort, unmet: [] };
  const patterns = faults.map(parseFaultPattern);
  const usual = new Set(byEffort);
  const isMeant = (fault: OpFault, { errno, ...pattern }: FaultPattern): boolean =>
    isLike(trace.ops[fault.op - 1], pattern) && (errno === undefined ? usual.has(fault) : errno === errnoOf(fault));
  return {
    faults: all.filter((fault) => patterns.some((pattern) => isMeant(fault, pattern))),
    unmet: patterns.filter((pattern) => !all.some((fault) => isMeant(fault, pattern))).map(({ text }) => text),
  };
}

function isLike(op: Op | undefined, { call, hasPath }: Pick<FaultPattern, 'call' | 'hasPath'>): boolean {
  if (op?.call !== call) return false;
  return hasPath(op.file.path) || (op.to !== undefined && hasPath(op.to.path));
}

/** The errno that the store gets; undefined of a call that transfers less and does not fail. */
function errnoOf(fault: OpFault): string | undefined {
  switch (fault.kind) {
    case 'errno':
    case 'lost':
      return fault.errno;
    case 'full':
      return 'ENOSPC';
    case 'read-only':
      return READ_ONLY_ERRNO;
    case 'in-use':
      return 'EPERM';
    case 'short':
      return undefined;
    default:
      return fault satisfies never;
  }
}
