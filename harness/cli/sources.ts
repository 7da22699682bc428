/** The sources that a report shows: files with lines that ops are from, where they are in the working directory. */
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { below } from '../domain/below.ts';
import type { Evidence } from '../domain/evidence.ts';
import type { Cause } from '../domain/result.ts';

/** A longer file is no source that somebody reads: it was made by a program. */
const LONGEST_SOURCE_BYTES = 256 << 10;

/** The files that ops and causes name, each once, in order. */
export function filesNamed({ lines }: Pick<Evidence, 'lines'>, causes: readonly Cause[]): string[] {
  const sites = [...Object.values(lines), ...causes].flatMap(({ site }) => site?.file ?? []);
  return [...new Set(sites)].sort();
}

/** Files elsewhere, those that a link leads out of the directory to, and those that cannot be read are left out: their lines are shown alone. */
export function sourcesIn(cwd: string, files: readonly string[]): Evidence['sources'] {
  return Object.fromEntries(
    files.flatMap((file) => {
      const text = isAbsolute(file) ? undefined : textOf(cwd, file);
      return text === undefined ? [] : [[file, text] as const];
    }),
  );
}

function textOf(cwd: string, file: string): string | undefined {
  try {
    const path = realpathSync(resolve(cwd, file));
    const isInside = below(realpathSync(cwd), path) !== undefined;
    return isInside && statSync(path).size <= LONGEST_SOURCE_BYTES ? readFileSync(path, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}
