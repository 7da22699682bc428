/**
 * steno 4.0.2
 *
 * Says     "Safe: No partial writes (writes are atomic)" (README.md)
 * Read as  atomic under process-kill, power-loss, io-error
 * Note     Temporary file and rename, without an fsync: whole under a kill, and under power loss only where a rename
 *          waits for the data.
 */
import { readFileSync } from 'node:fs';
import { Writer } from 'steno';

export default {
  save: (dir, value) => new Writer(`${dir}/data.json`).write(JSON.stringify(value)),
  load: (dir) => JSON.parse(readFileSync(`${dir}/data.json`, 'utf8')),
};
