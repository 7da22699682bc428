/**
 * steno 0.4.4, as steno-0
 *
 * Says     "Simple file writer with __atomic writing__ and __race condition prevention__." (README.md)
 * Says     "if the server is killed while `data.json` is being written, the file can get corrupted" (README.md)
 * Read as  atomic under process-kill, power-loss, io-error
 * Note     The callback of the rename does not look at its error (index.js): a rename that fails is reported as a save.
 */
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import steno from 'steno-0';

const write = promisify(steno.writeFile);

export default {
  save: (dir, value) => write(`${dir}/data.json`, JSON.stringify(value)),
  load: (dir) => JSON.parse(readFileSync(`${dir}/data.json`, 'utf8')),
};
