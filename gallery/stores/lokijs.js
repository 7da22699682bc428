/**
 * lokijs 1.5.12
 *
 * Says     nothing of crashes, power cuts or full disks
 * Note     Temporary file and rename, without an fsync.
 */
import Loki from 'lokijs';

const done = (work) => new Promise((resolve, reject) => work((error) => (error ? reject(error) : resolve())));

export default {
  open: async (dir) => {
    const db = new Loki(`${dir}/loki.json`);
    await done((end) => db.loadDatabase({}, end));
    const entries = db.getCollection('entries') ?? db.addCollection('entries', { unique: ['key'] });
    return { db, entries };
  },
  set: ({ db, entries }, key, value) => {
    const entry = entries.by('key', key);
    if (entry) entries.update({ ...entry, value });
    else entries.insert({ key, value });
    return done((end) => db.saveDatabase(end));
  },
  delete: ({ db, entries }, key) => {
    entries.findAndRemove({ key });
    return done((end) => db.saveDatabase(end));
  },
  load: ({ entries }) => Object.fromEntries(entries.find().map(({ key, value }) => [key, value])),
};
