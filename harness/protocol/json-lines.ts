/** JSON lines between processes, for programs that read and write outside of the event loop. */
import { readSync, writeSync } from 'node:fs';

/** Shared: what is read is taken over before the next read. */
const CHUNK = Buffer.alloc(1 << 16);

/** Puts lines together from the parts in which they arrive. */
export class Lines {
  #partial = '';

  /** The lines that these bytes complete. */
  take(bytes: Buffer): string[] {
    const lines = (this.#partial + bytes.toString('latin1')).split('\n'); // latin1: a read may end within a letter
    this.#partial = lines.pop() ?? '';
    return lines.map((line) => Buffer.from(line, 'latin1').toString());
  }
}

export class JsonLines<Message> {
  readonly #descriptor: number;
  readonly #lines = new Lines();

  /** Default: standard input. */
  constructor(descriptor = 0) {
    this.#descriptor = descriptor;
  }

  /** Waits for input. Returns the messages that it completes, or undefined at the end of the input. */
  read(): Message[] | undefined {
    const length = readSync(this.#descriptor, CHUNK, 0, CHUNK.length, null);
    if (length === 0) return undefined;
    return this.#lines.take(CHUNK.subarray(0, length)).map((line) => JSON.parse(line) as Message);
  }
}

/** Also where the kernel takes a part at a time. */
export function writeAll(descriptor: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
}

export function writeJsonLine(descriptor: number, message: object): void {
  writeAll(descriptor, Buffer.from(`${JSON.stringify(message)}\n`));
}
