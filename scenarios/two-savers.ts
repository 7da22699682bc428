import { defineScenario, save } from '../harness/domain/scenario.ts';

export default defineScenario({
  name: 'two-savers',
  catches: 'shared temp names, and locks that are never released',
  history: ({ value }) => ({
    before: [save(value('A'))],
    tasks: [
      { name: 'saver A', steps: [save(value('B'))] },
      { name: 'saver B', steps: [save(value('C'))] },
    ],
  }),
});
