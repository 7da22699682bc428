/**
 * node-persist 4.0.4
 *
 * Says     "each "file" will have its own mini queue to avoid corrupted files, keep in mind that this would not properly
 *          work in multi-process setting" (README.md)
 * Read as  nothing definite
 * Note     A file for each key, written in place.
 */
import storage from 'node-persist';

export default {
  open: async (dir) => {
    const opened = storage.create({ dir });
    await opened.init();
    return opened;
  },
  set: (opened, key, value) => opened.setItem(key, value),
  delete: (opened, key) => opened.removeItem(key),
  load: async (opened) => {
    const all = {};
    await opened.forEach(({ key, value }) => {
      all[key] = value;
    });
    return all;
  },
};
