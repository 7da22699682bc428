/**
 * Which line of the store asked for each op: the stacks that the binding recorder saw, matched op by op with the syscalls.
 *
 * Where the two do not agree, both are reported: an op that Node's binding never saw was made by native code or by another
 * process; one that never became a syscall would be a fault of the binding recorder.
 */
import { CALLS } from '../domain/calls.ts';
import type { Op, Site, SiteMatch, Trace } from '../domain/trace.ts';

/** The function behind `fs.promises.readFile` and `readFile` of a handle, in a stack. */
const READ_FILE_OF_PROMISES = /\breadFileHandle \(node:internal\/fs\/promises:/;

/** `other` is a run of the same scenario under the binding recorder; undefined where it cannot see the store (commands). */
export function matchSites(
  trace: Trace,
  other: { readonly ops: readonly Op[] } | undefined,
  siteOf: (stack: string) => Site | undefined,
): SiteMatch {
  const sites = new Map<number, Site>();
  if (other === undefined) return { sites, mismatches: [] };
  const mismatches: string[] = [];
  const inBinding = new Matcher(other.ops);
  for (const op of trace.ops) {
    const match = inBinding.take(op);
    const site = match?.stack === undefined ? undefined : siteOf(match.stack);
    if (site !== undefined) sites.set(op.index, site);
    if (match === undefined && changesDisk(op) && !continues(trace, op))
      mismatches.push(`op ${op.index} (${effectOf(op)}) was made outside Node's fs`);
  }
  for (const op of inBinding.left()) if (changesDisk(op)) mismatches.push(`only the binding recorder saw ${effectOf(op)}`);
  const readByPromises = other.ops.filter(({ call, stack = '' }) => call === 'read' && READ_FILE_OF_PROMISES.test(stack));
  return { sites, mismatches, readByPromises: new Set(readByPromises.map(({ file }) => file.path)) };
}

/** Hands out the ops of the other recording in order, to ops with the same effect. */
class Matcher {
  readonly #byEffect = new Map<string, Op[]>();

  constructor(ops: readonly Op[]) {
    for (const op of ops) this.#byEffect.set(effectOf(op), [...(this.#byEffect.get(effectOf(op)) ?? []), op]);
  }

  take(op: Op): Op | undefined {
    return this.#byEffect.get(effectOf(op))?.shift();
  }

  left(): Op[] {
    return [...this.#byEffect.values()].flat();
  }
}

function effectOf(op: Op): string {
  return `${op.call} ${op.file.path}${op.to === undefined ? '' : ` -> ${op.to.path}`}${op.error === undefined ? '' : ` ${op.error}`}`;
}

function changesDisk(op: Op): boolean {
  if (!CALLS[op.call].compared || op.error !== undefined) return false;
  return op.call !== 'open' || (op.flags ?? []).some((flag) => flag === 'create' || flag === 'truncate');
}

/** The kernel may carry out one call in pieces: a write or copy right after another on the same file, or one that found nothing left. */
function continues(trace: Trace, op: Op): boolean {
  const before = trace.ops[op.index - 2];
  return (
    (op.call === 'write' || op.call === 'copy') && (op.range?.length === 0 || (before?.call === op.call && before.file.id === op.file.id))
  );
}
