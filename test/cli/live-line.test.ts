import { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { liveLine, withLiveLine } from '../../harness/cli/live-line.ts';
import type { Progress } from '../../harness/domain/progress.ts';
import { cellAndCases } from '../report/fixture.ts';

/** A stream that remembers what was written to it. */
class Screen extends Writable {
  readonly columns: number;
  readonly isTTY: boolean;
  written = '';
  constructor(isTTY: boolean, columns = 100) {
    super();
    this.isTTY = isTTY;
    this.columns = columns;
  }
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.written += chunk.toString();
    done();
  }
  readonly cursorTo = (): boolean => true;
  readonly clearLine = (): boolean => true;
  readonly moveCursor = (): boolean => true;
  /** What the methods that are used of a terminal have in common with this one. */
  get asTerminal(): NodeJS.WriteStream {
    return this as unknown as NodeJS.WriteStream;
  }
}

const doneWith = (violations: number) => cellAndCases({ store: 'in-place', scenario: 'replace', runs: 'o*1', violations });

const events: readonly Progress[] = [
  { kind: 'cell-started', store: 'rename-away', scenario: 'replace', model: 'process-kill', done: 0, of: 2 },
  { kind: 'cell-recorded', points: 40, states: 12 },
  { kind: 'state-judged', done: 12, of: 12 },
  { kind: 'cell-done', done: 1, of: 2, ...doneWith(3) },
  { kind: 'cell-started', store: 'in-place', scenario: 'replace', model: 'process-kill', done: 1, of: 2 },
  { kind: 'state-judged', done: 4, of: 6 },
];
const last: Progress = { kind: 'cell-done', done: 2, of: 2, ...doneWith(1) };

test('on a terminal, one line that counts cells, kills, violations and seconds', async () => {
  const screen = new Screen(true);
  let time = 0;
  const line = await liveLine({ stream: screen.asTerminal, colors: false, now: () => time });
  time = 12_000;
  for (const event of events) line.update(event);
  line.stop();
  line.update(last);
  line.stop();
  line.stop();
  const frames = stripVTControlCharacters(screen.written);
  expect(frames).toContain('rename-away / replace / process-kill  recording · 0 of 2 cells · 0 violations · 12 s');
  expect(frames).toContain('in-place / replace / process-kill  4/6 states · 2 of 2 cells · 4 violations · 12 s');
  expect(screen.written).not.toContain('\n');
});

test('the line never wraps', async () => {
  const screen = new Screen(true, 30);
  const line = await liveLine({ stream: screen.asTerminal, colors: false, now: () => 0 });
  for (const event of events) line.update(event);
  line.stop();
  expect(stripVTControlCharacters(screen.written)).toMatch(/^. {2}rename-away \/ replace \/ pr$/);
});

test.each([true, false])('the cursor is never hidden, and nothing goes on after work that throws (terminal: %s)', async (isTTY) => {
  const screen = new Screen(isTTY);
  const write = screen.write;
  const work = withLiveLine({ stream: screen.asTerminal, colors: false, now: () => 0 }, async (line) => {
    for (const event of events) line.update(event);
    throw new Error('stopped');
  });
  await expect(work).rejects.toThrow('stopped');
  expect(screen.written).not.toContain('\u001b[?25l');
  expect(screen.write).toBe(write);
});

test.each([
  ['elsewhere', () => new Screen(false)],
  ['on a terminal without a width', () => new Screen(true, 0)],
])('%s, a line every ten seconds, and only of a long run', async (_, open) => {
  const listed = async (elapsed: number): Promise<string> => {
    const screen = open();
    let time = 0;
    const line = await liveLine({ stream: screen.asTerminal, colors: false, now: () => time });
    time = elapsed;
    for (const event of [...events, last]) line.update(event);
    line.stop();
    return screen.written;
  };
  expect(await listed(1_000)).toBe('');
  expect(await listed(12_000)).toBe('rename-away / replace / process-kill  1 of 2 cells · 3 violations · 12 s\n');
});
