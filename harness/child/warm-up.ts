/**
 * Calls what stores usually call of Node, once, where it changes nothing. Node's own functions are compiled when they are first called: every
 * child that is forked before that would compile them again.
 *
 * Nothing is called here that draws random numbers, because children would share what Node keeps of them.
 */
import fs from 'node:fs';

/** Reads as an empty file, takes what is written, and keeps nothing. */
const NOTHING = '/dev/null';
/** Can be neither found nor made. */
const NOWHERE = `${NOTHING}/nowhere`;

export async function warmUp(): Promise<void> {
  for (const call of synchronous) quietly(call);
  for (const call of promised) await call().catch(() => {});
  await theEventLoop();
}

const synchronous: readonly (() => unknown)[] = [
  () => {
    const descriptor = fs.openSync(NOTHING, 'r+');
    for (const call of [fs.fstatSync, fs.fsyncSync, fs.fdatasyncSync, fs.ftruncateSync]) quietly(() => call(descriptor));
    fs.writeSync(descriptor, 'x');
    fs.writeSync(descriptor, Buffer.from('x'));
    fs.readSync(descriptor, Buffer.alloc(1));
    fs.closeSync(descriptor);
  },
  () => fs.readFileSync(NOTHING, 'utf8'),
  () => fs.readFileSync(NOTHING),
  () => fs.readFileSync(NOWHERE, 'utf8'),
  () => fs.writeFileSync(NOTHING, 'x'),
  () => fs.appendFileSync(NOTHING, 'x'),
  () => fs.existsSync(NOTHING),
  () => fs.accessSync(NOTHING),
  () => fs.statSync(NOTHING).isFile(),
  () => fs.lstatSync(NOWHERE),
  () => fs.readdirSync(NOWHERE),
  () => fs.renameSync(NOWHERE, NOWHERE),
  () => fs.linkSync(NOWHERE, NOWHERE),
  () => fs.copyFileSync(NOWHERE, NOWHERE),
  () => fs.unlinkSync(NOWHERE),
  () => fs.mkdirSync(NOWHERE, { recursive: true }),
  () => fs.rmSync(NOWHERE, { force: true }),
];

const promised: readonly (() => Promise<unknown>)[] = [
  async () => {
    const file = await fs.promises.open(NOTHING, 'r+');
    for (const call of [() => file.stat(), () => file.sync(), () => file.datasync(), () => file.truncate()]) await call().catch(() => {});
    await file.write('x');
    await file.writeFile('x');
    await file.readFile('utf8');
    await file.close();
  },
  () => fs.promises.readFile(NOTHING, 'utf8'),
  () => fs.promises.readFile(NOTHING),
  () => fs.promises.readFile(NOWHERE, 'utf8'),
  () => fs.promises.writeFile(NOTHING, 'x'),
  () => fs.promises.appendFile(NOTHING, 'x'),
  () => fs.promises.access(NOTHING),
  async () => (await fs.promises.stat(NOTHING)).isFile(),
  () => fs.promises.lstat(NOWHERE),
  () => fs.promises.readdir(NOWHERE),
  () => fs.promises.rename(NOWHERE, NOWHERE),
  () => fs.promises.link(NOWHERE, NOWHERE),
  () => fs.promises.copyFile(NOWHERE, NOWHERE),
  () => fs.promises.unlink(NOWHERE),
  () => fs.promises.mkdir(NOWHERE, { recursive: true }),
  () => fs.promises.rm(NOWHERE, { force: true }),
];

function quietly(call: () => unknown): void {
  try {
    call();
  } catch {
    // the call was compiled, which is what it was for
  }
}

async function theEventLoop(): Promise<void> {
  const onWarmUp = (): void => {};
  process.on('crash-matrix warm-up', onWarmUp);
  process.off('crash-matrix warm-up', onWarmUp);
  const rejected = Promise.reject(new Error('nobody looks at it'));
  rejected.catch(() => {}); // after the rejection: Node notes it and takes it back
  await new Promise<void>((resolve) => process.nextTick(resolve));
  await new Promise(setImmediate);
  await new Promise((resolve) => setTimeout(resolve, 1));
}
