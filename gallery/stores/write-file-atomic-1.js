/**
 * write-file-atomic 1.1.4, as write-file-atomic-1
 *
 * Says     "This is an extension for node's `fs.writeFile` that makes its operation atomic" (README.md)
 * Read as  atomic under process-kill, power-loss, io-error
 * Note     It writes the temporary file with `fs.writeFile`, which goes on after a short write, and forces nothing to
 *          disk.
 */
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import writeFileAtomic from 'write-file-atomic-1';

const write = promisify(writeFileAtomic);

export default {
  save: (dir, value) => write(`${dir}/data.json`, JSON.stringify(value)),
  load: (dir) => JSON.parse(readFileSync(`${dir}/data.json`, 'utf8')),
};
