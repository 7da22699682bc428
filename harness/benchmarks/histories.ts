/** Bugs that take three steps, each looked for from ten seeds: in how many it is found, in how few steps it is told, and how long that takes. */
import { rmSync } from 'node:fs';
import { openStoreBench, RESURRECTS, THIRD_IN_PLACE } from '../../test/lab/histories.ts';
import { temporaryDirectory } from '../../test/lab/temporary.ts';
import { checkHistories } from '../generate/check-histories.ts';
import { encodeHistory } from '../generate/history.ts';

const SEEDS = 10;

async function lookFor(source: string, seed: number): Promise<string> {
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
    const told = await lookFor(source, seed);
    console.log(`${name} seed ${seed}: ${told}, ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
}
