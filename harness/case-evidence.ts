/** The evidence of a case, for every model: what led to it, what it left, what had been promised and what load returned. */
import type { CaseEvidence, Led, PowerCut } from './domain/evidence.ts';
import type { ScheduleEnd } from './domain/schedule.ts';
import type { NameRule, Task } from './domain/trace.ts';
import type { EvidenceTable } from './explain/evidence-table.ts';
import { eventText, scheduleOpText } from './explain/op-text.ts';
import type { Case, Findings, PendingLoss, TimelinePart } from './models/model.ts';
import type { Verdict } from './recover/believe.ts';

export async function caseEvidence(verdict: Verdict<Case, unknown>, findings: Findings, table: EvidenceTable): Promise<CaseEvidence> {
  const { model } = findings.cell;
  const { recovery, promised, sighting } = verdict;
  const { names } = model.variation(verdict);
  const timeline = await model.timeline(verdict, findings);
  const { acknowledged, inFlight } = promised;
  const values = acknowledged === undefined ? inFlight : [acknowledged, ...inFlight];
  const value = recovery.load.kind === 'loaded' ? recovery.load.value : undefined;
  return {
    led: timeline.kind === 'ops' ? timeline.parts.map((part) => ledBy(part, names, table)) : [scheduled(timeline, names, table)],
    left: table.addTree(sighting.tree, names),
    promised: [...new Set(values.map((one) => table.addValue(one)))],
    ...(acknowledged === undefined && { unsaved: true }),
    ...(value !== undefined && { loaded: table.addValue(value) }),
    ...cutOf(model.pending?.(verdict, findings), names, table),
  };
}

function cutOf(pending: PendingLoss | undefined, names: readonly NameRule[], table: EvidenceTable): Pick<CaseEvidence, 'cut'> {
  if (pending === undefined) return {};
  const { lost, states, pieces, ...rest } = pending;
  const judged: PowerCut['judged'] = {};
  const trees = new Map<string, number>();
  const marked = states.map((state): [string, number] => {
    const tree = table.addTree(state.tree, names);
    if (state.judged !== undefined) judged[tree] = state.judged;
    const place = trees.get(tree) ?? trees.size;
    trees.set(tree, place);
    return [pieces.map((_, piece) => (state.lost.has(piece) ? '0' : '1')).join(''), place];
  });
  const id = table.addCut({
    ...rest,
    pieces: pieces.map(({ text, takes }) => ({ text, takes: [...takes] })),
    trees: [...trees.keys()],
    states: marked,
    judged,
  });
  return { cut: { id, lost: [...lost] } };
}

function ledBy({ title, at, crash, lost, ...run }: TimelinePart, names: readonly NameRule[], table: EvidenceTable): Led {
  return {
    ...(title !== undefined && { title }),
    run: table.addRecorded(run, names),
    at: { op: at.op, ...(at.bytes !== undefined && { bytes: at.bytes }) },
    ...(crash !== undefined && { crash }),
    ...(lost !== undefined && lost.size > 0 && { lost: [...lost].sort((one, other) => one - other) }),
  };
}

interface Scheduled {
  readonly end: ScheduleEnd;
  readonly tasks: readonly Task[];
}

function scheduled({ end, tasks }: Scheduled, names: readonly NameRule[], table: EvidenceTable): Led {
  const { ops, events, killed, stuck, how, tree } = end;
  const nameOf = (task: number): string => tasks[task]?.name ?? '';
  const crash = stuck ?? (how === 'crashed' ? 'all of them crashed here' : undefined);
  const lastOfKilled = ops.findLastIndex(({ task }) => task === killed) + 1;
  const settled = events.filter(({ kind }) => kind !== 'began').map((event) => ({ afterOp: event.at, text: eventText(event, tasks) }));
  const kills = killed === undefined ? [] : [{ afterOp: lastOfKilled, text: `${nameOf(killed)} was killed here` }];
  const run = table.addRun({
    ops: ops.map((op, index) => ({
      line: table.addLine(scheduleOpText(op), undefined),
      task: nameOf(op.task),
      ...(op.changed && { changed: true as const }),
      ...(index === ops.length - 1 && { tree: table.addTree(tree, names) }),
    })),
    marks: [...settled, ...kills].sort((one, other) => one.afterOp - other.afterOp),
  });
  return { run, at: { op: ops.length }, ...(crash !== undefined && { crash }) };
}
