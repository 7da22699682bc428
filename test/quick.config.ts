/** The unit tier without what takes seconds (see `lab/thorough.ts`), for `npm run test:unit` and `test:watch`. */
import { configOf } from './vitest.config.ts';

const config = configOf({ thorough: false });

// Half of a quick run would be the transformation of modules that have not changed.
export default { ...config, test: { ...config.test, experimental: { fsModuleCache: true } } };
