/**
 * Root causes: violations grouped by what one change would mend, which is a line of source and how it loses data.
 *
 * A case without a source line (of a schedule, or of a second crash) takes that of the same op in another case of its store. At one line
 * a mechanism that explains it whole takes in the others: who stops writing in place mends also what that write forgot to force.
 */
import { createHash } from 'node:crypto';
import { cellName, cellNameIn } from '../domain/case-id.ts';
import { groupedBy } from '../domain/grouped.ts';
import { LOST_ANYWAY, MECHANISM_NAMES, MECHANISMS, type Mechanism, NEVER_WRITTEN } from '../domain/mechanisms.ts';
import { modelName } from '../domain/model-names.ts';
import { OUTCOMES, type Outcome, worstOutcome } from '../domain/outcomes.ts';
import type { CaseResult, Cause, CellResult, Result, SiteLine } from '../domain/result.ts';
import { causeMend } from './cause-mend.ts';
import { withoutBytes } from './op-text.ts';

interface InCell {
  readonly one: CaseResult;
  readonly cell: CellResult;
}

interface Blamed extends InCell {
  readonly mechanism: Mechanism;
  readonly op: string;
  readonly site?: SiteLine;
}

/** A cause, and the cases that it explains, the plainest first. */
export interface Explained {
  readonly cause: Cause;
  readonly cases: readonly CaseResult[];
}

/** The causes of all violations, those that break a claim first, then those that take most with them. */
export function causesOf(cells: readonly CellResult[], cases: readonly CaseResult[]): Cause[] {
  return explained(cells, cases).map(({ cause }) => cause);
}

/** The causes of a result, as a baseline left them, each with its cases. */
export function explainedIn({ cells, cases, causes }: Pick<Result, 'cells' | 'cases' | 'causes'>): Explained[] {
  const ofCause = new Map(explained(cells, cases).map((one) => [one.cause.id, one.cases]));
  return causes.map((cause) => ({ cause, cases: ofCause.get(cause.id) ?? [] }));
}

function explained(cells: readonly CellResult[], cases: readonly CaseResult[]): Explained[] {
  const byName = new Map(cells.map((cell) => [cellName(cell), cell]));
  const sites = sitesByOp(cases);
  const all: InCell[] = cases.flatMap((one) => {
    const cell = byName.get(cellNameIn(one.id));
    return cell === undefined || !one.violation ? [] : [{ one, cell }];
  });
  const { blamed, unexplained } = withLostAnyway(cells, {
    blamed: all.flatMap(({ one, cell }) => {
      if (one.blame === undefined) return [];
      const { mechanism, op, site = sites.get(`${cell.store} ${op}`) } = one.blame;
      return [{ one, cell, mechanism, op, ...(site && { site }) }];
    }),
    unexplained: all.filter(({ one }) => one.blame === undefined),
  });
  const places = placesOf(blamed);
  const groups = groupedBy(blamed, ({ cell, mechanism, op, site }) => {
    if ('ofStore' in MECHANISMS[mechanism]) return JSON.stringify([cell.store, mechanism, '']);
    const place = site === undefined ? op : places.keyOf(site);
    const isPart = site !== undefined && !('standsAlone' in MECHANISMS[mechanism]);
    const whole = isPart ? places.mechanismAt(cell.store, site) : undefined;
    return JSON.stringify([cell.store, whole ?? mechanism, place]);
  });
  const causes = [...groups].map(([key, group]) => causeOf(JSON.parse(key) as [string, Mechanism, string], group));
  const others = [...groupedBy(unexplained, ({ cell }) => cellName(cell))].map(([name, ofCell]) => unexplainedIn(name, ofCell));
  const order = new Map(cells.map(({ store }, index) => [store, index]));
  return [...causes, ...others].sort(
    ({ cause: one }, { cause: other }) =>
      byStatus(one, other) ||
      (order.get(one.store) ?? 0) - (order.get(other.store) ?? 0) ||
      severityOf(other) - severityOf(one) ||
      other.cells.length - one.cells.length ||
      (one.id < other.id ? -1 : 1),
  );
}

interface Sorted {
  readonly blamed: readonly Blamed[];
  readonly unexplained: readonly InCell[];
}

/**
 * A store that loses with no crash in most of its scenarios loses so under each model, where it looks like many causes. What is lost in the same
 * way is put down to that: what else is wrong shows once that is mended.
 */
function withLostAnyway(cells: readonly CellResult[], { blamed, unexplained }: Sorted): Sorted {
  const outcomes = new Map([...new Set(cells.map(({ store }) => store))].map((store) => [store, lostAnywayIn(store, cells, blamed)]));
  const isFolded = ({ one, cell }: InCell): boolean => outcomes.get(cell.store)?.has(one.outcome) === true;
  const keepsIts = ({ mechanism }: Blamed): boolean => 'ofStore' in MECHANISMS[mechanism] || 'standsAlone' in MECHANISMS[mechanism];
  const lostAnyway = ({ one, cell }: InCell): Blamed => ({ one, cell, ...LOST_ANYWAY });
  return {
    blamed: [
      ...blamed.map((one) => (isFolded(one) && !keepsIts(one) ? lostAnyway(one) : one)),
      ...unexplained.filter(isFolded).map(lostAnyway),
    ],
    unexplained: unexplained.filter((one) => !isFolded(one)),
  };
}

/** The outcomes of a store that loses with no crash in most of its scenarios; none of another store. */
function lostAnywayIn(store: string, cells: readonly CellResult[], blamed: readonly Blamed[]): ReadonlySet<Outcome> {
  const scenariosOf = (some: readonly CellResult[]): number => new Set(some.map(({ scenario }) => scenario)).size;
  const isAnyway = ({ cell, mechanism, op }: Blamed): boolean =>
    cell.store === store && mechanism === LOST_ANYWAY.mechanism && op === LOST_ANYWAY.op;
  const anyway = blamed.filter(isAnyway);
  const most = Math.max(LEAST_SCENARIOS, scenariosOf(cells.filter((cell) => cell.store === store)) * MOST_SCENARIOS);
  return new Set(scenariosOf(anyway.map(({ cell }) => cell)) < most ? [] : anyway.map(({ one }) => one.outcome));
}

const LEAST_SCENARIOS = 3;
const MOST_SCENARIOS = 0.5;

const STATUSES: readonly Cause['status'][] = ['broken', 'shown', 'known'];

/** What breaks a claim first, what is known last. */
export const byStatus = (one: Cause, other: Cause): number => STATUSES.indexOf(one.status) - STATUSES.indexOf(other.status);

const severityOf = ({ outcomes: [worst] }: Cause): number => (worst === undefined ? 0 : OUTCOMES[worst].severity);

/** `<store> <op>` -> where a run asked for that op. What comes too late is what one model finds late and another not at all. */
function sitesByOp(cases: readonly CaseResult[]): ReadonlyMap<string, SiteLine> {
  const sites = new Map<string, SiteLine>();
  for (const one of cases) {
    const store = one.id.slice(0, one.id.indexOf('/'));
    for (const [op, site] of [
      [one.blame?.op, one.blame?.site],
      [one.blame?.mechanism === NEVER_WRITTEN.mechanism ? NEVER_WRITTEN.op : undefined, one.blame?.site],
      [one.after && withoutBytes(one.after.text), one.after?.site],
      [one.until && withoutBytes(one.until.text), one.until?.site],
    ] as const)
      if (op !== undefined && site !== undefined && !sites.has(`${store} ${op}`)) sites.set(`${store} ${op}`, site);
  }
  return sites;
}

interface Places {
  /** The same for a line wherever it moves; equal lines of a function are numbered. */
  keyOf(site: SiteLine): string;
  /** The mechanism that explains a line whole, if one does. */
  mechanismAt(store: string, site: SiteLine): Mechanism | undefined;
}

function placesOf(blamed: readonly Blamed[]): Places {
  const lines = new Map<string, Set<number>>();
  const whole = new Map<string, Mechanism>();
  const textOf = ({ file, line, in: within = '', source }: SiteLine): string => [file, within, source ?? `line ${line}`].join('\0');
  for (const { cell, site, mechanism } of blamed) {
    if (site === undefined) continue;
    const text = textOf(site);
    lines.set(text, (lines.get(text) ?? new Set()).add(site.line));
    const key = `${cell.store}\0${text}\0${site.line}`;
    const known = whole.get(key);
    const isFirst = known === undefined || MECHANISM_NAMES.indexOf(mechanism) < MECHANISM_NAMES.indexOf(known);
    if ('explainsLine' in MECHANISMS[mechanism] && isFirst) whole.set(key, mechanism);
  }
  return {
    keyOf: (site) => {
      const text = textOf(site);
      const equal = [...(lines.get(text) ?? [])].sort((one, other) => one - other);
      return `${text}\0${equal.indexOf(site.line)}`;
    },
    mechanismAt: (store, site) => whole.get(`${store}\0${textOf(site)}\0${site.line}`),
  };
}

function causeOf([store, mechanism, place]: readonly [string, Mechanism, string], group: readonly Blamed[]): Explained {
  const inOrder = [...group].sort((one, other) => weightOf(one) - weightOf(other));
  const plainest = inOrder.find((one) => one.mechanism === mechanism) ?? inOrder[0];
  if (plainest === undefined) throw new Error('a group has a case');
  const { op, one } = plainest;
  const site = 'ofStore' in MECHANISMS[mechanism] ? undefined : plainest.site;
  const { does, mend } = MECHANISMS[mechanism];
  // What mends one cell of a line that is wrong as a whole leaves the others.
  const verified =
    'explainsLine' in MECHANISMS[mechanism] ? undefined : causeMend(inOrder.flatMap(({ one: { mend: ofCell } }) => ofCell ?? []));
  const cause: Cause = {
    id: `${store}/${mechanism}/${createHash('sha256').update(place).digest('hex').slice(0, 8)}`,
    store,
    mechanism,
    op,
    ...(site && { site }),
    says: 'ofStore' in MECHANISMS[mechanism] ? does : `${site === undefined ? op : `${site.file}:${site.line}`} ${does}`,
    ...reachOf(inOrder),
    shortest: one.id,
    mend:
      verified === undefined ? { text: mend, verified: false } : { text: verified.text, verified: true, barriers: [...verified.barriers] },
  };
  return { cause, cases: inOrder.map(({ one: inCell }) => inCell) };
}

/** Cases of a cell that no op is to blame for. */
function unexplainedIn(name: string, cases: readonly [InCell, ...InCell[]]): Explained {
  const [{ one: first, cell }] = cases;
  const cause: Cause = {
    id: `${name}/unexplained`,
    store: cell.store,
    mechanism: 'unexplained',
    op: '',
    says: `${name}: ${first.found}`,
    ...reachOf(cases),
    shortest: first.id,
  };
  return { cause, cases: cases.map(({ one }) => one) };
}

function reachOf(cases: readonly InCell[]): Pick<Cause, 'outcomes' | 'cells' | 'worst' | 'cases' | 'status'> {
  const outcomes = [...new Set(cases.map(({ one }) => one.outcome))];
  const cells = [...new Set(cases.map(({ cell }) => cell))];
  const byModel = groupedBy(cases, ({ cell }) => modelName(cell));
  const worst = [...byModel].map(([model, some]) => [model, worstOutcome(some.map(({ one }) => one.outcome))] as const);
  const has = (status: CellResult['status']): boolean => cells.some((cell) => cell.status === status);
  return {
    outcomes: outcomes.sort((one: Outcome, other: Outcome) => OUTCOMES[other].severity - OUTCOMES[one].severity),
    cells: cells.map(cellName),
    worst: Object.fromEntries(worst.filter((entry): entry is readonly [string, Outcome] => entry[1] !== undefined)),
    cases: cases.length,
    status: has('broken') || has('missed-bug') ? 'broken' : has('known-bug') ? 'known' : 'shown',
  };
}

/** Plain cases first: a crash before a fault, one fault or crash before two, a written scenario before a drawn one. */
function weightOf({ one: { after, again, further = [], fault, start, schedule, history, lost, end, id } }: Blamed): number {
  const kinds = [
    history !== undefined,
    schedule !== undefined,
    again !== undefined || id.includes('~then='),
    fault !== undefined,
    end,
    start !== undefined,
  ];
  const kind = kinds.reduce((sum, is, index) => sum + (is ? 2 ** (kinds.length - index) : 0), 0);
  return kind * 1_000_000 + further.length * 200_000 + lost.length * 10_000 + (after?.index ?? 0) + (HALVED.test(id) ? 0.5 : 0);
}

/** Half of what a store wrote, which differs from run to run where that has a process id in it. */
const HALVED = /~short=(?!1(?:~|$))/;
