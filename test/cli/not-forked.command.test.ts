/** What a run says of a store whose runs it cannot fork. */
import { afterAll, expect, test } from 'vitest';
import { openPlace, TEN_LINES } from '../lab/command.ts';
import { noPtrace } from '../record/ptrace/tracing.ts';

const place = openPlace();
afterAll(() => place.close());

test.skipIf(noPtrace !== undefined || process.arch !== 'x64')('a store that cannot be forked is named once, with the reason', async () => {
  place.write({ 'ten.cjs': TEN_LINES, 'timer.cjs': `setInterval(() => {}, 1000).unref();\n${TEN_LINES}` });
  const run = ['run', '--store', './ten.cjs,./timer.cjs', '--scenario', 'first-save,replace', '--model', 'process-kill', '--depth', '1'];
  const { stderr } = await place.run(run);
  const notes = stderr.split('\n').filter((line) => line.includes('for each run'));
  expect(notes).toEqual(['timer: Node is started again for each run, because its import starts timers or other work']);
});
