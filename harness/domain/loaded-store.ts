import type { Program } from './program.ts';
import type { Scenario } from './scenario.ts';
import type { Abilities, Claims, KnownBugs } from './store.ts';
import type { Json } from './trace.ts';

/** A store that is ready to run: bundled, and known not to throw when it is loaded. */
export interface LoadedStore {
  readonly name: string;
  /** What `--store` must say to get it again. */
  readonly argument: string;
  /** The bundle that children load. */
  readonly bundle: string;
  /** Files of it that were read otherwise than they are on disk: absolute path -> text. */
  readonly replaced?: ReadonlyMap<string, string>;
  /** `command`: functions that are commands; `program`: a command line, whose bundle nobody loads. */
  readonly kind: 'module' | 'command' | 'program';
  /** Of the kind `program`. */
  readonly program?: Program;
  /** The options and the program by which it was given, in place of `argument`. */
  readonly commandLine?: readonly string[];
  /** It may read when files were changed. Programs and commands may. */
  readonly readsTimes: boolean;
  readonly abilities: Abilities;
  readonly empty?: Json;
  /** Members of a loaded value that do not count; see `StoreOptions`. */
  readonly ignore: readonly string[];
  /** What it says of itself; for the defaults see each model's `claim`. */
  readonly claims: Claims;
  /** Most files that it says stay behind after a crash; see `StoreOptions`. */
  readonly litter?: number;
  readonly knownBugs: KnownBugs;
  readonly scenarios: readonly Scenario[];
  readonly env: { readonly [name: string]: string };
}
