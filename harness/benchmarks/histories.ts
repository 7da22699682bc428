/** Searches for bugs that need three steps, with ten seeds each; prints the shrunk history and the time, or that the bug was not found. */
import { rmSync } from 'node:fs';
import { openStoreBench, RESURRECTS, THIRD_IN_PLACE } from '../../test/explore/histories/planted.ts';
import { temporaryDirectory } from '../../test/temporary.ts';
import { checkHistories } from '../generate/check-histories.ts';
import { encodeHistory } from '../generate/history.ts';

const SEEDS = 10;

async function search(source: string, seed: number): Promise<string> {
  const root = temporaryDirectory();
  const opened = await openStoreBench(root, source, { seed });
  try {
    const found = await checkHistories(opened.cell({ model: 'process-kill' }), opened.bench);
    if ('reason' in found) return found.reason;
    const [shortest] = found.failures;
    return shortest === undefined ? 'not found' : `${shortest.verdict.outcome} ${encodeHistory(shortest.course.history)}`;
  } finally {
    await opened.close();
    rmSync(root, { recursive: true, force: true });
  }
}

for (const [name, source] of Object.entries({ RESURRECTS, THIRD_IN_PLACE })) {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const started = performance.now();
    const result = await search(source, seed);
    console.log(`${name} seed ${seed}: ${result}, ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
}
