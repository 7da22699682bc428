import { defineScenario, save } from '../harness/domain/scenario.ts';

export default defineScenario({
  name: 'save-unchanged',
  catches: 'a save that puts the file aside and then skips its write: all is lost, with no crash',
  history: ({ value }) => ({ before: [save(value('A'))], steps: [save(value('A'))] }),
});
