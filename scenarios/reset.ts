import { defineScenario, save } from '../harness/domain/scenario.ts';

export default defineScenario({
  name: 'reset',
  catches: 'a backup that brings back what was deleted on purpose',
  history: ({ value }) => ({ before: [save(value('A')), save(value('B'))], steps: [save({})] }),
});
