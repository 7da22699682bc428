/** The files of a run's directory, as faults look at them and take back what was written to them. */
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lookIn } from '../domain/tree.ts';
import type { Disk } from './fault.ts';

export function diskIn(directory: string): Disk {
  return { look: lookIn(directory), keep: (path) => keep(directory, path) };
}

/** Undefined if no file can be read there. What takes it back does nothing if the file is gone by then. */
function keep(directory: string, path: string): ReturnType<Disk['keep']> {
  const bytes = attempt(() => readFileSync(join(directory, path)));
  if (bytes === undefined) return undefined;
  return (now) => {
    const file = join(directory, now);
    const mode = attempt(() => statSync(file).mode);
    if (mode === undefined) return;
    chmodSync(file, mode | 0o200); // the file may be one that nobody may write to any more
    writeFileSync(file, bytes);
    chmodSync(file, mode);
  };
}

function attempt<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch {
    return undefined;
  }
}
