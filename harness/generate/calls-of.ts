/**
 * The call that a step of a random history makes, by what the store keeps.
 *
 * Of a map, a save sets one of a few keys, each time to another value, and a reset deletes one; of a log, every change appends a record of its
 * own. What has no counterpart makes no call.
 */
import type { Abilities } from '../domain/store.ts';
import type { Json, Step } from '../domain/trace.ts';
import type { EndOfProcess, HistoryStep } from './history.ts';
import { historyAddition, historyValue, keyOf } from './values.ts';

/** A step that changes something. */
export type Change = Exclude<HistoryStep, EndOfProcess>;

/** Whether histories of such a store have updates. */
export const updatesIn = ({ contract, updates }: Abilities): boolean => updates || contract !== 'value';

/** `stored`: what is there before. `place`: of the step in its history, so that no two set or append the same. */
export function callOf(change: Change, stored: Json | undefined, place: string, { contract, deletes }: Abilities): Step | undefined {
  switch (contract) {
    case 'value':
      return saveOf(change, stored);
    case 'map':
      return setOf(change, stored, place, deletes);
    case 'log':
      return appendOf(change, place);
    default:
      return contract satisfies never;
  }
}

function saveOf(change: Change, stored: Json | undefined): Step {
  switch (change.kind) {
    case 'save':
      return { kind: 'save', value: historyValue(change.value) };
    case 'update':
      return { kind: 'update', add: historyAddition(change.key) };
    case 'reset':
      return { kind: 'save', value: {} };
    case 'unchanged':
      return { kind: 'save', value: stored ?? {} };
    default:
      return change satisfies never;
  }
}

function setOf(change: Change, stored: Json | undefined, place: string, deletes: boolean): Step | undefined {
  const [first] = Object.entries((stored ?? {}) as { readonly [key: string]: Json });
  switch (change.kind) {
    case 'save':
      return { kind: 'set', key: keyOf(change.value), value: { sessionId: `v${change.value}-${place}` } };
    case 'update':
      return { kind: 'set', key: `agent:main:key:${change.key}`, value: { sessionId: `k${change.key}-${place}` } };
    case 'reset':
      return deletes && first !== undefined ? { kind: 'delete', key: first[0] } : undefined;
    case 'unchanged':
      return first === undefined ? undefined : { kind: 'set', key: first[0], value: first[1] };
    default:
      return change satisfies never;
  }
}

function appendOf(change: Change, place: string): Step | undefined {
  switch (change.kind) {
    case 'save':
      return { kind: 'append', record: { sessionId: `v${change.value}-${place}`, text: '.'.repeat(change.value) } };
    case 'update':
      return { kind: 'append', record: { sessionId: `k${change.key}-${place}` } };
    case 'reset':
    case 'unchanged':
      return undefined;
    default:
      return change satisfies never;
  }
}
