/**
 * @seald-io/nedb 4.1.2
 *
 * Says     "an append-only format, meaning that all updates and deletes actually result in lines added at the end of the
 *          datafile, for performance reasons" (README.md)
 * Says     "Fully write or rewrite the datafile, immune to crashes during the write operation (data will not be lost)."
 *          (lib/storage.js)
 * Read as  atomic under process-kill
 * Note     Of a crash its README says nothing; the second quotation is a comment on the function that compacts the file.
 *          A change is appended, and not forced.
 */
import Datastore from '@seald-io/nedb';

export default {
  open: async (dir) => {
    const db = new Datastore({ filename: `${dir}/data.db` });
    await db.loadDatabaseAsync();
    return db;
  },
  set: (db, key, value) => db.updateAsync({ _id: key }, { _id: key, value }, { upsert: true }),
  delete: (db, key) => db.removeAsync({ _id: key }, {}),
  load: async (db) => Object.fromEntries((await db.findAsync({})).map(({ _id, value }) => [_id, value])),
};
