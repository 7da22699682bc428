/** Bugs that take three steps, each looked for from ten seeds: in how many it is found, in how few steps, and how long that takes. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Session, withSession } from '../cli/session.ts';
import type { HistoryCell } from '../generate/check-histories.ts';
import { checkHistories } from '../generate/check-histories.ts';
import { encodeHistory } from '../generate/history.ts';
import { STATES_PER_CELL } from '../models/power-loss/loss-states.ts';
import { cellsOf, withBench } from './cells.ts';
import { RESURRECTS, THIRD_IN_PLACE } from './stores.ts';

const SEEDS = 10;

function lookFor(session: Session, cell: HistoryCell, seed: number): Promise<string> {
  return withBench(session, cell, { observe: true, limit: STATES_PER_CELL, seed }, async (bench) => {
    const found = await checkHistories(cell, bench);
    if ('reason' in found) return found.reason;
    const [shortest] = found.failures;
    return shortest === undefined ? 'not found' : `${shortest.verdict.outcome} ${encodeHistory(shortest.course.history)}`;
  });
}

await withSession(undefined, async (session) => {
  const root = session.workspace.directory('stores');
  for (const [name, source] of Object.entries({ RESURRECTS, THIRD_IN_PLACE })) {
    const file = join(root, `${name.toLowerCase()}.cjs`);
    writeFileSync(file, source);
    const [cell] = await cellsOf(session, { stores: [file], scenario: 'histories', model: 'process-kill' });
    if (cell?.model !== 'process-kill') throw new Error(`${name} runs no histories`);
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const started = performance.now();
      const found = await lookFor(session, { ...cell, strict: true }, seed);
      console.log(`${name} seed ${seed}: ${found}, ${((performance.now() - started) / 1000).toFixed(1)} s`);
    }
  }
});
