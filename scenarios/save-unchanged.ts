import { defineScenario, save } from '../harness/domain/scenario.ts';

export default defineScenario({
  name: 'save-unchanged',
  catches: 'a save that moves the file away and then skips its write: everything is lost without a crash',
  history: ({ value }) => ({ before: [save(value('A'))], steps: [save(value('A'))] }),
});
