/** All tests, and all that they can enumerate (see `lab/depth.ts`): for the night, by `npm run test:deep`. */
import { configOf } from './vitest.config.ts';

export default configOf('deep');
