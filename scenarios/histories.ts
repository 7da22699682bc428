import { defineScenario } from '../harness/domain/scenario.ts';

export default defineScenario({
  name: 'histories',
  catches: 'what nobody thought of: random histories, shrunk to the few steps that it takes',
  history: () => ({ generated: true }),
});
