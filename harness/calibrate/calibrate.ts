/**
 * `npm run calibrate`: holds the persistence profiles against the file systems of this kernel, by cutting real images. Needs root.
 *
 *   npm run calibrate -- [--runs N] [--seed N] [--only FS] [--stores none|few|all] [--write]
 *
 * Random histories are made on a mounted image, which is cut after each call, and disturbed here and there: another file is forced, the
 * file system commits, everything is synced, one file's data is written. The built-in stores run under the tracer in the same way. Every
 * tree that was found must be one that the profile allows at that boundary; a history with one that is not is shrunk and printed.
 * `--write` writes `reports/calibration.md`.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { withSession } from '../cli/session.ts';
import { type FileSystemName, PROFILE_OF } from '../domain/models.ts';
import { replaceFile } from '../machine/replace-file.ts';
import { findCommand, missingFor } from '../models/power-cut/missing.ts';
import { Templates } from '../models/power-cut/templates.ts';
import { PROFILES } from '../persistence/profiles.ts';
import { RECORDERS } from '../record/all.ts';
import { FILE_SYSTEMS } from '../record/image/file-systems.ts';
import { loadKernel } from '../record/image/kernel.ts';
import { readSnapshot } from '../record/image/snapshot.ts';
import { holdHistories } from './histories.ts';
import { type Calibrated, reportOf } from './report.ts';
import { type HeldStores, holdStores, STORES } from './stores.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    stores: { type: 'string', default: 'few' },
    write: { type: 'boolean', default: false },
  },
});
const [runs, seed] = [Number(values.runs), Number(values.seed)];
const path = process.env.PATH ?? '';
const names = (Object.keys(FILE_SYSTEMS) as FileSystemName[]).filter((name) => values.only === undefined || name === values.only);

const calibrated: Calibrated[] = [];
let failed = false;
await withSession(RECORDERS.find(({ cuts }) => cuts)?.name, async (session) => {
  const templates = new Templates(session.workspace.directory('images'), path);
  const stores = new Map<FileSystemName, HeldStores>();
  const possible = names.filter((name) => {
    const missing = missingFor(FILE_SYSTEMS[name], path);
    if (missing !== undefined) calibrated.push({ name, missing });
    failed ||= missing !== undefined;
    return missing === undefined;
  });
  if (values.stores !== 'none') {
    const chosen = values.stores === 'all' ? STORES.all : STORES.few;
    for (const [name, held] of await holdStores(session, templates, possible, chosen)) stores.set(name, held);
  }
  const kernel = loadKernel();
  kernel.enterPrivateMounts(); // from here on, what this process mounts is seen by nobody else
  for (const name of possible) {
    const fileSystem = FILE_SYSTEMS[name];
    const image = await templates.of(fileSystem);
    const root = session.workspace.directory(name);
    mkdirSync(root, { recursive: true });
    const lab = { kernel, fileSystem, template: readSnapshot(kernel, image), root };
    const histories = holdHistories(lab, PROFILES[PROFILE_OF[name]], { runs, seed });
    // Not in the report, which is to be the same on another day.
    console.log(`${name}: ${histories.msPerImage.toFixed(1)} ms per image made and mounted`);
    const [command] = fileSystem.make;
    const { stdout, stderr } = spawnSync(findCommand(command, path) ?? command, ['-V'], { encoding: 'utf8' });
    const held = stores.get(name);
    calibrated.push({ name, version: versionIn(stdout + stderr), histories, ...(held && { stores: held }) });
    for (const outside of [...histories.outside, ...(held?.outside ?? [])]) {
      failed = true;
      console.log(`\n${outside}`);
    }
  }
});

const command = ['npm run calibrate --', ...process.argv.slice(2)].join(' ');
const report = reportOf(calibrated, { kernel: release().split('-')[0] ?? '', runs, seed, command });
console.log(report);
if (values.write) await replaceFile(join(import.meta.dirname, '../../reports/calibration.md'), report);
process.exitCode = failed ? 1 : 0;

/** mkfs.ext4 tells its version on the other stream. */
function versionIn(told: string): string {
  return /\d+(?:\.\d+)+/.exec(told)?.[0] ?? 'unknown';
}
