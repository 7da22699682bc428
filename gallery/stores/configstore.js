/**
 * configstore 8.0.0
 *
 * Says     "Clear the config file if it contains invalid JSON. If set to `false`, a `SyntaxError` will be thrown instead
 *          of clearing the file." (readme.md)
 * Read as  nothing definite
 * Note     It writes through atomically. What cannot be parsed is cleared by the next read, unless `clearInvalidConfig`
 *          is `false`.
 */
import Configstore from 'configstore';

const open = (dir) => new Configstore('gallery', {}, { configPath: `${dir}/config.json` });

export default {
  save: (dir, value) => {
    open(dir).all = value;
  },
  load: (dir) => open(dir).all,
};
