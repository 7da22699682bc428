import { defineScenario, save, update } from '../harness/domain/scenario.ts';

export default defineScenario({
  name: 'update',
  catches: 'a failed read that is taken for an empty store and saved',
  history: ({ value, added }) => ({ before: [save(value('A'))], steps: [update(added('B'))] }),
});
