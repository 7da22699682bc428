/** A fault in words: which op failed how, what each step said, and who found what. */
import { canonicalPath } from '../../domain/names.ts';
import type { NameRule, Op } from '../../domain/trace.ts';
import { counted } from '../../domain/words.ts';
import { describeFound, describeLooker } from '../../explain/found.ts';
import { asMeant, opText } from '../../explain/op-text.ts';
import { historyInWords } from '../../generate/history.ts';
import { lineOf } from '../crash/describe.ts';
import type { CaseWords } from '../model.ts';
import type { CrashAfterFault, CutAfterFault, FaultCase, OpFault } from './fault-id.ts';
import type { FaultyRun } from './fault-runs.ts';
import { opOf } from './fsync-faults.ts';
import type { FaultVerdict, WhatFails } from './trial.ts';

export async function describeFault(verdict: FaultVerdict): Promise<CaseWords> {
  const { case: one, run, sighting } = verdict;
  const { subject, fails } = one;
  const { trace, history } = subject;
  const after = await lineOf(subject, opOf(fails));
  return {
    end: false,
    fault: [faultText(fails, trace.ops, run.trace.ops), ...heard(verdict)].join('; '),
    found: foundText(verdict) + describeLooker(sighting.looker, verdict.outcome),
    ...(history && { history: historyInWords(history.steps) }),
    ...(after && { after }),
    ...(after?.site && { site: after.site }),
  };
}

/** What the caller had heard: of a run that a crash ended, nothing of the step that was under way. */
function heard({ case: { fails, subject }, run }: FaultVerdict): string[] {
  if (fails.kind !== 'then-crash') return [settledText(run, subject.trace.variation.names)];
  const boundary = boundaryOf(fails.crash);
  return run.trace.marks.filter(({ afterOp }) => afterOp <= boundary).map(({ kind, step }) => `step ${step + 1} ${kind}`);
}

const boundaryOf = (crash: CrashAfterFault): number => (crash.how === 'kill' ? crash.boundary : crash.cut.boundary);

function foundText({ outcome, exposed, run: { ending }, recovery, promised }: FaultVerdict): string {
  if (outcome === 'exposed') return `${exposed} by other users`;
  if (outcome === 'hung' && ending.kind === 'hung') return ending.because;
  return describeFound(outcome, recovery, promised);
}

/** E.g. `op 2 open sessions.json fails with EMFILE`. The second of two is an op of the run with the first. */
function faultText(fails: WhatFails, ops: readonly Op[], later: readonly Op[]): string {
  switch (fails.kind) {
    case 'faults': {
      const [first, second] = fails.faults;
      const firstText = opFaultText(first, ops);
      return second === undefined ? firstText : `${firstText}, and then ${opFaultText(second, later)}`;
    }
    case 'then-crash': {
      const { fault, crash } = fails;
      const then = crash.how === 'kill' ? `; the process is killed after ${plainText(later, crash.boundary)}` : cutText(crash.cut);
      return `${opFaultText(fault, ops)}${then}`;
    }
    case 'dropped':
      return `${plainText(ops, fails.op)} fails with EIO and drops its dirty pages${cutText(fails.cut)}`;
    case 'lie':
      return `${plainText(ops, fails.op)} does nothing and says that it did${cutText(fails.cut)}`;
    case 'control':
    case 'cut-alone':
    case 'kill-alone':
      return 'nothing fails';
    default:
      return fails satisfies never;
  }
}

function opFaultText(fault: OpFault, ops: readonly Op[]): string {
  const op = plainText(ops, fault.op);
  switch (fault.kind) {
    case 'errno':
      return `${op} fails with ${fault.errno}${againText(fault.times)}`;
    case 'lost':
      return `${op} fails with ${fault.errno}, and what was written since op ${fault.since} is taken back`;
    case 'short':
      return `${op} carries out ${counted(fault.bytes, 'byte')} only`;
    case 'full': {
      const from = fault.room === undefined ? `from ${op} on` : `after ${fault.room} bytes of ${op}`;
      return `the disk is full ${from}${fault.until === undefined ? '' : ', and has room again when the step has settled'}`;
    }
    case 'read-only':
      return `the file system is read-only from ${op} on`;
    case 'in-use': {
      const target = ops[fault.op - 1]?.to?.path ?? ops[fault.op - 1]?.file.path ?? '';
      return `${op} is refused with EPERM${fault.lasts ? `, as is all that replaces or removes ${target} after it` : ', once'}`;
    }
    default:
      return fault satisfies never;
  }
}

function againText(times: number | undefined): string {
  if (times === undefined) return '';
  return times === 2 ? ', and so does the next call like it' : `, and so do the next ${times - 1} calls like it`;
}

function plainText(ops: readonly Op[], index: number): string {
  const op = ops[index - 1];
  if (op === undefined) return `op ${index}`;
  return `op ${index} ${opText(asMeant(op))}`;
}

function cutText(cut: CutAfterFault | undefined): string {
  return cut === undefined ? '' : `; the power goes after op ${cut.boundary} (${cut.profile})`;
}

/** What the caller heard. */
function settledText({ trace: { marks }, ending, complaint }: FaultyRun, names: readonly NameRule[]): string {
  const said = marks.map(({ kind, step }) => `step ${step + 1} ${kind}`);
  const because =
    complaint === undefined || marks.at(-1)?.kind === 'resolved' ? '' : `: ${canonicalPath(complaint.split('\n')[0] ?? '', names)}`;
  switch (ending.kind) {
    case 'settled':
      return said.join(', ') + because;
    case 'died':
      return [...said, `${ending.how}, which counts as a rejection${because}`].join(', ');
    case 'hung':
      return [...said, ending.because].join(', ');
    default:
      return ending satisfies never;
  }
}

/** The fault of a case that is reported. */
export function faultOf(fails: WhatFails): FaultCase {
  if (fails.kind === 'control' || fails.kind === 'cut-alone' || fails.kind === 'kill-alone') throw new Error('controls are not reported');
  return fails;
}
