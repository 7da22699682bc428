/**
 * jsonfile 6.2.1
 *
 * Says     nothing of crashes, power cuts or full disks
 * Note     A convenience around `fs.writeFile`, and it does not say that it is more.
 */
import jsonfile from 'jsonfile';

export default {
  save: (dir, value) => jsonfile.writeFile(`${dir}/data.json`, value),
  load: (dir) => jsonfile.readFile(`${dir}/data.json`),
};
