/**
 * lmdb 3.5.6, with safeRestore
 *
 * Says     "a machine can be turned off at any point, and data can not be corrupted unless the written data is actually
 *          changed or tampered" (README.md)
 * Says     "The write actions return a promise for when they are committed." (README.md)
 * Says     "lmdb-js will use the latest committed transaction if the OS's boot id hasn't changed" (README.md)
 * Read as  atomic under process-kill, power-loss
 * Note     A power cut of the harness restarts no machine, so the boot id stays, and LMDB would trust what was never
 *          flushed. `safeRestore` has it do what it does after a restart. After a commit that fails lmdb rejects a second
 *          promise, `commitError`; nobody has taken it yet, and Node ends the process.
 */
import { open } from 'lmdb';

export default {
  open: (dir) => open({ path: `${dir}/data`, safeRestore: true }),
  set: (db, key, value) => db.put(key, value),
  delete: (db, key) => db.remove(key),
  load: (db) => Object.fromEntries(Array.from(db.getRange(), ({ key, value }) => [key, value])),
  close: (db) => db.close(),
};
