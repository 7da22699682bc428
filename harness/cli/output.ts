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

export function openOutput(): Output {
  const { stdout, stderr, env } = process;
  // A reader that has seen enough (`| head`) is no failure.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  return {
    columns: stdout.columns || Number(env.COLUMNS) || DEFAULT_COLUMNS,
    colors: !env.NO_COLOR && (stdout.isTTY === true ? env.TERM !== 'dumb' : Boolean(env.FORCE_COLOR && env.FORCE_COLOR !== '0')),
    print: (text) => void stdout.write(`${text}\n`),
    note: (text) => void stderr.write(`${text}\n`),
  };
}
