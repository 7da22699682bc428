/** Paths as they are seen from a directory. */
import { isAbsolute, relative, sep } from 'node:path';

/** Relative to the directory: '' for the directory itself, undefined for what lies elsewhere. A name may begin with two dots. */
export function below(directory: string, path: string): string | undefined {
  const seen = relative(directory, path);
  const isElsewhere = seen === '..' || seen.startsWith(`..${sep}`) || isAbsolute(seen); // absolute: on another drive of Windows
  return isElsewhere ? undefined : seen;
}
