/**
 * The filter: words, and `store:`, `scenario:`, `model:`, `outcome:`, `cause:`, `status:` with a part of a name. All words must occur, and
 * for each key one of its values. Quotes hold words together.
 */
import { OUTCOME_NAMES } from '../../domain/outcomes.ts';
import type { CaseResult } from '../../domain/result.ts';
import type { PageCase, PageCause, PageCell } from './data.ts';

export const FILTER_KEYS = ['store', 'scenario', 'model', 'outcome', 'cause', 'status'] as const;
type Key = (typeof FILTER_KEYS)[number];

export interface Filter {
  readonly words: readonly string[];
  readonly keys: ReadonlyMap<Key, readonly string[]>;
}

type Facts = { readonly [key in Key]: readonly string[] };

export function parseFilter(text: string): Filter {
  const words: string[] = [];
  const keys = new Map<Key, string[]>();
  for (const [, key, quoted, plain = ''] of text.toLowerCase().matchAll(/(?:(\w+):)?(?:"([^"]*)"?|([^\s"]+))/g)) {
    const value = quoted ?? plain;
    const known = FILTER_KEYS.find((one) => one === key);
    if (known !== undefined) keys.set(known, [...(keys.get(known) ?? []), value]);
    else words.push(key === undefined ? value : `${key}:${value}`);
  }
  return { words, keys };
}

/** Whether it leaves anything out. */
export const isEmpty = ({ words, keys }: Filter): boolean => words.length === 0 && keys.size === 0;

/** `causes`: those that show in the cell. */
export function matchesCell(filter: Filter, cell: PageCell, causes: readonly PageCause[]): boolean {
  const texts = [cell.id, cell.words, cell.reason ?? '', ...cell.notes, ...causes.map(textOfCause)];
  return matches(filter, factsOf(cell, foundIn(cell), causes), texts);
}

/** A cause is shown where one of its cells is. `cells`: those in which it shows. */
export function matchesCause(filter: Filter, cause: PageCause, cells: readonly PageCell[]): boolean {
  return cells.some((cell) => {
    const facts = factsOf(cell, cause.outcomes, [cause]);
    return matches(filter, { ...facts, status: [...facts.status, cause.status] }, [cell.id, textOfCause(cause)]);
  });
}

/** Whether a case of a cell that matches is to be listed. */
export function matchesCase(filter: Filter, one: PageCase, cell: PageCell, causes: readonly PageCause[]): boolean {
  const cause = one.cause === undefined ? undefined : causes[one.cause];
  const facts = factsOf(cell, [one.outcome], cause === undefined ? [] : [cause]);
  return matches(filter, facts, [...textsOfCase(one), cell.words, ...cell.notes, ...(cause === undefined ? [] : [textOfCause(cause)])]);
}

function factsOf(cell: PageCell, outcome: readonly string[], causes: readonly PageCause[]): Facts {
  const { store, scenario, variant, status } = cell;
  return { store: [store], scenario: [scenario], model: [variant], outcome, cause: causes.flatMap(causeNames), status: [status] };
}

const foundIn = ({ outcomes }: PageCell): string[] => OUTCOME_NAMES.filter((outcome) => (outcomes[outcome] ?? 0) > 0);
const causeNames = ({ id, says }: PageCause): string[] => [id, says];
const textOfCause = ({ id, says, op, site }: PageCause): string => [id, says, op, site?.source ?? ''].join('\n');

function textsOfCase({ id, fault, found, promised, lost, onDisk, after, landed, history }: CaseResult): string[] {
  return [
    id,
    fault ?? '',
    found,
    promised,
    ...lost,
    ...onDisk.map(({ path }) => path),
    after?.text ?? '',
    landed ?? '',
    ...(history ?? []),
  ];
}

function matches({ words, keys }: Filter, facts: Facts, texts: readonly string[]): boolean {
  const all = texts.join('\n').toLowerCase();
  return (
    words.every((word) => all.includes(word)) &&
    [...keys].every(([key, values]) => values.some((value) => facts[key].some((fact) => fact.toLowerCase().includes(value))))
  );
}
