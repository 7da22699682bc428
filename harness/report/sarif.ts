/**
 * The result as SARIF 2.1.0, for code scanning: one run, a rule for each model and outcome, a result for each cause and rule.
 *
 * A cause keeps its fingerprint when its line moves, so that a scanner knows it again. What has no place in the list of results (cells that
 * were not measured, causes without a line, what was cut off) is a notification of the invocation.
 *
 * GitHub shows 5,000 results, and of a result 1,000 locations. The results are cut to that; of locations each has one, and a flow of three
 * steps at most.
 */

import type { CodeFlow, Location, Log, Notification, PhysicalLocation, ReportingDescriptor, Result as SarifResult } from 'sarif';
import { cellName, cellNameIn } from '../domain/case-id.ts';
import { OUTCOMES, type Outcome } from '../domain/outcomes.ts';
import type { CaseResult, Cause, CellResult, Result, SiteLine } from '../domain/result.ts';
import { counted, printable, withCommas } from '../domain/words.ts';
import { explainedIn } from '../explain/causes.ts';
import { withoutBytes } from '../explain/op-text.ts';
import { modelNamed } from '../models/all.ts';
import { cellNames } from './cases.ts';
import { storeFile } from './rerun.ts';
import { majorVersion } from './stable.ts';
import { unprovenAlike, unprovenReason } from './unproven.ts';

/** https://docs.github.com/code-security/reference/code-scanning/sarif-support-for-code-scanning */
const MOST_RESULTS = 5_000;

export function sarifReport(result: Result): string {
  const found = findingsOf(result);
  const kept = found.slice(0, MOST_RESULTS);
  const rules = [...new Map(kept.map((finding) => [ruleId(finding), finding])).values()].map(ruleOf);
  const indices = new Map(rules.map(({ id }, index) => [id, index]));
  const log: Log = {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'crash-matrix', version: result.version, rules } },
        automationDetails: { id: category(result) },
        invocations: [{ executionSuccessful: true, toolExecutionNotifications: notificationsOf(result, found) }],
        columnKind: 'utf16CodeUnits',
        results: kept.map((finding) => resultOf(finding, indices.get(ruleId(finding)) ?? -1)),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

/** GitHub takes what is before the last slash for the category, so that runs on two platforms do not replace each other. */
function category({ node, platform }: Result): string {
  const [name = platform] = platform.split(' ');
  return `crash-matrix/node${majorVersion(node)}/${name}/`;
}

/** What one cause does under one rule. */
interface Finding {
  readonly cause: Cause;
  readonly model: CellResult['model'];
  readonly outcome: Outcome;
  readonly plainest: CaseResult;
  readonly cells: ReadonlySet<string>;
}

const ruleId = ({ model, outcome }: Finding): string => `${model}/${outcome}`;

/** In the order of the causes; of a cause, the rule of its plainest case first. */
function findingsOf(result: Result): Finding[] {
  const models = new Map(result.cells.map((cell) => [cellName(cell), cell.model]));
  return explainedIn(result).flatMap(({ cause, cases: ofCause }) => {
    const byRule = new Map<string, Finding & { readonly cells: Set<string> }>();
    for (const one of ofCause) {
      const cell = cellNameIn(one.id);
      const model = models.get(cell);
      if (model === undefined) continue;
      const finding = { cause, model, outcome: one.outcome, plainest: one, cells: new Set([cell]) };
      const known = byRule.get(ruleId(finding));
      if (known === undefined) byRule.set(ruleId(finding), finding);
      else known.cells.add(cell);
    }
    return [...byRule.values()];
  });
}

function ruleOf(finding: Finding): ReportingDescriptor {
  const { model, outcome } = finding;
  const { meaning } = OUTCOMES[outcome];
  return {
    id: ruleId(finding),
    shortDescription: { text: `${outcome} under ${model}` },
    fullDescription: { text: `What a fresh process finds: ${meaning}.` },
    help: { text: `${outcome}: ${meaning}. ${model}: ${modelNamed(model).words.help}.` },
    defaultConfiguration: { level: 'error' },
    properties: { tags: [outcome, model] },
  };
}

function resultOf(finding: Finding, ruleIndex: number): SarifResult {
  const { cause } = finding;
  const location = locationOf(finding);
  const flow = flowOf(finding);
  return {
    ruleId: ruleId(finding),
    ruleIndex,
    level: cause.status === 'broken' ? 'error' : 'note',
    message: { text: messageOf(finding) },
    ...(location && { locations: [location] }),
    ...(flow && { codeFlows: [flow] }),
    partialFingerprints: { 'cause/v1': cause.id },
  };
}

function messageOf({ cause: { store, says, mend }, outcome, model, cells, plainest }: Finding): string {
  const mended = mend === undefined ? [] : [`${mend.verified ? 'Mended by' : 'To mend it'}: ${mend.text}`];
  return [
    `${store}: ${says}`,
    `Leaves ${outcome} (${OUTCOMES[outcome].meaning}) under ${model}, in ${counted(cells.size, 'cell')}`,
    ...mended,
    `Replay: ${plainest.replay}`,
  ]
    .map(printable)
    .join('.\n');
}

/** The line of the cause, else the first one of the store's file; none where that is not known. */
function locationOf({ cause: { site }, plainest }: Finding): Location | undefined {
  if (site !== undefined) return { physicalLocation: placeOf(site), ...(site.in && { logicalLocations: [{ name: printable(site.in) }] }) };
  const file = storeFile(plainest);
  return file === undefined ? undefined : { physicalLocation: { artifactLocation: artifact(file), region: { startLine: 1 } } };
}

function placeOf({ file, line, column, source }: SiteLine): PhysicalLocation {
  const snippet = source !== undefined && { snippet: { text: printable(source) } };
  return { artifactLocation: artifact(file), region: { startLine: line, startColumn: column, ...snippet } };
}

const ABSOLUTE = /^(?:\/|[A-Za-z]:[\\/])/;

/** Relative paths are so to the root of the sources, absolute ones to nothing. */
function artifact(path: string): { readonly uri: string; readonly uriBaseId?: string } {
  const inUri = (name: string): string => encodeURIComponent(printable(name));
  if (!ABSOLUTE.test(path)) return { uri: path.replace(/^\.\//, '').split('/').map(inUri).join('/'), uriBaseId: '%SRCROOT%' };
  const names = path.split(path.startsWith('/') ? '/' : /[\\/]/);
  return { uri: `file://${path.startsWith('/') ? '' : '/'}${names.map(inUri).join('/')}` };
}

/** The ops of the plainest case whose lines are known: what began it, the last one that happened, and the one that ends it. */
function flowOf({ plainest: { blame, after, until } }: Finding): CodeFlow | undefined {
  const began = after !== undefined && blame?.op === withoutBytes(after.text) ? undefined : blame;
  const steps: readonly [string, SiteLine | undefined][] = [
    [`begins with ${began?.op}`, began?.site],
    [`has happened: ${after?.text}`, after?.site],
    [`is over after ${until?.text}`, until?.site],
  ];
  const locations = steps.flatMap(([text, site]) =>
    site === undefined ? [] : [{ location: { physicalLocation: placeOf(site), message: { text: printable(text) } } }],
  );
  return locations.length === 0 ? undefined : { threadFlows: [{ locations }] };
}

function notificationsOf({ cells }: Result, found: readonly Finding[]): Notification[] {
  const nowhere = found.slice(0, MOST_RESULTS).filter((finding) => locationOf(finding) === undefined).length;
  const cut = found.length - MOST_RESULTS;
  return [
    ...(cut > 0
      ? [
          notification(
            'warning',
            `${withCommas(cut)} of ${withCommas(found.length)} results were left out: no more than ${withCommas(MOST_RESULTS)} are shown`,
          ),
        ]
      : []),
    ...(nowhere > 0 ? [notification('warning', `${counted(nowhere, 'result')} without a location: no line of source is known`)] : []),
    ...unprovenAlike(cells).map((alike) => notification('error', `${alike[0].store}: ${cellNames(alike)}: ${unprovenReason(alike[0])}`)),
  ];
}

const notification = (level: Notification.level, text: string): Notification => ({ level, message: { text: printable(text) } });
