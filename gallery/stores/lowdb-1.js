/**
 * lowdb 1.0.0, as lowdb-1
 *
 * Says     "It is fast enough and safe to be used as an embedded database." (README.md)
 * Read as  nothing definite
 * Note     `FileSync` writes the file in place. Since version 2 lowdb writes through steno.
 */
import low from 'lowdb-1';
import FileSync from 'lowdb-1/adapters/FileSync.js';

const open = (dir) => low(new FileSync(`${dir}/db.json`));

export default {
  save: (dir, value) => {
    open(dir).setState(value).write();
  },
  load: (dir) => open(dir).getState(),
};
