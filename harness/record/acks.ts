/** The acknowledgements in what the processes of a program write to its standard output: each counts at the write that completes its line. */
import type { RawMark } from '../domain/events.ts';
import { mayAcknowledge, nameIn } from '../domain/program.ts';

export class Acks {
  /** Of the line that is not complete yet, as bytes; of one that can be no acknowledgement, its beginning. */
  #unfinished = '';
  #count = 0;

  /** The marks that a text would make. */
  marksIn(text: string): RawMark[] {
    const lines = `${this.#unfinished}${text}`.split('\n').slice(0, -1);
    const names = lines.map((line) => nameIn(Buffer.from(line, 'latin1').toString('utf8'))).filter((name) => name !== undefined);
    return names.map((name, index) => ({ kind: 'resolved', step: this.#count + index, name }));
  }

  take(text: string): RawMark[] {
    const marks = this.marksIn(text);
    const all = `${this.#unfinished}${text}`;
    const last = all.slice(all.lastIndexOf('\n') + 1);
    this.#unfinished = mayAcknowledge(last) ? last : last.slice(0, 'ack '.length);
    this.#count += marks.length;
    return marks;
  }
}
