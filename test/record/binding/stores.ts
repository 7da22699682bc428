/** Stores whose saves are recorded, followed and killed in these tests. */
import { randomBytes, randomUUID } from 'node:crypto';
import fs, { promises as fsp } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const page = 4096;

/** A rotation, a copy over two pages, a temp file with a random name, a fused write: every kind of boundary. */
export const rotating = [
  {
    before: (d: string) => fs.writeFileSync(join(d, 'live'), 'x'.repeat(2 * page + 10)),
    run: async (d: string): Promise<void> => {
      await fsp.copyFile(join(d, 'live'), join(d, `live.bak.${Date.now()}`));
      const temp = join(d, `live.${randomUUID()}.tmp`);
      await fsp.writeFile(temp, 'y'.repeat(page + 1), { flush: true });
      await fsp.rename(temp, join(d, 'live'));
      fs.writeFileSync(join(d, 'note'), 'z'.repeat(page + 5));
    },
  },
];

/** Two writers at once, and neither comes first by design: a thread pool decides. */
export const racing = [
  {
    run: (d: string) =>
      Promise.all(
        ['a', 'b'].map(async (name) => {
          await promisify(randomBytes)(1 + Math.floor(Math.random() * 100_000));
          await fsp.writeFile(join(d, name), name);
          await promisify(randomBytes)(1 + Math.floor(Math.random() * 100_000));
          await fsp.unlink(join(d, name));
        }),
      ),
  },
];

/** Does something else in every run. */
export const wayward = [{ run: (d: string) => fs.writeFileSync(join(d, `x${'y'.repeat(1 + Math.floor(Math.random() * 200))}-`), '') }];

/** The same, from a promise: it waits for its turn, which never comes. */
export const waywardLater = [{ run: (d: string) => fsp.writeFile(join(d, `x${'y'.repeat(1 + Math.floor(Math.random() * 200))}-`), '') }];

export const hanging = [{ run: (d: string) => fsp.writeFile(join(d, 'f'), '').then(() => sleep(60_000)) }];
export const exiting = [{ run: () => process.exit(7) }];
export const aborting = [{ run: () => process.kill(process.pid, 'SIGABRT') }];
export const killingItself = [{ run: () => process.kill(process.pid, 'SIGKILL') }];
export const rejecting = [{ run: () => Promise.reject(new Error('no')) }];

/** Resolves before its file is written. */
export const unawaited = [{ run: (d: string) => void fsp.writeFile(join(d, 'f'), 'x').then(() => fsp.unlink(join(d, 'f'))) }];
