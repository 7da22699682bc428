/**
 * `npm run calibrate`: checks the persistence profiles against the file systems of this kernel, by cutting real images. Needs root.
 *
 *   npm run calibrate -- [--runs N] [--seed N] [--only FS] [--stores none|few|all] [--write]
 *
 * Random histories run on a mounted image, which is cut after each call. Between calls, another file may be forced, the file system may
 * commit, everything may be synced, or one file's data may be written back. The built-in stores run under the tracer in the same way.
 * The profile must allow every tree that a cut leaves at that boundary; a history with a forbidden tree is shrunk and printed. `--write`
 * writes `reports/calibration.md`.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { withSession } from '../cli/session.ts';
import { replaceFile } from '../machine/replace-file.ts';
import { PROFILE_OF } from '../models/power-cut/held-to.ts';
import { PROFILES } from '../persistence/profiles.ts';
import { RECORDERS } from '../record/all.ts';
import type { FileSystemName } from '../record/image/file-systems.ts';
import { FILE_SYSTEMS } from '../record/image/file-systems.ts';
import { loadKernel } from '../record/image/kernel.ts';
import { findCommand, missingFor } from '../record/image/missing.ts';
import { readSnapshot } from '../record/image/snapshot.ts';
import { Templates } from '../record/image/templates.ts';
import { calibrateHistories } from './histories.ts';
import { type Calibration, reportOf } from './report.ts';
import { type CalibratedStores, calibrateStores, STORES } from './stores.ts';

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

const calibrated: Calibration[] = [];
let failed = false;
await withSession(RECORDERS.find(({ cuts }) => cuts)?.name, async (session) => {
  const templates = new Templates(session.workspace.directory('images'), path);
  const stores = new Map<FileSystemName, CalibratedStores>();
  const possible = names.filter((name) => {
    const missing = missingFor(FILE_SYSTEMS[name], path);
    if (missing !== undefined) calibrated.push({ name, missing });
    failed ||= missing !== undefined;
    return missing === undefined;
  });
  if (values.stores !== 'none') {
    const chosen = values.stores === 'all' ? STORES.all : STORES.few;
    for (const [name, checked] of await calibrateStores(session, templates, possible, chosen)) stores.set(name, checked);
  }
  const kernel = loadKernel();
  kernel.enterPrivateMounts(); // from here on, mounts of this process are invisible to others
  for (const name of possible) {
    const fileSystem = FILE_SYSTEMS[name];
    const image = await templates.of(fileSystem);
    const root = session.workspace.directory(name);
    mkdirSync(root, { recursive: true });
    const setup = { kernel, fileSystem, template: readSnapshot(kernel, image), root };
    const histories = calibrateHistories(setup, PROFILES[PROFILE_OF[name]], { runs, seed });
    // Not in the report, which must be reproducible.
    console.log(`${name}: ${histories.msPerImage.toFixed(1)} ms per image made and mounted`);
    const [command] = fileSystem.make;
    const { stdout, stderr } = spawnSync(findCommand(command, path) ?? command, ['-V'], { encoding: 'utf8' });
    const checked = stores.get(name);
    calibrated.push({ name, version: versionIn(stdout + stderr), histories, ...(checked && { stores: checked }) });
    for (const outside of [...histories.outside, ...(checked?.outside ?? [])]) {
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

/** Some mkfs print their version to stdout, mkfs.ext4 to stderr. */
function versionIn(output: string): string {
  return /\d+(?:\.\d+)+/.exec(output)?.[0] ?? 'unknown';
}
