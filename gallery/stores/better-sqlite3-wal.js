/**
 * better-sqlite3 13.2.0, journal_mode WAL
 *
 * Says     "it is generally important to set the WAL pragma for performance reasons" (README.md)
 * Says     "A transaction committed in WAL mode with synchronous=NORMAL might roll back following a power loss or system
 *          crash." (https://www.sqlite.org/pragma.html#pragma_synchronous)
 * Read as  atomic under process-kill, power-loss
 * Note     better-sqlite3 is built with synchronous NORMAL for WAL.
 */
import { sqlite } from './better-sqlite3.js';

export default sqlite('journal_mode = WAL');
