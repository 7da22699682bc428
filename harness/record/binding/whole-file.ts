/** `readFileSync` and `writeFileSync` of text, which C++ carries out in one call, as separate ops. */
import type { FileOps } from './file-ops.ts';
import type { Job } from './job.ts';
import type { NativePath } from './native.ts';

/** Open, read to the end, close. C++ reads 8 KiB at a time; here it is one op, because a crash between reads changes nothing. */
export function readUtf8(ops: FileOps, file: NativePath | number, flags: number): Job | undefined {
  const via = 'readFileUtf8';
  const { fs } = ops.context;
  const read = (fd: number): string => {
    let text = '';
    ops.read(fd, null, via, () => {
      text = fs.readFileUtf8(fd, flags);
      return Buffer.byteLength(text);
    });
    return text;
  };
  if (typeof file === 'number') {
    return ops.openFiles.has(file) ? { first: () => ops.onDescriptor('read', via, file), run: () => read(file) } : undefined;
  }
  if (ops.context.locate(file, true) === undefined) return undefined;
  const run = (): string => {
    const fd = ops.openFile(file, flags, 0o666, via);
    try {
      return read(fd);
    } finally {
      ops.close(fd, via);
    }
  };
  return { first: () => ops.plannedOpen(file, flags, 0o666, via), run };
}

/** Open, write all, close. Nothing is written for an empty string. */
export function writeUtf8(ops: FileOps, file: NativePath | number, data: string, flags: number, mode: number): Job | undefined {
  const via = 'writeFileUtf8';
  const write = (fd: number): void => {
    if (data.length > 0) ops.writeUtf8(fd, data, flags, mode, via);
  };
  if (typeof file === 'number') {
    return ops.openFiles.has(file) ? { first: () => ops.onDescriptor('write', via, file), run: () => write(file) } : undefined;
  }
  if (ops.plannedOpen(file, flags, mode, via) === undefined) return undefined;
  const run = (): void => {
    const fd = ops.openFile(file, flags, mode, via);
    try {
      write(fd);
    } finally {
      ops.close(fd, via);
    }
  };
  return { first: () => ops.plannedOpen(file, flags, mode, via), run };
}
