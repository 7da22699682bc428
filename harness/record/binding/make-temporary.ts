import { asErrorOf, codeOf } from './errors.ts';
import type { FileOps } from './file-ops.ts';
import { pathText } from './inside.ts';
import type { Job } from './job.ts';
import type { NativePath } from './native.ts';
import type { PlannedOp } from './planned-op.ts';

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** `mkdtemp` with a name chosen here, so that the op is known before it happens. */
export function makeTemporary(ops: FileOps, prefix: NativePath, encoding: string | undefined): Job | undefined {
  const start = pathText(prefix);
  let name = start + randomLetters();
  const planned = (): PlannedOp | undefined => ops.onPath('mkdir', 'mkdtemp', name, false, 0o700);
  if (planned() === undefined) return undefined;
  const run = (): unknown => {
    for (;;) {
      try {
        ops.mkdir(name, 0o700, 'mkdtemp');
        return encoding === 'buffer' ? Buffer.from(name) : Buffer.from(name).toString((encoding ?? 'utf8') as BufferEncoding);
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw asErrorOf(error, 'mkdtemp', `${start}XXXXXX`);
        name = start + randomLetters();
      }
    }
  };
  return { first: planned, run };
}

function randomLetters(): string {
  return Array.from({ length: 6 }, () => LETTERS[Math.floor(Math.random() * LETTERS.length)]).join('');
}
