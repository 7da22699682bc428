/** What a child is told: which bundled store to load, and the scenario to carry out. Written once per cell as JSON. */
import type { Json, Step } from '../trace.ts';

export interface CellFile {
  /** The bundled store, a path to a CommonJS or ES module. */
  readonly bundle: string;
  readonly before: readonly Step[];
  readonly steps: readonly Step[];
  readonly next: Json;
  /** The recorded part begins with a load, as recovery does. */
  readonly loads?: boolean;
}
