/**
 * Results as a run would give them, built from ops: a picture is drawn from what each op leaves behind.
 */

import { cellName } from '../../harness/domain/case-id.ts';
import { EFFORTS } from '../../harness/domain/effort.ts';
import { OUTCOME_NAMES, OUTCOMES, type Outcome } from '../../harness/domain/outcomes.ts';
import type { CaseResult, CellResult, Result, Tried } from '../../harness/domain/result.ts';
import type { Call, FileRef, Op, OpenFlag, Site } from '../../harness/domain/trace.ts';
import { causesOf } from '../../harness/explain/causes.ts';
import { opText, withoutBytes } from '../../harness/explain/op-text.ts';
import { modelNamed } from '../../harness/models/all.ts';

type OpParts = Partial<Pick<Op, 'to' | 'range' | 'error' | 'mode' | 'process'>> & {
  readonly flags?: readonly OpenFlag[];
  readonly site?: Site;
};

export function op(index: number, call: Call, path: string, parts: OpParts = {}): Op {
  return { index, call, via: call, file: file(path), process: 0, ...parts };
}

export function file(path: string): FileRef {
  return { id: 1, path, actual: path };
}

export function site(name: string, line: number): Site {
  return { file: `src/${name}.ts`, line, column: 3 };
}

const LIVE = 'sessions.json';
const TEMP = 'sessions.json.<uuid>.tmp';
const BACKUP = 'sessions.json.bak.<time>';
const LOCK = 'sessions.json.lock';

/** A save of rename-away: lock, read, rotate, write anew, unlock. */
export function renameAwayOps(): Op[] {
  const store = (line: number): { site: Site } => ({ site: site('session-store', line) });
  const atomic = (line: number): { site: Site } => ({ site: site('atomic-write', line) });
  const rotate = { site: site('strategies/rename-away', 18) };
  return [
    op(1, 'mkdir', '.', { error: 'EEXIST', mode: 0o777, ...store(41) }),
    op(2, 'open', LOCK, { flags: ['write', 'create', 'exclusive'], ...store(44) }),
    op(3, 'write', LOCK, { range: { offset: 0, length: 47 }, ...store(45) }),
    op(4, 'close', LOCK, store(46)),
    op(5, 'open', LIVE, { flags: ['read'], ...store(60) }),
    op(6, 'read', LIVE, { range: { offset: 0, length: 1204 }, ...store(60) }),
    op(7, 'close', LIVE, store(60)),
    op(8, 'stat', LIVE, { site: site('strategies/rename-away', 14) }),
    op(9, 'rename', LIVE, { to: file(BACKUP), ...rotate }),
    op(10, 'readdir', '.', { site: site('strategies/rename-away', 22) }),
    op(11, 'open', TEMP, { flags: ['write', 'create', 'truncate'], ...atomic(11) }),
    op(12, 'write', TEMP, { range: { offset: 0, length: 1310 }, ...atomic(12) }),
    op(13, 'fsync', TEMP, atomic(13)),
    op(14, 'close', TEMP, atomic(14)),
    op(15, 'rename', TEMP, { to: file(LIVE), ...atomic(15) }),
    op(16, 'open', '.', { flags: ['read', 'directory'], ...atomic(17) }),
    op(17, 'fsync', '.', atomic(18)),
    op(18, 'close', '.', atomic(19)),
    op(19, 'unlink', LOCK, store(52)),
  ];
}

/** `o*9 E*6 n*5` -> a picture. */
export function picture(runs: string): string {
  return runs.replace(/(\S)\*(\d+) ?/g, (_, letter: string, times: string) => letter.repeat(Number(times)));
}

export interface CellParts extends Partial<CellResult> {
  readonly store: string;
  readonly scenario: string;
  readonly runs: string;
}

const FOUND: { readonly [outcome in Outcome]?: string } = {
  empty: '{}',
  stale: '5 entries, as of 1 save earlier',
  unreadable: 'threw SyntaxError: Unexpected end of JSON input',
  blocked: "threw Error: EEXIST: file already exists, open '/tmp/crash-matrix-x1y2/case/sessions.json.lock' (held by pid 4711)",
};

/** A cell with the counts that its picture has, and a case for each stretch of violations in it. */
export function cellAndCases(parts: CellParts): { readonly cell: CellResult; readonly cases: CaseResult[] } {
  const { runs, ...rest } = parts;
  const drawn = picture(runs);
  const letters = [...drawn];
  const folds = letters.map((letter, index) => (index > 0 && letters[index - 1] === letter && index % 3 !== 0 ? '=' : '.')).join('');
  const outcomes: { [outcome: string]: number } = {};
  for (const [index, letter] of letters.entries()) {
    const outcome = outcomeOf(letter);
    if (outcome !== undefined && folds[index] === '.') outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  const bad = letters.flatMap((letter, index) => (/[A-Z]/.test(letter) && folds[index] === '.' ? [index] : []));
  const states = [...folds].filter((fold) => fold === '.').length;
  const cell: CellResult = {
    model: 'process-kill',
    claim: 'durable',
    grade: bad.length > 0 ? 'lossy' : 'durable',
    status: bad.length > 0 ? 'known-bug' : 'kept',
    points: letters.length,
    states,
    distinct: states,
    violations: bad.length,
    outcomes,
    picture: drawn,
    folds,
    notes: [],
    durationMs: 812,
    tried: TRIED[modelNamed(parts.model ?? 'process-kill').tries](letters.length, states),
    ...rest,
  };
  return { cell, cases: bad.map((index) => caseAt(cell, index)) };
}

/** Counts for a cell in which there is nothing to be said of the rest. */
const TRIED: { readonly [kind in Tried['kind']]: (points: number, states: number) => Extract<Tried, { kind: kind }> } = {
  kills: (points, states) => ({ kind: 'kills', kills: states, folded: points - states }),
  states: () => ({ kind: 'states', explored: { pages: { kind: 'exhaustive', states: 40, distinct: 20, limit: 10_000 } } }),
  quits: (points, states) => ({ kind: 'quits', asked: states, asKills: points - states, inWork: points }),
  cuts: (points) => ({ kind: 'cuts', cuts: points }),
  faults: (points) => ({ kind: 'faults', tried: points, twice: { tried: 0, of: 0 } }),
  starts: (points) => ({ kind: 'starts', tried: points, of: points }),
  schedules: (points, states) => ({ kind: 'schedules', reach: 'exhaustive', tried: points, distinct: states, crashes: 0, kills: 0 }),
};

function caseAt(cell: CellResult, boundary: number): CaseResult {
  const ops = renameAwayOps();
  const end = boundary === cell.picture.length - 1;
  const line = (index: number): CaseResult['after'] => {
    const found = ops[(index - 1) % ops.length];
    const at = found?.site;
    return (
      found && {
        index,
        text: opText(found),
        ...(at && { site: cell.store === 'rename-away' ? at : { ...at, file: `src/strategies/${cell.store}.ts` } }),
      }
    );
  };
  const outcome = outcomeOf(cell.picture[boundary] ?? '') ?? 'mixed';
  const until = cell.picture.slice(boundary).search(new RegExp(`[^${cell.picture[boundary]}]`));
  const after = line(boundary);
  const began = line(cell.picture.slice(0, boundary + 1).search(new RegExp(`${cell.picture[boundary]}+$`)));
  const goneAt = until < 0 ? undefined : line(boundary + until);
  const id = `${cellName(cell)}@${boundary}`;
  return {
    id,
    outcome,
    grade: 'lossy',
    violation: true,
    ...(after && { after }),
    end,
    ...(goneAt && { until: goneAt }),
    found: FOUND[outcome] ?? 'returned what nobody saved',
    promised: '5 entries',
    onDisk: [
      { path: 'sessions.json.bak.<time>', bytes: 1204 },
      { path: 'sessions.json.lock', bytes: 47 },
    ],
    lost: [],
    ...(began && { blame: { mechanism: 'moved-away', op: withoutBytes(began.text), ...(began.site && { site: began.site }) } }),
    replay: `crash-matrix replay ${id}`,
  };
}

function outcomeOf(letter: string): Outcome | undefined {
  return OUTCOME_NAMES.find((outcome) => OUTCOMES[outcome].letter === letter);
}

export function resultOf(parts: readonly CellParts[], more: Partial<Result> = {}): Result {
  const built = parts.map(cellAndCases);
  const [cells, cases] = [built.map(({ cell }) => cell), built.flatMap((one) => one.cases)];
  return {
    schema: 'crash-matrix/1',
    version: '0.1.0',
    recorder: 'ptrace',
    observed: false,
    effort: 'deep',
    limits: EFFORTS.deep,
    node: 'v20.20.2',
    platform: 'linux',
    seed: 42,
    durationMs: 48_213,
    causes: causesOf(more.cells ?? cells, more.cases ?? cases),
    cells,
    cases,
    ...more,
  };
}

const ROTATIONS = 'o*9 E*6 n*5 o*8 E*6 n*5 o*8 E*6 n*5 o*8 E*6 n*5 o*8 E*6 n*5';

const KNOWN: readonly CellParts[] = [
  { store: 'rename-away', scenario: 'first-save', runs: 'o*11 n*5' },
  { store: 'rename-away', scenario: 'replace', runs: 'o*9 E*6 n*5' },
  { store: 'rename-away', scenario: 'save-unchanged', runs: 'o*9 E*3' },
  { store: 'rename-away', scenario: 'reset', runs: 'o*9 n*11' },
  { store: 'rename-away', scenario: 'rotate-often', runs: ROTATIONS },
  { store: 'rename-away', scenario: 'update', runs: 'o*9 E*6 n*5' },
  { store: 'in-place', scenario: 'first-save', runs: 'o*3 U*1 n*2' },
  { store: 'in-place', scenario: 'replace', runs: 'o*3 E*1 U*2 n*2' },
  { store: 'recover-when-empty', scenario: 'replace', runs: 'o*15 n*9' },
  { store: 'recover-when-empty', scenario: 'reset', runs: 'o*15 S*4 n*2' },
  { store: 'copy-then-replace', scenario: 'first-save', runs: 'o*11 n*5' },
  { store: 'copy-then-replace', scenario: 'replace', runs: 'o*17 n*5' },
  { store: 'copy-then-replace', scenario: 'rotate-often', runs: 'o*17 n*25 o*40 n*30 o*40 n*70' },
];

/** As the project's own run ends: known bugs found, nothing else. */
export const asExpected: Result = resultOf(KNOWN);

/** A run with each way to fail: two broken claims, a missed bug, a store that could not be measured. */
export const failing: Result = resultOf([
  ...KNOWN,
  { store: 'planted', scenario: 'replace', runs: 'o*9 E*6 B*1 n*4', status: 'broken' },
  { store: 'planted', scenario: 'rotate-often', runs: ROTATIONS, status: 'broken', notes: ['mmap of sessions.idx was not measured'] },
  {
    store: 'mended',
    scenario: 'replace',
    runs: 'o*9 n*11',
    status: 'missed-bug',
    expected: { grade: 'lossy', outcomes: ['empty'] },
    reason: 'known to be lossy here, but found durable',
  },
  {
    store: 'idle',
    scenario: 'replace',
    runs: '',
    grade: 'inconclusive',
    status: 'broken',
    reason: 'the store never touched its directory',
  },
]);
