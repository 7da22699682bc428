import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allows } from '../../../harness/calibrate/allows.ts';
import type { Trace, Tree } from '../../../harness/domain/trace.ts';
import { cutRun, forcePoints } from '../../../harness/models/power-cut/cut-run.ts';
import { PROFILE_OF } from '../../../harness/models/power-cut/held-to.ts';
import { powerCutAt, powerCuts } from '../../../harness/models/power-cut/power-cut.ts';
import { PROFILES } from '../../../harness/persistence/profiles.ts';
import { FILE_SYSTEMS, type FileSystem, type FileSystemName } from '../../../harness/record/image/file-systems.ts';
import { storeDirectoryOn } from '../../../harness/record/image/live-image.ts';
import { findCommand, missingFor } from '../../../harness/record/image/missing.ts';
import { Templates } from '../../../harness/record/image/templates.ts';
import type { ForcePoint } from '../../../harness/record/recorder.ts';
import { kernelSays } from '../../lab/processes.ts';
import { noPtrace, openTracing, recorded, type StoreText, type Tracing } from '../../record/ptrace/tracing.ts';

const PATH = process.env.PATH ?? '';
/** Undefined where power cuts can be made on it; else why not, for the name of the test that is skipped. */
const whyNot = (name: FileSystemName): string | undefined => noPtrace ?? missingFor(FILE_SYSTEMS[name], PATH);
const on = (name: FileSystemName): string => (whyNot(name) === undefined ? `on ${name}` : `on ${name} (skipped: ${whyNot(name)})`);

let lab: Tracing;
let templates: Templates;
beforeAll(async () => {
  if (noPtrace !== undefined) return;
  lab = await openTracing();
  const images = join(lab.root, 'images');
  mkdirSync(images);
  templates = new Templates(images, PATH);
});
afterAll(() => lab?.close());

const BEFORE = `fs.writeFileSync(at('live'), 'old');`;
const WRITE_TEMP = `fs.writeFileSync(at('temp'), 'new');`;
const WRITE_TEMP_SYNCED = `const fd = fs.openSync(at('temp'), 'w'); fs.writeSync(fd, 'new'); fs.fsyncSync(fd); fs.closeSync(fd);`;
const RENAME = `fs.renameSync(at('temp'), at('live'));`;
const SYNC_DIRECTORY = `const folder = fs.openSync(at('.'), 'r'); fs.fsyncSync(folder); fs.closeSync(folder);`;

const UNSYNCED: StoreText = { before: BEFORE, save: WRITE_TEMP + RENAME };
const SYNCED: StoreText = { before: BEFORE, save: WRITE_TEMP_SYNCED + RENAME };
const ROTATING: StoreText = { before: BEFORE, save: `${WRITE_TEMP} fs.renameSync(at('live'), at('bak')); ${RENAME}` };
const HARDENED: StoreText = { before: BEFORE, save: WRITE_TEMP_SYNCED + RENAME + SYNC_DIRECTORY };
const UNLINKING: StoreText = { before: BEFORE, save: `fs.unlinkSync(at('live')); ${WRITE_TEMP_SYNCED}` };
/** Overwrites through a descriptor that forces what is written. */
const FORCED_WRITE: StoreText = {
  before: BEFORE,
  save: `const { O_WRONLY, O_DSYNC } = fs.constants; const fd = fs.openSync(at('live'), O_WRONLY | O_DSYNC);
    fs.writeSync(fd, 'new'); fs.closeSync(fd);`,
};
const IN_PLACE: StoreText = { before: BEFORE, save: `fs.writeFileSync(at('live'), 'new');` };

/** What a cut run of a store needs on a file system. */
async function requestFor(store: StoreText, name: FileSystemName) {
  const { request, recording } = await lab.record(store);
  const fileSystem = FILE_SYSTEMS[name];
  const template = await templates.of(fileSystem);
  return { recorder: lab.recorder, recording: recorded(recording), fileSystem, template, prepare: request.prepare };
}

function textIn(tree: Tree | undefined, path: string): string {
  const entry = tree?.get(path);
  return entry?.kind === 'file' ? Buffer.from(entry.bytes).toString() || 'empty' : 'missing';
}

const lastOp = ({ ops }: Trace): number => ops.length;

const COMMITTED: { readonly [name in FileSystemName]: ForcePoint['how'] } = {
  ext4: 'commit',
  'ext4-noauto': 'commit',
  'ext4-writeback': 'commit',
  'ext4-journal': 'commit',
  xfs: 'commit',
  btrfs: 'fsync',
};

describe.each([
  [
    'write temp, rename',
    UNSYNCED,
    { ext4: 'new', 'ext4-noauto': 'empty', 'ext4-writeback': 'new', 'ext4-journal': 'new', xfs: 'empty', btrfs: 'old' },
  ],
  [
    'write temp, fsync, rename',
    SYNCED,
    { ext4: 'new', 'ext4-noauto': 'new', 'ext4-writeback': 'new', 'ext4-journal': 'new', xfs: 'new', btrfs: 'new' },
  ],
  [
    'rename live away, write temp, rename',
    ROTATING,
    { ext4: 'empty', 'ext4-noauto': 'empty', 'ext4-writeback': 'empty', 'ext4-journal': 'new', xfs: 'empty', btrfs: 'old' },
  ],
  [
    'write in place',
    IN_PLACE,
    { ext4: 'new', 'ext4-noauto': 'empty', 'ext4-writeback': 'new', 'ext4-journal': 'new', xfs: 'new', btrfs: 'old' },
  ],
] as const)('%s, another file forced, power cut', (_, store, found) => {
  test.each((Object.keys(FILE_SYSTEMS) as FileSystemName[]).map((name) => [on(name), name] as const))('%s', async (_, name) => {
    if (whyNot(name) !== undefined) return;
    const request = await requestFor(store, name);
    const end = lastOp(request.recording.trace);
    const state = await powerCutAt(request, end, { at: end, how: COMMITTED[name] });
    expect('tree' in state ? textIn(state.tree, 'live') : state.reason).toBe(found[name]);
  });
});

describe('after a save that returned', () => {
  const names = ['ext4', 'xfs', 'btrfs'] as const;
  test.each(names.flatMap((name) => [[on(name), name] as const]))('the new value is there at once with fsync(dir), %s', async (_, name) => {
    if (whyNot(name) !== undefined) return;
    const request = await requestFor(HARDENED, name);
    const all = await powerCuts(request);
    if ('reason' in all) throw new Error(all.reason);
    const { trace } = request.recording;
    expect(all.states.filter(({ boundary }) => boundary === lastOp(trace)).map(({ tree }) => textIn(tree, 'live'))).toEqual(['new']);
    expect(all.runs).toBe(1 + forcePoints(trace, request.fileSystem.forcings).length);
    expect(all.images).toBeLessThan(all.cuts);
    // Before: the old value or the new one, never anything else.
    expect(new Set(all.states.map(({ tree }) => textIn(tree, 'live')))).toEqual(new Set(['old', 'new']));
    for (const { boundary, tree } of all.states) expect(allows(trace, PROFILES[PROFILE_OF[name]], boundary, tree)).toBe(true);
  });
});

test.each((['ext4', 'ext4-journal', 'xfs', 'btrfs'] as const).map((name) => [on(name), name] as const))(
  'what is written through a descriptor with O_DSYNC is there at once, %s',
  async (_, name) => {
    if (whyNot(name) !== undefined) return;
    const request = await requestFor(FORCED_WRITE, name);
    const { trace } = request.recording;
    const all = await powerCuts(request);
    if ('reason' in all) throw new Error(all.reason);
    const [profile, end] = [PROFILES[PROFILE_OF[name]], lastOp(trace)];
    expect(all.states.filter(({ boundary }) => boundary === end).map(({ tree }) => textIn(tree, 'live'))).toEqual(['new']);
    for (const { boundary, tree } of all.states) expect(allows(trace, profile, boundary, tree)).toBe(true);
    expect(allows(trace, profile, end, trace.trees[0] ?? new Map())).toBe(false);
  },
);

describe('a profile that promises more than the file system keeps', () => {
  test.each([
    [on('xfs'), 'xfs', 'a rename flushes', { ...PROFILES.xfs, renameOver: 'flushed' }, UNSYNCED, 'commit'],
    [on('ext4-noauto'), 'ext4-noauto', 'a rename flushes', PROFILES.ext4, UNSYNCED, 'commit'],
    [on('btrfs'), 'btrfs', 'an fsync brings all names before it', { ...PROFILES.btrfs, fsyncFile: 'log' }, UNLINKING, undefined],
  ] as const)('is contradicted by a cut, %s', async (_, name, what, planted, store, how) => {
    if (whyNot(name) !== undefined) return;
    const request = await requestFor(store, name);
    const { trace } = request.recording;
    const run = await cutRun(request, how && { at: lastOp(trace), how });
    if ('reason' in run) throw new Error(run.reason);
    const tree = run.trees.at(-1) ?? new Map();
    const profile = PROFILES[PROFILE_OF[name]];
    expect(allows(trace, profile, lastOp(trace), tree)).toBe(true);
    expect(allows(trace, planted, lastOp(trace), tree), what).toBe(false);
  });
});

describe('what is mounted', () => {
  const HANGING: StoreText = {
    before: BEFORE,
    save: `fs.writeFileSync(at('a'), 'x'); await new Promise((done) => setTimeout(done, 60_000));`,
  };

  /** The loop devices mounted below a directory, as a process sees them. */
  const loopsBelow = (root: string, pid: number | 'self'): string[] =>
    kernelSays(pid, 'mountinfo')
      .split('\n')
      .filter((line) => line.includes(` ${root}/`))
      .flatMap((line) => / \/dev\/(loop\d+) /.exec(line)?.slice(1) ?? []);
  /** 0 while nobody has attached to it, and when it is gone. */
  const tracerOf = (pid: number): number => Number(/^TracerPid:\s*(\d+)/m.exec(kernelSays(pid, 'status'))?.[1] ?? 0);
  const isFree = (loop: string): boolean => !readdirSync(`/sys/block/${loop}`).includes('loop');
  /** Another number when somebody else has the device. */
  const useOf = (loop: string): string => readFileSync(`/sys/block/${loop}/diskseq`, 'latin1');
  const until = async (what: () => boolean): Promise<void> => {
    while (!what()) await new Promise((done) => setTimeout(done, 5));
  };

  test(`is seen by nobody else, and goes with the tracer, however that ends ${on('ext4')}`, async () => {
    if (whyNot('ext4') !== undefined) return;
    const own = await openTracing();
    const { prepare } = own.runs(HANGING);
    const run = prepare();
    const { type, mountOptions, bytes } = FILE_SYSTEMS.ext4;
    const template = await templates.of(FILE_SYSTEMS.ext4);
    const image = { root: run.directory, template, type, mountOptions, bytes };
    const order = ['open a [write create truncate]', 'write a', 'close a'];
    const plan = { kind: 'cut', order, names: [], image } as const;
    const before = new Set(own.processes());
    const report = own.recorder.run({ ...run, directory: storeDirectoryOn(run.directory), plan }).catch((error: Error) => error.message);
    // The tracer of the store that it started. One that is killed before it has attached to a child leaves that to the workspace.
    const tracers = (): number[] =>
      own
        .processes()
        .filter((pid) => loopsBelow(run.directory, pid).length > 0)
        .map(tracerOf)
        .filter((pid) => pid > 0);
    await until(() => tracers().length > 0);
    const [tracer = 0] = tracers();
    expect(before.has(tracer)).toBe(true);
    const loops = loopsBelow(run.directory, tracer);
    expect(loops).toHaveLength(1);
    expect(loops.filter(isFree)).toEqual([]);
    const uses = loops.map(useOf);
    expect(loopsBelow(run.directory, 'self')).toEqual([]);
    process.kill(tracer, 'SIGKILL');
    expect(await report).toMatch(/the tracer ended \(SIGKILL\)/);
    await until(() => loops.every((loop, index) => isFree(loop) || useOf(loop) !== uses[index]));
    expect(readdirSync(run.directory)).toEqual([]);
    await own.close();
  });

  test(`an image that cannot be mounted fails its run, not the tracer ${on('ext4')}`, async () => {
    if (whyNot('ext4') !== undefined) return;
    const request = await requestFor(UNSYNCED, 'ext4');
    const broken = { ...request, fileSystem: { ...FILE_SYSTEMS.ext4, mountOptions: 'no_such_option' } };
    await expect(cutRun(broken, undefined)).rejects.toThrow('mounting ext4 at');
    expect(await cutRun(request, undefined)).not.toHaveProperty('reason');
  });
});

describe('what is missing is said', () => {
  test.skipIf(process.platform !== 'linux' || process.getuid?.() !== 0)('by its command and package, or as the kernel’s', () => {
    const other: FileSystem = { ...FILE_SYSTEMS.xfs, make: ['mkfs.nowhere'], package: 'nowhere-progs' };
    expect(missingFor(other, PATH)).toMatch(/^(missing: mkfs\.nowhere, package nowhere-progs|there are no loop devices .*|this .*)$/);
    expect(missingFor({ ...other, type: 'nofs' as 'xfs' }, PATH)).toMatch(
      /^(this kernel has no nofs|there are no loop devices .*|this .*)$/,
    );
    expect(findCommand('sh', PATH)).toMatch(/\/sh$/);
  });
});
