import { defineScenario, save } from '../harness/domain/scenario.ts';

export default defineScenario({
  name: 'reset',
  catches: 'a backup that restores data deleted on purpose',
  history: ({ value }) => ({ before: [save(value('A')), save(value('B'))], steps: [save({})] }),
});
