import { defineScenario, save } from '../harness/domain/scenario.ts';

export default defineScenario({
  name: 'rotate-often',
  catches: 'backup retention that deletes the only good copy',
  history: ({ value }) => ({ before: [save(value('A'))], steps: ['B', 'C', 'D', 'E', 'F'].map((letter) => save(value(letter))) }),
});
