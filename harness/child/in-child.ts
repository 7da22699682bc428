/** Does work in a forked child, and waits for what it returns. */
import { closeSync, readSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import type { InChild } from '../fake/in-child.ts';
import { writeAll } from '../protocol/json-lines.ts';
import { type Forks, prepareForks } from './fork.ts';
import { becomeOwnProcess } from './warm-store.ts';

const CHUNK_BYTES = 1 << 16;

/** Undefined where processes cannot be forked. */
export function inChildHere(): InChild | undefined {
  let forks: Forks;
  try {
    forks = prepareForks();
  } catch {
    return undefined;
  }
  return async <Result>(work: () => Promise<Result>): Promise<Result> => {
    const [output, input] = forks.pipe();
    const pid = forks.fork();
    if (pid !== 0) {
      closeSync(input);
      const answer = readAll(output);
      closeSync(output);
      forks.statusOf(pid);
      // A child that ends without an answer has written the answer of the whole program.
      return answer.length === 0 ? forks.exit(0) : (deserialize(answer) as Result);
    }
    closeSync(output);
    forks.becomeChild();
    forks.endWithParent();
    becomeOwnProcess(forks, process.argv.slice(1));
    writeAll(input, serialize(await work()));
    return forks.exit(0);
  };
}

function readAll(descriptor: number): Buffer {
  const parts: Buffer[] = [];
  for (;;) {
    const part = Buffer.allocUnsafe(CHUNK_BYTES);
    const length = readSync(descriptor, part, 0, CHUNK_BYTES, null);
    if (length === 0) return Buffer.concat(parts);
    parts.push(part.subarray(0, length));
  }
}
