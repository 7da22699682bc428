import { defineScenario } from '../harness/domain/scenario.ts';

export default defineScenario({
  name: 'histories',
  catches: 'bugs that no fixed scenario shows: random histories, shrunk to the fewest steps',
  history: () => ({ generated: true }),
});
