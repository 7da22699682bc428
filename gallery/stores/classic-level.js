/**
 * classic-level 3.0.0
 *
 * Says     "Normally, LevelDB passes the data to the operating system for writing and returns immediately." (README.md)
 * Read as  atomic under process-kill, power-loss
 * Note     The default, `sync: false`.
 */
import { ClassicLevel } from 'classic-level';

export const open = async (dir) => {
  const db = new ClassicLevel(`${dir}/level`, { valueEncoding: 'json' });
  await db.open();
  return db;
};

export default {
  open,
  set: (db, key, value) => db.put(key, value),
  delete: (db, key) => db.del(key),
  load: async (db) => Object.fromEntries(await db.iterator().all()),
  close: (db) => db.close(),
};
