/** A mistake in the command line, the configuration or a store module: exit code 2. `detail` (further lines) says what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  declare readonly detail?: string;

  constructor(message: string, detail?: string) {
    super(message);
    if (detail !== undefined) this.detail = detail;
  }
}

/** What a case id names is in no run; the message says what is wrong, without the id. */
export class NoSuchCase extends Error {
  override readonly name = 'NoSuchCase';
}

/** Ctrl-C, or another signal to stop: exit code 130. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

/** This machine cannot do what was requested: exit code 3. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
}

/** The harness contradicts itself, for example a killed child left another tree than was observed: exit code 4. */
export class HarnessError extends Error {
  override readonly name = 'HarnessError';
}
