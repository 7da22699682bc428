/** `crashTest`: a test for each cell of a store, all of one run. */
import { afterAll, describe, type TestContext, test } from 'vitest';
import { inHarness } from '../api/harness-process.ts';
import type { HowOptions, StorePlace } from '../api/options.ts';
import { cellName } from '../domain/case-id.ts';
import { HarnessError, UnavailableError } from '../domain/errors.ts';
import { isCi } from '../machine/ci.ts';
import type { Listed, ListedCell, MatrixEvent, MatrixRequest } from '../protocol/matrix.ts';
import { EFFORT } from './effort.ts';
import { storeFromTest } from './place.ts';

/** How the suite is registered, and how its cells are run. */
export interface CrashTestOptions extends HowOptions {
  /** Of the suite. Default: the path of the store. */
  readonly name?: string | undefined;
  /** Milliseconds that a test may take, waiting for the cells before it included. Default: 600,000. */
  readonly testTimeout?: number | undefined;
}

/** A limit ends what hangs, and nothing else: each load and each save has its own. */
const TEST_TIMEOUT_MS = 600_000;

/**
 * Registers a suite with one test for each scenario and model that the store is run with. A test fails if its cell breaks the claim of the
 * store, or could not be shown to keep it; its message says what was lost, by which line, and how to see that again.
 *
 * What this machine cannot do is skipped with the reason. In CI it fails where `model` names it. Tests that are filtered out (`-t`) do not run.
 * Throws `UsageError` if `store` is no path. A store that cannot be loaded and an option that cannot be fail in a test that says so.
 *
 * @param store The path of its file, from the test file, or its URL.
 * @param options As of `crash-matrix run`. `effort` is `quick` unless it says more.
 */
export function crashTest(store: StorePlace, { name, testTimeout = TEST_TIMEOUT_MS, ...how }: CrashTestOptions = {}): void {
  const argument = storeFromTest(store);
  const options = { effort: EFFORT, ...how, store: [argument] };
  const call: { stack?: string } = {};
  Error.captureStackTrace(call, crashTest);
  const failed = (error: Error): Error => withStackOf(call, error);
  describe(name ?? argument, async () => {
    let listed: Listed;
    try {
      listed = await list(options);
    } catch (error) {
      test('is a store that can be run', () => {
        throw error instanceof Error ? failed(error) : error;
      });
      return;
    }
    const run = new SharedRun(options);
    afterAll(() => run.stop());
    for (const what of listed.leftOut) test(what, ({ skip }) => skip(what));
    for (const cell of listed.cells)
      test(titleOf(cell), { timeout: testTimeout }, async (context) => {
        if (cell.missing !== undefined) return leaveOut(cell, cell.missing, context);
        const { failure, cell: found } = await run.cell(cell, () => namesToRun(listed.cells, context));
        if (failure !== undefined)
          throw failed(new ClaimError(`${titleOf(cell)} is ${found.grade}, and claims to be ${found.claim}\n\n${failure}`));
      });
  });
}

const titleOf = ({ scenario, model }: ListedCell): string => `${scenario} / ${model}`;

function leaveOut({ model }: ListedCell, missing: string, { skip }: TestContext): void {
  const reason = `model ${model} ${missing}; run "crash-matrix doctor"`;
  if (isCi(process.env)) throw new UnavailableError(reason);
  skip(reason);
}

/** Those whose tests are not filtered out. */
function namesToRun(cells: readonly ListedCell[], { task }: TestContext): string[] {
  const off = new Set((task.suite?.tasks ?? []).filter(({ mode }) => mode === 'skip' || mode === 'todo').map(({ name }) => name));
  return cells.filter((cell) => cell.missing === undefined && !off.has(titleOf(cell))).map(({ name }) => name);
}

class ClaimError extends Error {
  override readonly name = 'ClaimError';
}

/** The call of `crashTest` is the one line of the test file that an error of its tests belongs to. */
function withStackOf({ stack = '' }: { readonly stack?: string }, error: Error): Error {
  error.stack = `${error.name}: ${error.message}\n${stack.split('\n').slice(1).join('\n')}`;
  return error;
}

async function list(options: MatrixRequest['options']): Promise<Listed> {
  let listed: Listed | undefined;
  await inHarness(
    { want: 'list', options },
    {
      cwd: process.cwd(),
      onMessage: (message) => {
        if (message.kind === 'listed') listed = message.listed;
      },
    },
  );
  if (listed === undefined) throw new HarnessError('the cells were not listed');
  return listed;
}

type CellDone = Extract<MatrixEvent, { readonly kind: 'cell-done' }>;

/** The run of which all tests of a suite take their cells. It begins with the first of them. */
class SharedRun {
  readonly #options: MatrixRequest['options'];
  readonly #done = new Map<string, CellDone>();
  readonly #stop = new AbortController();
  /** Called when something has changed. */
  readonly #waiting = new Set<() => void>();
  #only: readonly string[] = [];
  #run: Promise<void> | undefined;
  #over: { readonly error: unknown } | undefined;

  constructor(options: MatrixRequest['options']) {
    this.#options = options;
  }

  /** Resolves when the cell is done, while the run goes on. */
  async cell({ name }: ListedCell, only: () => readonly string[]): Promise<CellDone> {
    if (this.#run === undefined) {
      this.#only = only();
      this.#run = this.#start();
    }
    for (;;) {
      const done = this.#done.get(name);
      if (done !== undefined) return done;
      if (this.#over !== undefined) throw this.#over.error;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** A run whose cells are all done goes on to its end, where it keeps them for the next one. */
  async stop(): Promise<void> {
    if (!this.#only.every((name) => this.#done.has(name))) this.#stop.abort();
    await this.#run;
  }

  async #start(): Promise<void> {
    try {
      await inHarness(
        { want: 'run', options: this.#options, only: this.#only },
        {
          cwd: process.cwd(),
          signal: this.#stop.signal,
          onMessage: (message) => {
            if (message.kind !== 'event' || message.event.kind !== 'cell-done') return;
            this.#done.set(cellName(message.event.cell), message.event);
            this.#wake();
          },
        },
      );
      this.#over = { error: new HarnessError('the run ended without this cell') };
    } catch (error) {
      this.#over = { error };
    }
    this.#wake();
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
    this.#waiting.clear();
  }
}
