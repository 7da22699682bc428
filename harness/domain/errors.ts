/** What the user asked for cannot be done as asked: exit code 2. The message names it; `detail` (further lines) says more, or what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly detail: string | undefined;

  constructor(message: string, detail?: string) {
    super(message);
    this.detail = detail;
  }
}

/** Ctrl-C, or another signal that asks to stop: exit code 130. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

/** This machine cannot do what was asked for: exit code 3. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
}

/** The harness contradicts itself: what a killed child left is not what was observed. Exit code 4, never a pass. */
export class HarnessError extends Error {
  override readonly name = 'HarnessError';
}
