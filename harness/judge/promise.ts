/** What a store had promised at a boundary of a trace. Pure. */
import { keysOf, recordsOf } from '../domain/json.ts';
import type { Contract } from '../domain/store.ts';
import type { Json, Promised, Step, Trace } from '../domain/trace.ts';

/** The value that is stored after each step, given what was stored before the first. */
export function valuesAfter(steps: readonly Step[], before: Json | undefined): Json[] {
  const values: Json[] = [];
  let value = before;
  for (const step of steps) {
    value = valueAfter(step, value);
    values.push(value);
  }
  return values;
}

export function valueAfter(step: Step, before: Json | undefined): Json {
  switch (step.kind) {
    case 'save':
      return step.value;
    case 'update':
      return { ...keysOf(before), ...step.add };
    case 'set':
      return { ...keysOf(before), [step.key]: step.value };
    case 'delete': {
      const { [step.key]: _, ...rest } = keysOf(before);
      return rest;
    }
    case 'append':
      return [...recordsOf(before), step.record];
    default:
      return step satisfies never;
  }
}

/** What is stored after recovery's save of `next`; see `Scenario.next`. */
export function valueAfterNext(next: Json, before: Json | undefined, contract: Contract = 'value'): Json {
  switch (contract) {
    case 'value':
      return next;
    case 'map':
      return { ...keysOf(before), ...keysOf(next) };
    case 'log':
      return [...recordsOf(before), next];
    default:
      return contract satisfies never;
  }
}

/** How many steps were acknowledged by a boundary, including marks at that boundary. */
export function acknowledgedAt({ marks }: Pick<Trace, 'marks'>, boundary: number): number {
  return marks.filter(({ kind, afterOp }) => kind === 'resolved' && afterOp <= boundary).length;
}

/**
 * The promise after `ops` ops. Steps are acknowledged in order; the one after the last acknowledged counts as under way even
 * if it has not done an op yet. A mark between op k and op k+1 belongs to boundary k: the kill comes as late as it can.
 */
export function promisedAfter(trace: Trace, ops: number, before: Json | undefined, steps: readonly Json[]): Promised {
  const done = acknowledgedAt(trace, ops);
  const history = [before, ...steps];
  const next = steps[done];
  return { acknowledged: history[done], inFlight: next === undefined ? [] : [next], earlier: history.slice(0, done) };
}
