import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { loadSessionStore } from '../../src/session-store.ts';
import { freshStore, namesBeside } from './fixtures.ts';

const PROCESSES = 3;
const UPDATES = 12;

test('processes that update one store lose nothing, though the lock they find belongs to a dead one', async () => {
  const store = freshStore();
  const program = join(dirname(store), 'program.mjs');
  const module = JSON.stringify(join(import.meta.dirname, '../../src/session-store.ts'));
  const contents = `
    import { updateSessionStore } from ${module};
    const [store, name] = process.argv.slice(2);
    for (let n = 0; n < ${UPDATES}; n++) {
      const add = (entries) => ({ ...entries, [name + n]: { sessionId: name + n, updatedAt: Date.now() } });
      await updateSessionStore(store, add, { rotateBytes: 0, lockPollMs: 1 });
    }`;
  await build({ stdin: { contents, resolveDir: import.meta.dirname }, bundle: true, platform: 'node', format: 'esm', outfile: program });
  fs.writeFileSync(`${store}.lock`, JSON.stringify({ pid: 2 ** 31 - 1 }));

  const exits = Array.from({ length: PROCESSES }, async (_, n) => {
    const child = spawn(process.execPath, [program, store, `process-${n}:`], { stdio: 'inherit' });
    return (await once(child, 'exit'))[0];
  });
  expect(await Promise.all(exits)).toEqual(Array(PROCESSES).fill(0));
  expect(Object.keys(loadSessionStore(store))).toHaveLength(PROCESSES * UPDATES);
  expect(namesBeside(store).filter((name) => !name.includes('.bak.'))).toEqual(['program.mjs', 'sessions.json']);
});
