import type { Json, Step } from '../trace.ts';

/** A history of store calls and what was saved before it. It knows no store. */
export interface Scenario {
  /** Lower-case letters, digits and `-`: it is the second part of every case id. */
  readonly name: string;
  /** What it catches, in a few words. */
  readonly catches: string;
  /** Steps carried out before the crash can come, in the same process. */
  readonly before: readonly Step[];
  /** The steps that are recorded and crashed in. */
  readonly steps: readonly Step[];
  /** What recovery saves after the crash; differs from every value in the steps. */
  readonly next: Json;
}

/** What a scenario is written with. Values are dated shortly before the run, so that no store takes them for expired. */
export interface Values {
  /** Five sessions that differ from letter to letter: about 1 KiB as JSON. `pages` pads them to more than that many 4096-byte pages. */
  readonly value: (letter: string, options?: { readonly pages?: number }) => { readonly [key: string]: Json };
  /** One session under a key of its own: what an update adds. */
  readonly added: (letter: string) => { readonly [key: string]: Json };
}

/** A scenario whose values are made when a run starts. */
export interface ScenarioPlan {
  readonly name: string;
  readonly catches: string;
  readonly history: (values: Values) => { readonly before?: readonly Step[]; readonly steps: readonly Step[]; readonly next?: Json };
}

/** Adds types to a scenario, and nothing else. */
export function defineScenario(plan: ScenarioPlan): ScenarioPlan {
  return plan;
}

export const save = (value: Json): Step => ({ kind: 'save', value });
export const update = (add: { readonly [key: string]: Json }): Step => ({ kind: 'update', add });
