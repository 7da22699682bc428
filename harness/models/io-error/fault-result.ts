/**
 * From what was found where calls failed to a cell's lines in the report: which op failed how, what the step said, and what was there then.
 */
import { cellName, type FaultCell } from '../../check.ts';
import { isViolation } from '../../domain/grade.ts';
import { canonicalPath } from '../../domain/names.ts';
import { OUTCOMES, type Outcome, worstOutcome } from '../../domain/outcomes.ts';
import type { CaseResult, CellResult, OpLine } from '../../domain/result.ts';
import type { NameRule, Op } from '../../domain/trace.ts';
import { treeKey } from '../../domain/tree.ts';
import { type CellOptions, type CheckedCell, countOf, filesIn, headOf } from '../../explain/cell-result.ts';
import { describeFound } from '../../explain/found.ts';
import { opText } from '../../explain/op-text.ts';
import type { SiteMatch } from '../../explain/sites.ts';
import { describePromised } from '../../explain/values.ts';
import { gradeOf } from '../../judge/outcome.ts';
import { type FaultCase, faultId, type OpFault } from './fault-id.ts';
import type { FaultyRun } from './fault-runs.ts';
import type { FaultVerdict, Finder } from './fault-verdict.ts';
import type { FaultFindings } from './faults.ts';

/** Letters of ops at which nothing was tried, and at which something was and could not be judged. */
const NOT_TRIED = '.';
const DOUBT = '?';

const NOTHING_TO_FAIL = 'no call of this run is one that would be refused: nothing was tried';

export function faultResult(cell: FaultCell, found: FaultFindings, { sites }: SiteMatch, options: CellOptions): CheckedCell {
  const { verdicts, doubts, recording, twice, lying } = found;
  const outcomes = verdicts.map(({ outcome }) => outcome);
  const idle = verdicts.length + doubts.length === 0 ? [NOTHING_TO_FAIL] : [];
  const unsure = [...recording.trace.unmeasured, ...doubts.map(({ doubt }) => doubt), ...idle];
  const head = headOf(cell, outcomes, unsure);
  const { claim } = head;
  const violations = verdicts.filter(({ outcome }) => isViolation(gradeOf(outcome, cell.model), claim));
  const lineOf = (index: number): OpLine | undefined => {
    const op = recording.trace.ops[index - 1];
    const site = cell.profile === 'windows' ? undefined : sites.get(index); // another recording, with other ops
    return op && { index, text: opText(op), ...(site && { site }) };
  };
  return {
    cell: {
      ...head,
      points: verdicts.length + doubts.length,
      states: verdicts.length,
      distinct: new Set(verdicts.map(({ tree }) => treeKey(tree))).size,
      violations: violations.length,
      outcomes: countOf(outcomes),
      tried: {
        kind: 'faults',
        tried: verdicts.length + doubts.length - twice.tried,
        twice,
        ...(lying && { lying: { ...lying, outcomes: { ...lying.outcomes } } }),
      },
      picture: pictureOf(found),
      notes: [...found.notes],
      durationMs: options.durationMs,
    },
    cases: (options.allCases ? verdicts : tellingOf(violations)).map((verdict) => caseOf(cell, found, verdict, claim, lineOf, options)),
  };
}

const opOf = (one: FaultCase): number => (one.kind === 'faults' ? one.faults[0].op : one.op);

/** One letter for each op: the worst that comes of its failing, alone or first of two. */
function pictureOf({ verdicts, doubts, recording }: FaultFindings): string {
  const at = new Map<number, Outcome[]>();
  for (const { case: one, outcome } of verdicts) at.set(opOf(one), [...(at.get(opOf(one)) ?? []), outcome]);
  const doubted = new Set(doubts.map(({ case: one }) => opOf(one)));
  return recording.trace.ops
    .map(({ index }) => {
      const worst = worstOutcome(at.get(index) ?? []);
      if (worst !== undefined) return OUTCOMES[worst].letter;
      return doubted.has(index) ? DOUBT : NOT_TRIED;
    })
    .join('');
}

/** One case for each outcome at each op: the first. */
function tellingOf(violations: readonly FaultVerdict[]): readonly FaultVerdict[] {
  const telling = new Map<string, FaultVerdict>();
  for (const verdict of violations) {
    const key = `${verdict.outcome} ${opOf(verdict.case)}`;
    if (!telling.has(key)) telling.set(key, verdict);
  }
  return [...telling.values()];
}

function caseOf(
  cell: FaultCell,
  { recording }: FaultFindings,
  verdict: FaultVerdict,
  claim: CellResult['claim'],
  lineOf: (index: number) => OpLine | undefined,
  options: CellOptions,
): CaseResult {
  const { outcome, recovery, promised, tree, run, finder } = verdict;
  const after = lineOf(opOf(verdict.case));
  const id = `${cellName(cell)}${faultId(verdict.case)}`;
  const grade = gradeOf(outcome, cell.model);
  return {
    id,
    outcome,
    grade,
    violation: isViolation(grade, claim),
    end: false,
    fault: `${faultText(verdict.case, recording.trace.ops, run.trace.ops)}; ${settledText(run, recording.trace.variation.names)}`,
    found: foundText(verdict) + finderText(finder),
    promised: describePromised(promised),
    onDisk: filesIn(tree, recording.trace.variation),
    lost: [],
    replay: options.replay(id),
    ...(after && { after }),
    ...(after?.site && { site: after.site }),
  };

  function foundText({ exposed }: FaultVerdict): string {
    if (outcome === 'exposed') return `${exposed} by other users`;
    if (outcome === 'hung' && run.ending.kind === 'hung') return run.ending.because;
    return describeFound(outcome, recovery, promised);
  }
}

/** E.g. `op 2 open sessions.json fails with EMFILE`. The second of two is an op of the run with the first. */
function faultText(one: FaultCase, ops: readonly Op[], later: readonly Op[]): string {
  switch (one.kind) {
    case 'faults': {
      const [first, second] = one.faults;
      const firstText = opFaultText(first, ops);
      return second === undefined ? firstText : `${firstText}, and then ${opFaultText(second, later)}`;
    }
    case 'dropped':
      return `${plainText(ops, one.op)} fails with EIO and drops its dirty pages${cutText(one.cut)}`;
    case 'lie':
      return `${plainText(ops, one.op)} does nothing and says that it did${cutText(one.cut)}`;
    default:
      return one satisfies never;
  }
}

function opFaultText(fault: OpFault, ops: readonly Op[]): string {
  const op = plainText(ops, fault.op);
  switch (fault.kind) {
    case 'errno':
      return `${op} fails with ${fault.errno}`;
    case 'short':
      return `${op} carries out ${fault.bytes} bytes only`;
    case 'full':
      return fault.room === undefined ? `the disk is full from ${op} on` : `the disk is full after ${fault.room} bytes of ${op}`;
    case 'in-use': {
      const target = ops[fault.op - 1]?.to?.path ?? ops[fault.op - 1]?.file.path ?? '';
      return `${op} is refused with EPERM${fault.lasts ? `, as is all that replaces or removes ${target} after it` : ', once'}`;
    }
    default:
      return fault satisfies never;
  }
}

/** The op as it was meant: without the errno that it ended with. */
function plainText(ops: readonly Op[], index: number): string {
  const op = ops[index - 1];
  if (op === undefined) return `op ${index}`;
  const { error: _, ...meant } = op;
  return `op ${index} ${opText(meant)}`;
}

function cutText(cut: Extract<FaultCase, { kind: 'lie' }>['cut']): string {
  return cut === undefined ? '' : `; the power goes after op ${cut.boundary} (${cut.profile})`;
}

/** What the caller was told. */
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

function finderText(finder: Finder): string {
  switch (finder.who) {
    case 'a fresh process':
      return '';
    case 'a fresh process after a step':
      return ` (after step ${finder.step})`;
    case 'the same process':
      return ' (in the same process)';
    default:
      return finder satisfies never;
  }
}
