/** The unit tier without what takes seconds (see `lab/thorough.ts`), for `npm run test:unit` and `test:watch`. */
import { configOf } from './vitest.config.ts';

export default configOf({ thorough: false });
