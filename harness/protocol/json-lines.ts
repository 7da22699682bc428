/** JSON lines on standard input, for programs that wait for them outside of the event loop. */
import { readSync } from 'node:fs';

const MOST_BYTES = 1 << 16;

export class JsonLines<Message> {
  readonly #input = Buffer.alloc(MOST_BYTES);
  #partial = '';

  /** Waits for input. Returns the messages that it completes, or undefined at the end of the input. */
  read(): Message[] | undefined {
    const length = readSync(0, this.#input, 0, MOST_BYTES, null);
    if (length === 0) return undefined;
    const lines = (this.#partial + this.#input.toString('latin1', 0, length)).split('\n'); // latin1: a read may end within a letter
    this.#partial = lines.pop() ?? '';
    return lines.map((line) => JSON.parse(Buffer.from(line, 'latin1').toString()) as Message);
  }
}
