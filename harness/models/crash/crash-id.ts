/**
 * Ids of crashes, written and read:
 *
 *     @12                      after op 12
 *     @12~lost=7               and what the model says of the state there
 *     @12~then=3~torn=4096     recovery was crashed in its turn, after op 3 of its own
 *     @12~then=3~then=5        and the recovery from that, after op 5 of its own
 *     @12~history=s1.c2~lost=7 in a random history; the boundary counts the ops of all its processes
 */
import { type History, historyDetail, parseHistoryDetail } from '../../generate/history.ts';
import { type CrashCase, type CrashPoint, stateId } from './crash-state.ts';

/** What a case id says of a state, after its model. */
export interface NamedState {
  readonly at: CrashPoint;
  /** `lost=7.2+9`, `tree=…`, `fsync=5`, `sync=5`; empty for none. */
  readonly detail: string;
  /** The state of the next crash, in recovery. */
  readonly second?: NamedState;
  readonly history?: History;
}

/** Reads what a model says of one state; undefined if the text says nothing of the kind. */
export type ReadState = (op: number, detail: string) => NamedState | undefined;

export function writeCrashId({ subject: { history }, state }: CrashCase): string {
  const id = stateId(state);
  if (history === undefined) return id;
  const [at = '', ...rest] = id.split('~');
  return `${at}~${historyDetail(history.steps, rest.join('~'))}`;
}

const NEXT = /^(?:(?<first>.*?)~)??then=(?<op>0|[1-9]\d{0,8})(?:~(?<detail>.+))?$/;

/** `twice`: whether the model crashes recoveries too. */
export function readCrashId(op: number, detail: string, read: ReadState, twice: boolean): NamedState | undefined {
  const state = (boundary: number, text: string): NamedState | undefined =>
    text === '' ? { at: { op: boundary }, detail: '' } : read(boundary, text);
  const drawn = parseHistoryDetail(detail);
  if (drawn !== undefined) {
    const named = state(op, drawn.rest);
    return named && { ...named, history: drawn.history };
  }
  const crashes = (boundary: number, text: string): NamedState | undefined => {
    const next = NEXT.exec(text)?.groups;
    if (next === undefined) return state(boundary, text);
    const [first, second] = [state(boundary, next.first ?? ''), crashes(Number(next.op), next.detail ?? '')];
    return first && second && { ...first, second };
  };
  return twice || !NEXT.test(detail) ? crashes(op, detail) : undefined;
}
