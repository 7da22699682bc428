/**
 * unstorage 1.17.6, with its fs driver
 *
 * Says     nothing of crashes, power cuts or full disks
 * Note     A file for each key, written in place.
 */
import { createStorage } from 'unstorage';
import fsDriver from 'unstorage/drivers/fs';

export default {
  open: (dir) => createStorage({ driver: fsDriver({ base: dir }) }),
  set: (storage, key, value) => storage.setItem(key, value),
  delete: (storage, key) => storage.removeItem(key),
  load: async (storage) => Object.fromEntries((await storage.getItems(await storage.getKeys())).map(({ key, value }) => [key, value])),
  close: (storage) => storage.dispose(),
};
