/**
 * cacache 21.0.2
 *
 * Says     "it will never give you corrupted data, even if cache files get corrupted or manipulated" (README.md)
 * Says     "Fault tolerance (immune to corruption, partial writes, process races, etc)" (README.md)
 * Read as  whole values under process-kill, power-loss, io-error
 * Note     It promises that what it gives back is right, not that it still has it. It is a cache.
 */
import cacache from 'cacache';

export default {
  set: (dir, key, value) => cacache.put(dir, key, JSON.stringify(value)),
  delete: (dir, key) => cacache.rm.entry(dir, key),
  load: async (dir) => {
    const all = {};
    for (const key of Object.keys(await cacache.ls(dir))) all[key] = JSON.parse((await cacache.get(dir, key)).data);
    return all;
  },
};
