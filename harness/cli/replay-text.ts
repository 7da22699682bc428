/** The command that replays a case, to be pasted into a shell. */
export interface ReplayOf {
  /** What `--store` said, where it was a file. */
  readonly file: string | undefined;
  /** What `--recorder` said. */
  readonly recorder: string | undefined;
}

export function replayText(id: string, { file, recorder }: ReplayOf): string {
  const store = file === undefined ? '' : ` --store ${quoted(file)}`;
  return `crash-matrix replay ${id}${store}${recorder === undefined ? '' : ` --recorder ${recorder}`}`;
}

/** As one word of a POSIX shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
