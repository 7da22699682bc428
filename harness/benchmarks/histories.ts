/** Searches for bugs that need three steps, with ten seeds each; prints the shrunk history and the time, or that the bug was not found. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { check } from '../check.ts';
import { type Session, withSession } from '../cli/session.ts';
import { isNotMeasured } from '../domain/sighting.ts';
import { encodeHistory } from '../generate/history.ts';
import type { Cell } from '../models/model.ts';
import { recordedOf } from '../models/model.ts';
import { cellsOf, withBench } from './cells.ts';
import { RESURRECTS, THIRD_IN_PLACE } from './stores.ts';

const SEEDS = 10;

function lookFor(session: Session, cell: Cell, seed: number): Promise<string> {
  return withBench(session, cell, { kills: 'observed', seed }, async (bench) => {
    const findings = await check(cell, bench);
    if (isNotMeasured(findings)) return findings.reason;
    const [shortest] = findings.explored.verdicts;
    if (shortest === undefined) return 'not found';
    return `${shortest.outcome} ${encodeHistory(recordedOf(shortest.case.subject).history?.steps ?? [])}`;
  });
}

await withSession(undefined, async (session) => {
  const root = session.workspace.directory('stores');
  for (const [name, source] of Object.entries({ RESURRECTS, THIRD_IN_PLACE })) {
    const file = join(root, `${name.toLowerCase()}.cjs`);
    writeFileSync(file, source);
    const [cell] = await cellsOf(session, { stores: [file], scenario: 'histories', model: 'process-kill' });
    if (cell === undefined) throw new Error(`${name} runs no histories`);
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const started = performance.now();
      const found = await lookFor(session, { ...cell, heldBy: 'strict' }, seed);
      console.log(`${name} seed ${seed}: ${found}, ${((performance.now() - started) / 1000).toFixed(1)} s`);
    }
  }
});
