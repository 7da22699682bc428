import { defineScenario, save } from '../harness/scenario/define.ts';

export default defineScenario({
  name: 'first-save',
  catches: 'half-created stores',
  history: ({ value }) => ({ steps: [save(value('A'))] }),
});
