/** The unit tier without what takes seconds (see `lab/depth.ts`), for `npm run test:unit` and `test:watch`. */
import { configOf } from './vitest.config.ts';

export default configOf('quick');
