import fs from 'node:fs';
import { loadOrEmpty } from './lenient-load.ts';
import { rotateThenWrite } from './rotate-then-write.ts';
import type { Strategy } from './strategy.ts';

/**
 * What most programs do: overwrite the live file with a plain writeFile, and keep no backups.
 *
 * Window  from the open, which truncates, to the end of the last write the file is empty or torn; load takes it for an
 *         empty store. Nothing is synced.
 */
const rotate = async () => false;
const write = (storePath: string, text: string) => fs.promises.writeFile(storePath, text, { mode: 0o600 });

const name = 'in-place';

export default { name, load: loadOrEmpty, rotate, replace: rotateThenWrite(name, rotate, write) } satisfies Strategy;
