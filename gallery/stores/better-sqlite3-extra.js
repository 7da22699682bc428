/**
 * better-sqlite3 13.2.0, synchronous EXTRA
 *
 * Says     "EXTRA synchronous is like FULL with the addition that the directory containing a rollback journal is synced
 *          after that journal is unlinked to commit a transaction in DELETE mode."
 *          (https://www.sqlite.org/pragma.html#pragma_synchronous)
 * Read as  durable under process-kill, power-loss
 */
import { sqlite } from './better-sqlite3.js';

export default sqlite('synchronous = EXTRA');
