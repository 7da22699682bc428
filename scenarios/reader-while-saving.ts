import { defineScenario, load, save, saveLoaded } from '../harness/domain/scenario.ts';

export default defineScenario({
  name: 'reader-while-saving',
  catches: 'a reader that loads an empty store in the middle of a save, and saves it',
  history: ({ value }) => ({
    before: [save(value('A'))],
    tasks: [
      { name: 'saver', steps: [save(value('B'))] },
      { name: 'reader', steps: [load(), saveLoaded()] },
    ],
  }),
});
