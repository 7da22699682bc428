/**
 * atomically 2.1.1
 *
 * Says     "first a temporary file containing the new content is written, then this file is renamed to the final path,
 *          this way it's impossible to get a corrupt/partially-written file" (readme.md)
 * Read as  atomic under process-kill, power-loss, io-error
 * Note     As in write-file-atomic, of which it is a rewrite: one call of `write`, and its answer is not looked at
 *          (dist/index.js).
 */
import { readFileSync, writeFile } from 'atomically';

export default {
  save: (dir, value) => writeFile(`${dir}/data.json`, JSON.stringify(value)),
  load: (dir) => JSON.parse(readFileSync(`${dir}/data.json`, 'utf8')),
};
