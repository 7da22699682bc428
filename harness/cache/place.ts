/** Where cells are kept, as other tools have it: below the packages of the project, else below the user's own cache. */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';

/** Not below the temporary directory, where other users could put entries. */
export function cacheDirectory(cwd: string, env: { readonly [name: string]: string | undefined }): string {
  const project = projectOf(cwd);
  if (project !== undefined) return join(project, 'node_modules', '.cache', 'crash-matrix');
  const { XDG_CACHE_HOME: given } = env;
  return join(given !== undefined && isAbsolute(given) ? given : join(homedir(), '.cache'), 'crash-matrix');
}

/** Why nothing can be kept in a directory that is made when it is needed; undefined where it can. */
export function whyUnwritable(directory: string): string | undefined {
  if (!existsSync(directory)) return dirname(directory) === directory ? undefined : whyUnwritable(dirname(directory));
  if (!statSync(directory).isDirectory()) return `${directory} is no directory`;
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    return undefined;
  } catch {
    return `${directory} may not be written to`;
  }
}

/** The nearest directory with a package.json and packages beside it. */
function projectOf(directory: string): string | undefined {
  if (existsSync(join(directory, 'package.json')) && existsSync(join(directory, 'node_modules'))) return directory;
  return dirname(directory) === directory ? undefined : projectOf(dirname(directory));
}
