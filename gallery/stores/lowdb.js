/**
 * lowdb 7.0.1
 *
 * Says     "Safe atomic writes" (README.md)
 * Read as  atomic under process-kill, power-loss, io-error
 * Note     It writes through steno.
 */
import { JSONFilePreset } from 'lowdb/node';

const open = (dir) => JSONFilePreset(`${dir}/db.json`, {});

export default {
  save: async (dir, value) => {
    const db = await open(dir);
    db.data = value;
    await db.write();
  },
  load: async (dir) => (await open(dir)).data,
};
