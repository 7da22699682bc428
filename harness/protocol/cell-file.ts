/** The input of a child: the bundled store to load, and the scenario to carry out. Written once per cell as JSON. */
import type { Json, TaskStep } from '../domain/trace.ts';

/** A step of a process that runs alone; only tasks save what they loaded. */
export type CellStep = Exclude<TaskStep, { readonly kind: 'save-loaded' }>;

export interface CellFile {
  /** The bundled store, a path to a CommonJS or ES module. */
  readonly bundle: string;
  readonly before: readonly CellStep[];
  /** No two of the steps before change files at the same time by the kernel's clock. */
  readonly apart?: boolean;
  readonly steps: readonly CellStep[];
  readonly next: Json;
  /** The recorded part begins with a load, as recovery does. */
  readonly loads?: boolean;
  /** The recorded part begins with a load, and where that throws, the steps are rejected: nobody saves over what he could not load. */
  readonly loadsFirst?: boolean;
  /** The `process.platform` that the store sees, if not the real one. */
  readonly platform?: 'win32';
}
