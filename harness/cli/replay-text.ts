import { quoted } from '../domain/words.ts';

/** The command that replays a case, to be pasted into a shell. */
export interface ReplayOf {
  /** What `--store` said, where it was a file. */
  readonly file: string | undefined;
  /** The options and the words by which a program was given. */
  readonly commandLine?: readonly string[] | undefined;
  /** What `--recorder` said. */
  readonly recorder: string | undefined;
  /** What states were drawn by; matters to a case that is named by the hash of its tree. */
  readonly seed: number;
  readonly states: number;
}

export function replayText(id: string, { file, commandLine = [], recorder, seed, states }: ReplayOf): string {
  const store = file === undefined ? '' : ` --store ${quoted(file)}`;
  const by = recorder === undefined ? '' : ` --recorder ${recorder}`;
  const drawn = id.includes('~tree=') ? ` --seed ${seed} --states ${states}` : '';
  const program = commandLine.map((word) => ` ${quoted(word)}`).join('');
  return `crash-matrix replay ${id}${store}${by}${drawn}${program}`;
}
