/**
 * classic-level 3.0.0, each write with `sync: true`
 *
 * Says     "a synchronous write will use [`fsync()`](https://man7.org/linux/man-pages/man2/fsync.2.html) or equivalent,
 *          so the write will not complete until the data is actually on disk" (README.md)
 * Read as  durable under process-kill, power-loss, io-error
 */
import level from './classic-level.js';

export default {
  ...level,
  set: (db, key, value) => db.put(key, value, { sync: true }),
  delete: (db, key) => db.del(key, { sync: true }),
};
