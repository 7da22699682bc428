import { defineScenario, save } from '../harness/domain/scenario.ts';

export default defineScenario({
  name: 'replace',
  catches: 'the crash window of a save that replaces (for the session store: rotates and replaces)',
  history: ({ value }) => ({ before: [save(value('A'))], steps: [save(value('B'))] }),
});
