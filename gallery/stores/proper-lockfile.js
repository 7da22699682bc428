/**
 * proper-lockfile 4.1.2, around fs.promises.writeFile
 *
 * Says     "This library utilizes the `mkdir` strategy which works atomically on any kind of file system" (README.md)
 * Says     "automatically removes locks if the process exits, except if the process is killed with SIGKILL or it crashes
 *          due to a VM fatal error" (README.md)
 * Read as  nothing definite
 * Note     The promise is about the lock. A lock does not make the write below it whole; and a killed process leaves its
 *          lock until it is stale, after 10 seconds by default.
 */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { lock } from 'proper-lockfile';

const load = (dir) => JSON.parse(readFileSync(`${dir}/data.json`, 'utf8'));

const locked = async (dir, work) => {
  const release = await lock(dir, { lockfilePath: `${dir}/data.lock` });
  try {
    await work();
  } finally {
    await release();
  }
};

export default {
  save: (dir, value) => locked(dir, () => writeFile(`${dir}/data.json`, JSON.stringify(value))),
  load,
};
