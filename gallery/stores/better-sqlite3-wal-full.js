/**
 * better-sqlite3 13.2.0, journal_mode WAL, synchronous FULL
 *
 * Says     "With synchronous=FULL in WAL mode, an additional sync operation of the WAL file happens after each
 *          transaction commit." (https://www.sqlite.org/pragma.html#pragma_synchronous)
 * Read as  durable under process-kill, power-loss
 */
import { sqlite } from './better-sqlite3.js';

export default sqlite('journal_mode = WAL', 'synchronous = FULL');
