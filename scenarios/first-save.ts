import { defineScenario, save } from '../harness/domain/scenario.ts';

export default defineScenario({
  name: 'first-save',
  catches: 'half-created stores',
  history: ({ value }) => ({ steps: [save(value('A'))] }),
});
