/** Extended attributes of files, for which Node has no call. Linux, with koffi. */
import { createRequire } from 'node:module';
import { getSystemErrorName } from 'node:util';

export interface Attributes {
  /** Throws where the file system has none. Errors have a code, as Node's own of files. */
  readonly set: (path: string, name: string, value: string) => void;
  /** Undefined where the file has no such attribute. Throws if its value is longer than `LONGEST_BYTES`. */
  readonly get: (path: string, name: string) => string | undefined;
}

const LONGEST_BYTES = 256;
/** No such attribute; no such file. */
const ABSENT = new Set([61, 2]);

/** Undefined on other systems than Linux, and without koffi. */
export function attributesHere(platform = process.platform): Attributes | undefined {
  if (platform !== 'linux') return undefined;
  let koffi: typeof import('koffi');
  try {
    koffi = createRequire(import.meta.url)('koffi');
  } catch {
    return undefined; // it is optional
  }
  return load(koffi);
}

function load(koffi: typeof import('koffi')): Attributes {
  const self = koffi.load(null); // glibc or musl, whichever Node runs on
  const setxattr = self.func('int setxattr(const char *path, const char *name, const void *value, size_t size, int flags)');
  const getxattr = self.func('long getxattr(const char *path, const char *name, _Out_ uint8_t *value, size_t size)');
  const refused = (path: string): Error => {
    const errno = koffi.errno();
    return Object.assign(new Error(`no extended attribute for ${path} (errno ${errno})`), { code: getSystemErrorName(-errno) });
  };
  return {
    set: (path, name, value) => {
      const bytes = Buffer.from(value);
      if (setxattr(path, name, bytes, bytes.length, 0) !== 0) throw refused(path);
    },
    get: (path, name) => {
      const bytes = Buffer.alloc(LONGEST_BYTES);
      const length = Number(getxattr(path, name, bytes, bytes.length));
      if (length >= 0) return bytes.toString('utf8', 0, length);
      if (ABSENT.has(koffi.errno())) return undefined;
      throw refused(path);
    },
  };
}
