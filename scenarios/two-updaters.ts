import { defineScenario, save, update } from '../harness/domain/scenario.ts';

export default defineScenario({
  name: 'two-updaters',
  catches: 'lost updates: both tasks read before either saves',
  history: ({ value, added }) => ({
    before: [save(value('A'))],
    tasks: [
      { name: 'updater A', steps: [update(added('B'))] },
      { name: 'updater B', steps: [update(added('C'))] },
    ],
  }),
});
