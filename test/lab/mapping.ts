/** Memory maps for stores that are written as text, through koffi: Node has no call for them. Linux only. */
import { createRequire } from 'node:module';

const KOFFI = JSON.stringify(createRequire(import.meta.url).resolve('koffi'));

/**
 * `map(path, length, how)` maps a file that exists, shared: `how` is `private`, `read` (of a file opened to read), `later` (mapped to read,
 * opened to write) or by default `write`. What it returns stores, reads, syncs, unmaps and lets itself be written to.
 */
export const MAPPING = `
const libc = require(${KOFFI}).load('libc.so.6');
const mmap = libc.func('uintptr_t mmap(uintptr_t address, size_t length, int protection, int flags, int fd, long offset)');
const mprotect = libc.func('int mprotect(uintptr_t address, size_t length, int protection)');
const munmap = libc.func('int munmap(uintptr_t address, size_t length)');
const msync = libc.func('int msync(uintptr_t address, size_t length, int flags)');
const memcpy = libc.func('uintptr_t memcpy(uintptr_t to, const void *from, size_t length)');
const take = libc.func('uintptr_t memcpy(void *to, uintptr_t from, size_t length)');
const MS_SYNC = 4;
const map = (path, length, how = 'write') => {
  const fd = require('node:fs').openSync(path, how === 'read' ? 'r' : 'r+');
  const address = BigInt(mmap(0, length, how === 'write' || how === 'private' ? 3 : 1, how === 'private' ? 2 : 1, fd, 0));
  require('node:fs').closeSync(fd);
  return {
    store: (text, offset = 0) => void memcpy(address + BigInt(offset), Buffer.from(text), Buffer.byteLength(text)),
    sync: (offset = 0, bytes = length) => {
      if (msync(address + BigInt(offset), bytes, MS_SYNC) !== 0) throw new Error('msync failed');
    },
    text: () => {
      const bytes = Buffer.alloc(length);
      take(bytes, address, length);
      return bytes.toString().split('\\0')[0];
    },
    unmap: () => void munmap(address, length),
    letWrite: () => void mprotect(address, length, 3),
  };
};
`;
