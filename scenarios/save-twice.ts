import { defineScenario, save } from '../harness/domain/scenario.ts';

export default defineScenario({
  name: 'save-twice',
  catches: 'an acknowledged value that a crash in the next save loses',
  history: ({ value }) => ({ before: [save(value('A'))], steps: [save(value('B')), save(value('C'))] }),
});
