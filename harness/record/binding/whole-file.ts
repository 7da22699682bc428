/** `readFileSync` and `writeFileSync` of text, which C++ carries out in one call: here they are the steps of it. */
import type { Effects } from './effects.ts';
import type { Job } from './job.ts';
import type { NativePath } from './native.ts';

/** Open, read to the end, close. C++ reads 8 KiB at a time; here that is one op, as nothing can come between that shows. */
export function readUtf8(effects: Effects, file: NativePath | number, flags: number): Job | undefined {
  const via = 'readFileUtf8';
  const { fs } = effects.world;
  const read = (fd: number): string => {
    let text = '';
    effects.read(fd, null, via, () => {
      text = fs.readFileUtf8(fd, flags);
      return Buffer.byteLength(text);
    });
    return text;
  };
  if (typeof file === 'number') {
    return effects.open.has(file) ? { first: () => effects.onOpen('read', via, file), run: () => read(file) } : undefined;
  }
  if (effects.world.locate(file, true) === undefined) return undefined;
  const run = (): string => {
    const fd = effects.openFile(file, flags, 0o666, via);
    try {
      return read(fd);
    } finally {
      effects.close(fd, via);
    }
  };
  return { first: () => effects.openEffect(file, flags, 0o666, via), run };
}

/** Open, write all, close. Nothing is written for an empty string. */
export function writeUtf8(effects: Effects, file: NativePath | number, data: string, flags: number, mode: number): Job | undefined {
  const via = 'writeFileUtf8';
  const write = (fd: number): void => {
    if (data.length > 0) effects.writeUtf8(fd, data, flags, mode, via);
  };
  if (typeof file === 'number') {
    return effects.open.has(file) ? { first: () => effects.onOpen('write', via, file), run: () => write(file) } : undefined;
  }
  if (effects.openEffect(file, flags, mode, via) === undefined) return undefined;
  const run = (): void => {
    const fd = effects.openFile(file, flags, mode, via);
    try {
      write(fd);
    } finally {
      effects.close(fd, via);
    }
  };
  return { first: () => effects.openEffect(file, flags, mode, via), run };
}
