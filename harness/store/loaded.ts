import type { Scenario } from '../scenario/define.ts';
import type { Json } from '../trace.ts';
import type { Claim, KnownBug, Model } from './define.ts';

/** A store that is ready to run: bundled, and known not to throw when it is loaded. */
export interface LoadedStore {
  readonly name: string;
  /** What `--store` must say to get it again. */
  readonly argument: string;
  /** The bundle that children load. */
  readonly bundle: string;
  readonly kind: 'module' | 'command';
  readonly hasUpdate: boolean;
  readonly empty?: Json;
  readonly claims: { readonly [model in Model]: Claim };
  readonly knownBugs: { readonly [scenario: string]: { readonly [model in Model]?: KnownBug } };
  readonly scenarios: readonly Scenario[];
  readonly env: { readonly [name: string]: string };
}

export const DEFAULT_CLAIMS: { readonly [model in Model]: Claim } = { 'process-kill': 'durable' };
