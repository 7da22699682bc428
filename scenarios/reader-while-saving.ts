import { defineScenario, load, save, saveLoaded } from '../harness/domain/scenario.ts';

export default defineScenario({
  name: 'reader-while-saving',
  catches: 'a reader that meets the window of a save, and saves the empty store that it found',
  history: ({ value }) => ({
    before: [save(value('A'))],
    tasks: [
      { name: 'saver', steps: [save(value('B'))] },
      { name: 'reader', steps: [load(), saveLoaded()] },
    ],
  }),
});
