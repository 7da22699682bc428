/**
 * Which paths lie inside the store's directory, and their names relative to it.
 *
 * Allows   relative paths, `..`, other spellings of the directory through symlinks, Buffers, `\\?\` prefixes.
 * Forbids  nothing. A symlink that leads out of the directory is flagged, because the tree does not show changes behind it.
 */
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { isSymlink, type NativeFs, type NativePath, statOf } from './native.ts';

interface Location {
  /** Relative to the directory, with `/`; `.` is the directory itself. */
  readonly path: string;
  /** It is a symlink that leads out of the directory. */
  readonly leadsOutside: boolean;
}

export type Locate = (path: NativePath, follow: boolean) => Location | undefined;

export function locateInside(fs: NativeFs, directory: string): Locate {
  const realOf = (path: string): string | undefined => {
    try {
      return fs.realpath(path, 'utf8');
    } catch {
      return undefined; // missing or not accessible: the call itself will report it
    }
  };
  /** Case-sensitive: on file systems that ignore case, `realOf` returns one spelling. */
  const name = (absolute: string): string | undefined => {
    if (absolute === directory) return '.';
    if (!absolute.startsWith(directory + sep)) return undefined;
    const path = relative(directory, absolute);
    return sep === '/' ? path : path.replaceAll(sep, '/');
  };

  return (given, follow) => {
    const text = pathText(given);
    const absolute = trimmed(isAbsolute(text) ? text : join(process.cwd(), sep) + text);
    const cut = absolute.lastIndexOf(sep);
    const base = absolute.slice(cut + 1);
    const parent = cut === 0 ? sep : absolute.slice(0, cut);
    if (base === '' || base === '.' || base === '..') return located(name(realOf(absolute) ?? resolve(absolute)), false);
    const realParent = parent === directory ? directory : (realOf(parent) ?? resolve(parent));
    const canonical = absolute === directory ? directory : realParent + (realParent.endsWith(sep) ? '' : sep) + base;
    const path = name(canonical);
    if (!follow || !isSymlink(statOf(fs, canonical, false))) return located(path, false);
    const target = realOf(canonical);
    const reached = target === undefined ? undefined : name(target);
    return path === undefined ? located(reached, false) : located(path, target !== undefined && reached === undefined);
  };
}

function located(path: string | undefined, leadsOutside: boolean): Location | undefined {
  return path === undefined ? undefined : { path, leadsOutside };
}

export function pathText(path: NativePath): string {
  const text = typeof path === 'string' ? path : Buffer.from(path.buffer, path.byteOffset, path.byteLength).toString();
  return text.startsWith('\\\\?\\') ? text.slice(4) : text;
}

function trimmed(path: string): string {
  let end = path.length;
  while (end > 1 && (path[end - 1] === '/' || path[end - 1] === sep)) end -= 1;
  const cut = path.slice(0, end);
  return sep === '\\' ? cut.replaceAll('/', '\\') : cut;
}
