import { defineScenario, save, update } from '../harness/domain/scenario.ts';

export default defineScenario({
  name: 'update',
  catches: 'a failed read that is taken for an empty store, or for a reason to bring an older copy back',
  history: ({ value, added }) => ({ before: [save(value('A')), save(value('B'))], steps: [update(added('C'))] }),
});
