/** The matcher `toSurvive`. */
import { TestRunner } from 'vitest';
import type { HowOptions } from '../api/options.ts';
import { runMatrix } from '../api/run-matrix.ts';
import { UnavailableError } from '../domain/errors.ts';
import { counted } from '../domain/words.ts';
import { isCi } from '../machine/ci.ts';
import type { MatrixEvent } from '../protocol/matrix.ts';
import { EFFORT } from './effort.ts';
import { storeFromTest } from './place.ts';

interface Verdict {
  readonly pass: boolean;
  readonly message: () => string;
}

export async function toSurvive(received: unknown, options: HowOptions = {}): Promise<Verdict> {
  const context = TestRunner.getCurrentTest()?.context;
  const store = storeFromTest(received);
  try {
    const { result, failure } = await lastOf(runMatrix({ effort: EFFORT, ...options, store, signal: context?.signal }));
    const message = (): string =>
      failure === undefined
        ? `expected ${store} to lose something, but nothing did in ${counted(result.cells.length, 'cell')} (${result.effort} effort)`
        : `expected ${store} to survive\n\n${failure}`;
    return { pass: failure === undefined, message };
  } catch (error) {
    if (error instanceof UnavailableError && !isCi(process.env)) context?.skip(error.message);
    throw error;
  }
}

async function lastOf(events: AsyncIterable<MatrixEvent>): Promise<Extract<MatrixEvent, { readonly kind: 'finished' }>> {
  for await (const event of events) if (event.kind === 'finished') return event;
  throw new Error('a run ended without a result');
}
