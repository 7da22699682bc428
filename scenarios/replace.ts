import { defineScenario, save } from '../harness/domain/scenario.ts';

export default defineScenario({
  name: 'replace',
  catches: 'the crash window of a save over an earlier value (in the session store: rotate, then replace)',
  plain: true,
  history: ({ value }) => ({ before: [save(value('A'))], steps: [save(value('B'))] }),
});
