/**
 * fs-extra 11.4.1
 *
 * Says     nothing of crashes, power cuts or full disks
 * Note     `outputJson` is jsonfile and a `mkdir`.
 */
import fs from 'fs-extra';

export default {
  save: (dir, value) => fs.outputJson(`${dir}/data.json`, value),
  load: (dir) => fs.readJson(`${dir}/data.json`),
};
