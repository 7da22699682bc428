/**
 * keyv-file 5.3.5, with keyv 6.1.0
 *
 * Says     nothing of crashes, power cuts or full disks
 * Note     All keys are one file, written in place.
 */
import Keyv from 'keyv';
import { KeyvFile } from 'keyv-file';

export default {
  open: (dir) => new Keyv({ store: new KeyvFile({ filename: `${dir}/keyv.json` }) }),
  set: (keyv, key, value) => keyv.set(key, value),
  delete: (keyv, key) => keyv.delete(key),
  load: async (keyv) => {
    const all = {};
    for await (const [key, value] of keyv.iterator()) all[key] = value;
    return all;
  },
  close: (keyv) => keyv.disconnect(),
};
