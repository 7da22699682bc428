/** What a directory looks like whatever values were saved: see `explain/sketch.ts`. */

/** The form of an entry, as far as it shows without knowing what was saved. */
export type Form =
  | 'a directory'
  | 'a symlink'
  | 'neither file nor directory'
  | 'empty'
  | 'zeros'
  /** It ends in zeros. */
  | 'zeros at the end'
  /** JSON that holds nothing: `{}`, `[]`, `null`. */
  | 'holds nothing'
  | 'whole'
  /** It begins as JSON does, and ends early. */
  | 'cut off'
  /** Another format. */
  | 'contents';

export interface Sketch {
  /** The forms of the entries with one name, where the parts of names that vary are placeholders. */
  readonly forms: ReadonlyMap<string, ReadonlySet<Form>>;
  /** Pairs of names whose files hold the same bytes, and some: `a = b`. */
  readonly same: ReadonlySet<string>;
}

/** How the load of a directory ended. */
export type LoadForm = 'a value' | 'nothing' | 'an error' | 'no answer';

export interface SketchDifference {
  /** `sessions.json: empty, not whole`. */
  readonly text: string;
  readonly weight: number;
}
