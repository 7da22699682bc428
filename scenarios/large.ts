import { defineScenario, save } from '../harness/domain/scenario.ts';

/** Enough pages for a torn write to have a beginning, a middle and an end. */
const PAGES = 5;

export default defineScenario({
  name: 'large',
  catches: 'torn and partly copied files',
  history: ({ value }) => ({ before: [save(value('A', { pages: PAGES }))], steps: [save(value('B', { pages: PAGES }))] }),
});
