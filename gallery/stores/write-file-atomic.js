/**
 * write-file-atomic 8.0.0
 *
 * Says     "This is an extension for node's `fs.writeFile` that makes its operation atomic" (README.md)
 * Read as  atomic under process-kill, power-loss, io-error
 * Note     One call of `write` writes the temporary file, and what that call returns is not looked at (lib/index.js).
 */
import { readFileSync } from 'node:fs';
import writeFileAtomic from 'write-file-atomic';

export default {
  save: (dir, value) => writeFileAtomic(`${dir}/data.json`, JSON.stringify(value)),
  load: (dir) => JSON.parse(readFileSync(`${dir}/data.json`, 'utf8')),
};
