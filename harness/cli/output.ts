/** Where a command prints. */
export interface Output {
  /** Width of the window, in characters. */
  readonly columns: number;
  readonly colors: boolean;
  /** To standard output, with a line break. */
  print(text: string): void;
  /** To standard error, with a line break: what is no part of the result. */
  note(text: string): void;
}

const DEFAULT_COLUMNS = 100;
/** The exit code where nobody can read what was found. */
export const UNWRITABLE = 3;

export function openOutput(): Output {
  const { stdout, stderr, env } = process;
  // A reader that has seen enough (`| head`) is no failure.
  stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE' || process.exitCode === UNWRITABLE) return;
    process.exitCode = UNWRITABLE;
    stderr.write(`crash-matrix: the output could not be written: ${message}\n`);
  });
  return {
    columns: stdout.columns || Number(env.COLUMNS) || DEFAULT_COLUMNS,
    colors: !env.NO_COLOR && (stdout.isTTY === true ? env.TERM !== 'dumb' : Boolean(env.FORCE_COLOR && env.FORCE_COLOR !== '0')),
    print: (text) => void stdout.write(`${text}\n`),
    note: (text) => void stderr.write(`${text}\n`),
  };
}
