/**
 * node-persist 2.1.0, as node-persist-2
 *
 * Says     nothing of crashes, power cuts or full disks
 * Note     A file for each key, written in place, with the synchronous functions that version 3 removed.
 */
import storage from 'node-persist-2';

const open = (dir) => {
  const opened = storage.create({ dir });
  opened.initSync();
  return opened;
};

export default {
  open,
  set: (opened, key, value) => opened.setItemSync(key, value),
  delete: (opened, key) => opened.removeItemSync(key),
  load: (opened) => Object.fromEntries(opened.keys().map((key) => [key, opened.getItemSync(key)])),
};
