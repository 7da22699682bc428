/** Quits in words, and what a loss is to blame on. */
import { type Blame, NEVER_WRITTEN } from '../../domain/mechanisms.ts';
import { QUITS, type Quit } from '../../domain/quits.ts';
import type { Op } from '../../domain/trace.ts';
import { effectText, mechanismOf, promisedBefore } from '../../explain/changed.ts';
import { isLoss } from '../../judge/outcome.ts';
import { blameCrash, isNeverWritten } from '../crash/blame.ts';
import type { CrashVerdict } from '../crash/crash-state.ts';
import { crashTimeline, describeCrash } from '../crash/describe.ts';
import type { CaseWords, Explored, Findings, Timeline } from '../model.ts';
import { lastChange, type QuitCase, type QuitRun, type QuitVerdict } from './quit-cases.ts';

export type QuitExplored = Explored<QuitCase, QuitRun | undefined>;

/** As the crash at the same boundary. */
const asCrash = (verdict: QuitVerdict): CrashVerdict => ({ ...verdict, run: undefined });

export async function describeQuit(verdict: QuitVerdict): Promise<CaseWords> {
  const { case: one, run, outcome } = verdict;
  const found = outcome === 'hung' ? run?.stays : undefined;
  return { ...(await describeCrash(asCrash(verdict))), quitBy: quitText(one), ...(found !== undefined && { found }) };
}

/** `SIGTERM, which notes.ts:9 handles, when step 1 had settled; the same by SIGINT`. */
function quitText({ quit, alike, asked, state, subject }: QuitCase): string {
  const mark = subject.trace.marks.findLast(({ afterOp }) => afterOp === state.at.op);
  const when = mark === undefined ? '' : `, when step ${mark.step + 1} had settled`;
  const others = alike.length === 0 ? '' : `; the same by ${alike.map((other) => QUITS[other].words).join(', ')}`;
  const handled =
    quit === 'end' || subject.isProgram
      ? ''
      : asked === undefined
        ? ', which nothing handles'
        : `, which ${handlerOf(subject, quit)} handles`;
  return `${QUITS[quit].words}${handled}${when}${others}`;
}

function handlerOf(subject: QuitCase['subject'], quit: Quit): string {
  const site = subject.listensAt(quit);
  return site === undefined ? 'the store' : `${site.file}:${site.line}`;
}

export async function blameQuit(verdict: QuitVerdict, findings: Findings<QuitExplored>): Promise<Blame | undefined> {
  const { case: one, run, outcome } = verdict;
  const { subject, quit, state } = one;
  if (outcome === 'hung' && run?.stays !== undefined) {
    const site = subject.listensAt(quit);
    return { mechanism: 'stays-alive', op: `the listener for ${QUITS[quit].words}`, ...(site && { site }) };
  }
  const atBoundaries = findings.explored.verdicts.filter(isOfBoundary);
  if (isSettledAt(one) && !wasThere(one, atBoundaries)) {
    const written = lastChange(subject.trace, Math.max(state.at.op, subject.trace.marks.at(-1)?.afterOp ?? 0));
    if (written !== undefined) return { mechanism: 'promised-unwritten', op: effectText(written), ...(await siteOf(written, subject)) };
    if (isNeverWritten(subject.trace)) return NEVER_WRITTEN;
  }
  const later = run?.trace ?? (isOfBoundary(verdict) ? undefined : subject.trace);
  const spoiler = later && lastChange(later, state.at.op);
  if (later !== undefined && spoiler !== undefined) {
    const same = subject.trace.ops.find((op) => effectText(op) === effectText(spoiler));
    return { mechanism: mechanismOf(spoiler, later), op: effectText(spoiler), ...(same && (await siteOf(same, subject))) };
  }
  const explored = { ...findings.explored, unmeasured: [], found: [], verdicts: atBoundaries.map(asCrash) };
  return blameCrash(asCrash(verdict), { ...findings, explored });
}

/** Judged by what was there at the boundary: nothing was done any more. */
const isOfBoundary = ({ case: { state, asked } }: QuitVerdict): boolean => asked === undefined && state.promisedAt === state.at.op;

/** Whether what had been promised was on disk at some boundary since, up to the quit: then it was lost later. */
function wasThere({ subject: { trace }, state: { at } }: QuitCase, verdicts: readonly QuitVerdict[]): boolean {
  const since = promisedBefore(trace, at.op + 1);
  return verdicts.some(({ case: { state }, outcome }) => !isLoss(outcome) && state.points.some(({ op }) => op >= since && op <= at.op));
}

/** Whether no step was under way: what had been promised by then was settled. */
function isSettledAt({ subject: { trace, steps }, state: { at } }: QuitCase): boolean {
  const settled = trace.marks.filter(({ afterOp }) => afterOp <= at.op);
  return settled.length > 0 && (settled.length === steps.length || settled.at(-1)?.afterOp === at.op);
}

async function siteOf({ index }: Op, subject: QuitCase['subject']): Promise<Pick<Blame, 'site'>> {
  const site = (await subject.sites()).sites.get(index);
  return site === undefined ? {} : { site };
}

/** The run up to the quit, and what the process did after it. */
export async function quitTimeline(verdict: QuitVerdict): Promise<Timeline> {
  const { case: one, run } = verdict;
  const upTo = await crashTimeline(asCrash(verdict), `${QUITS[one.quit].words} here`);
  if (run === undefined || upTo.kind !== 'ops') return upTo;
  const from = one.state.at.op;
  const { ops, trees, marks } = run.trace;
  const rest = ops.slice(from);
  const before = marks.filter(({ afterOp }) => afterOp <= from).length;
  const known = one.subject.trace.marks.filter(({ afterOp }) => afterOp <= from).length;
  return {
    kind: 'ops',
    parts: [
      ...upTo.parts,
      {
        title: 'then, until the process ended',
        ops: rest,
        marks: marks.slice(Math.min(before, known)).map((mark) => ({ ...mark, afterOp: mark.afterOp - from })),
        trees: trees.slice(from),
        steps: one.subject.steps,
        at: { op: rest.length },
        crash: run.stays === undefined ? 'the process ended here' : 'the process stayed, and was killed here',
      },
    ],
  };
}
