/**
 * What a save leaves on a file system that is really full: `npm run -s full-disk -- tmpfs write-file-atomic conf`.
 *
 * A small file system (tmpfs, ext4, or ext4-journal, which is ext4 with data=journal) is mounted where only this program sees it, and is gone
 * when it ends. There each store saves a value of some 20,000 bytes, a ballast file takes all room but for 12 KiB, and the store saves another
 * value of that size. Then a process that never saw the store loads it. Linux, root; ext4 also needs mkfs.ext4.
 *
 * With `--again` before the names, one process does all of that on a store that stays open, removes the ballast, saves the second value once more, and is
 * killed when that has settled.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SELF = fileURLToPath(import.meta.url);
const LEFT_BYTES = 12 * 1024;
const [task, ...rest] = process.argv.slice(2);

/** A value whose JSON has some 20,000 characters. */
const letterValue = (letter) => ({ letter, text: letter.repeat(20_000) });

const connect = async (name, dir) => {
  const { default: store } = await import(new URL(`stores/${name}.js`, import.meta.url));
  const handle = store.open === undefined ? dir : await store.open(dir);
  return {
    save: async (value) => (store.save === undefined ? store.set(handle, 'value', value) : store.save(handle, { value })),
    close: async () => store.close?.(handle),
    load: async () => (await store.load(handle)).value,
  };
};

async function settled(work) {
  try {
    await work();
    return 'resolved';
  } catch (error) {
    return `rejected (${error.code ?? error.message})`;
  }
}

const STEPS = {
  save: (name, dir, letter) =>
    settled(async () => {
      const store = await connect(name, dir);
      await store.save(letterValue(letter));
      await store.close();
    }),
  again: async (name, dir) => {
    const place = join(dir, '..');
    const store = await connect(name, dir);
    await store.save(letterValue('A'));
    fill(place);
    writeSync(1, `${await settled(() => store.save(letterValue('B')))}\n`);
    rmSync(join(place, 'ballast'));
    writeSync(1, await settled(() => store.save(letterValue('B'))));
    process.kill(process.pid, 'SIGKILL');
  },
  load: async (name, dir) => {
    try {
      const value = await (await connect(name, dir)).load();
      if (value === undefined) return 'nothing';
      return JSON.stringify(value) === JSON.stringify(letterValue(value.letter))
        ? `the ${value.letter === 'A' ? 'old' : 'new'} value`
        : 'a damaged value';
    } catch (error) {
      return `an error: ${error.message.split('\n')[0].replaceAll(dir, '').slice(0, 60)}`;
    }
  },
};

/** In a process of its own. */
const step = (...args) => spawnSync(process.execPath, [SELF, 'step', ...args], { encoding: 'utf8' }).stdout.trim();

const MOUNT_OPTIONS = { ext4: 'loop', 'ext4-journal': 'loop,data=journal' };

function mount(kind, place) {
  if (kind === 'tmpfs') {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'gallery', place]);
    return;
  }
  const options = MOUNT_OPTIONS[kind];
  if (options === undefined) throw new Error(`no file system ${kind}: tmpfs, ${Object.keys(MOUNT_OPTIONS).join(', ')}`);
  const image = `${place}.image`;
  writeFileSync(image, '');
  truncateSync(image, 16 << 20);
  execFileSync('mkfs.ext4', ['-q', '-F', '-m', '0', image]);
  execFileSync('mount', ['-o', options, image, place]);
}

/** Leaves so many bytes, in whole blocks. */
function fill(place) {
  const ballast = openSync(join(place, 'ballast'), 'w');
  for (;;) {
    const { bavail, bsize } = statfsSync(place);
    const room = bavail * bsize - LEFT_BYTES;
    if (room <= 0) break;
    writeSync(ballast, Buffer.alloc(Math.min(room, 1 << 16)));
  }
  fsyncSync(ballast);
  closeSync(ballast);
}

function tryStore(name, kind, root, isAgain) {
  const place = join(root, name);
  mkdirSync(place);
  mount(kind, place);
  try {
    const dir = join(place, 'store');
    mkdirSync(dir);
    const saveTwice = () => {
      step('save', name, dir, 'A');
      fill(place);
      return [step('save', name, dir, 'B')];
    };
    const [ended, again = 'never settled'] = isAgain ? step('again', name, dir).split('\n') : saveTwice();
    const found = step('load', name, dir);
    const files = readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isFile());
    const sizes = files.map((entry) => `${entry.name} ${statSync(join(dir, entry.name)).size.toLocaleString('en')} bytes`);
    return { store: name, save: ended, ...(isAgain && { again }), load: found, files: sizes };
  } finally {
    execFileSync('umount', [place]);
  }
}

if (task === 'step') {
  const [what, ...args] = rest;
  process.stdout.write(`${await STEPS[what](...args)}\n`);
} else if (task === 'mounted') {
  const [root, kind, ...names] = rest;
  const isAgain = names[0] === '--again';
  for (const name of names.slice(isAgain ? 1 : 0)) process.stdout.write(`${JSON.stringify(tryStore(name, kind, root, isAgain))}\n`);
} else {
  const root = mkdtempSync(join(tmpdir(), 'gallery-full-disk-'));
  try {
    const args = ['--mount', '--propagation', 'private', process.execPath, SELF, 'mounted', root, task, ...rest];
    const { status } = spawnSync('unshare', args, { stdio: 'inherit' });
    process.exitCode = status ?? 1;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
