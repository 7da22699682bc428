/**
 * A history of store calls, and its text form: steps separated by dots, safe in a shell and short enough for a case id.
 *
 *     s2   save value 2                       l    the process exits normally; a new one loads and continues
 *     u1   update key 1                       c7   the process dies after op 7 of the previous step, or of the load it began with;
 *     z    reset: save the empty object            a new one loads and continues
 *     r    save the current value again
 *
 * The number of a crash ranges from 0 (before the step's first op) to the number of the step's ops, and wraps around beyond that: `c7`
 * after a step of 5 ops is `c1`. Every process but the first begins with a load.
 */

/** Values and keys count from 1; see `values.ts`. */
export type HistoryStep =
  | { readonly kind: 'save'; readonly value: number }
  | { readonly kind: 'update'; readonly key: number }
  | { readonly kind: 'reset' }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'reload' }
  | { readonly kind: 'crash'; readonly after: number };

export type History = readonly HistoryStep[];

export type EndOfProcess = Extract<HistoryStep, { readonly kind: 'reload' | 'crash' }>;

/** True for the steps that end a process. */
export function endsProcess(step: HistoryStep): step is EndOfProcess {
  return step.kind === 'reload' || step.kind === 'crash';
}

export function encodeHistory(history: History): string {
  return history.map(encodeStep).join('.');
}

function encodeStep(step: HistoryStep): string {
  switch (step.kind) {
    case 'save':
      return `s${step.value}`;
    case 'update':
      return `u${step.key}`;
    case 'reset':
      return 'z';
    case 'unchanged':
      return 'r';
    case 'reload':
      return 'l';
    case 'crash':
      return `c${step.after}`;
    default:
      return step satisfies never;
  }
}

/** Longer than any drawn history. */
const MOST_STEPS = 100;
const STEP = /^(?:s(?<value>[1-9])|u(?<key>[1-9])|c(?<after>0|[1-9]\d{0,5})|(?<word>[zrl]))$/;
const WORDS = { z: { kind: 'reset' }, r: { kind: 'unchanged' }, l: { kind: 'reload' } } as const;

/**
 * Undefined if the text is not a history.
 * @internal
 */
export function parseHistory(text: string): History | undefined {
  const parts = text.split('.');
  const steps = parts.slice(0, MOST_STEPS).flatMap((part): HistoryStep[] => {
    const { value, key, after, word } = STEP.exec(part)?.groups ?? {};
    if (value !== undefined) return [{ kind: 'save', value: Number(value) }];
    if (key !== undefined) return [{ kind: 'update', key: Number(key) }];
    if (after !== undefined) return [{ kind: 'crash', after: Number(after) }];
    return word === 'z' || word === 'r' || word === 'l' ? [WORDS[word]] : [];
  });
  return steps.length === parts.length ? steps : undefined;
}

const DETAIL = /^history=(?<history>[^~]+)(?:~(?<rest>.+))?$/;

/** How a case id names a history. */
export function historyName(history: History): string {
  return `history=${encodeHistory(history)}`;
}

/** The part of a case id after its boundary: the history and, after a further `~`, the detail of the model. */
export function historyDetail(history: History, rest: string): string {
  return `${historyName(history)}${rest === '' ? '' : `~${rest}`}`;
}

/** Undefined if the text is not such a detail. `rest` is the detail of the model, which may be empty. */
export function parseHistoryDetail(detail: string): { readonly history: History; readonly rest: string } | undefined {
  const { history = '', rest = '' } = DETAIL.exec(detail)?.groups ?? {};
  const steps = parseHistory(history);
  return steps && { history: steps, rest };
}

/** One line for each step, e.g. `save v1`, `crash after op 3`. */
export function historyInWords(history: History): string[] {
  return history.map((step) => {
    switch (step.kind) {
      case 'save':
        return `save v${step.value}`;
      case 'update':
        return `update k${step.key}`;
      case 'reset':
        return 'reset: save {}';
      case 'unchanged':
        return 'save the same again';
      case 'reload':
        return 'end, and load in a new process';
      case 'crash':
        return `crash after op ${step.after}, and load in a new process`;
      default:
        return step satisfies never;
    }
  });
}
