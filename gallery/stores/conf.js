/**
 * conf 16.0.0
 *
 * Says     "Changes are written to disk atomically, so if the process crashes during a write, it will not corrupt the
 *          existing config." (readme.md)
 * Read as  atomic under process-kill
 * Note     It writes through atomically. Where a rename fails with EXDEV it writes in place.
 */
import Conf from 'conf';

const open = (dir) => new Conf({ cwd: dir, accessPropertiesByDotNotation: false });

export default {
  save: (dir, value) => {
    open(dir).store = value;
  },
  load: (dir) => open(dir).store,
};
