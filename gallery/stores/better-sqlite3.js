/**
 * better-sqlite3 13.2.0, as it comes: journal_mode DELETE, synchronous FULL
 *
 * Says     "FULL synchronous is very safe, but it is also slower."
 *          (https://www.sqlite.org/pragma.html#pragma_synchronous)
 * Says     "EXTRA provides additional durability if the commit is followed closely by a power loss."
 *          (https://www.sqlite.org/pragma.html#pragma_synchronous)
 * Read as  atomic under process-kill, power-loss
 * Note     A commit is the unlink of the journal, and nothing forces that: a power cut may roll it back.
 */
import Database from 'better-sqlite3';

/** A store with these pragmas. */
export const sqlite = (...pragmas) => ({
  open: (dir) => {
    const db = new Database(`${dir}/data.db`);
    for (const pragma of pragmas) db.pragma(pragma);
    db.exec('CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, value TEXT)');
    return db;
  },
  set: (db, key, value) => {
    db.prepare('INSERT OR REPLACE INTO entries VALUES (?, ?)').run(key, JSON.stringify(value));
  },
  delete: (db, key) => {
    db.prepare('DELETE FROM entries WHERE key = ?').run(key);
  },
  load: (db) =>
    Object.fromEntries(
      db
        .prepare('SELECT * FROM entries')
        .all()
        .map(({ key, value }) => [key, JSON.parse(value)]),
    ),
  close: (db) => {
    db.close();
  },
});

export default sqlite();
