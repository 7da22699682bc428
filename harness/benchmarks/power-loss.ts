/** How fast power-loss states are enumerated: distinct states per second, time and memory of long traces, and the check of a single tree. */
import { allows } from '../calibrate/allows.ts';
import type { Entry, FileRef, Mark, Op, Trace, Tree } from '../domain/trace.ts';
import { hashBytes } from '../domain/tree.ts';
import { powerLossStates } from '../persistence/power-loss.ts';
import { PROFILES } from '../persistence/profiles.ts';

const PAGE = 4096;

/** Builds a trace op by op, without running anything. */
class Sketch {
  readonly #ops: Op[] = [];
  readonly #marks: Mark[] = [];
  readonly #trees: Tree[] = [new Map()];
  readonly #ids = new Map<string, number>();
  #files: ReadonlyMap<string, Entry> = new Map();

  get length(): number {
    return this.#ops.length;
  }

  create(path: string): void {
    this.#ids.delete(path);
    this.#op({ call: 'open', flags: ['write', 'create', 'exclusive'] }, path, (files) => files.set(path, entryOf(new Uint8Array())));
  }

  write(path: string, data: Uint8Array, offset = 0): void {
    const old = this.#files.get(path);
    const bytes = Buffer.alloc(Math.max(old?.kind === 'file' ? old.bytes.length : 0, offset + data.length));
    if (old?.kind === 'file') bytes.set(old.bytes);
    bytes.set(data, offset);
    this.#op({ call: 'write', data, range: { offset, length: data.length } }, path, (files) => files.set(path, entryOf(bytes)));
  }

  fsync(path: string): void {
    this.#op({ call: 'fsync' }, path);
  }

  close(path: string): void {
    this.#op({ call: 'close' }, path);
  }

  rename(from: string, to: string): void {
    const entry = this.#files.get(from);
    this.#op({ call: 'rename', to: this.#ref(to) }, from, (files) => {
      files.delete(from);
      if (entry !== undefined) files.set(to, entry);
    });
    this.#ids.set(to, this.#ref(from).id);
    this.#ids.delete(from);
  }

  link(from: string, to: string): void {
    const entry = this.#files.get(from);
    this.#op({ call: 'link', to: this.#ref(to) }, from, (files) => entry && files.set(to, entry));
    this.#ids.set(to, this.#ref(from).id);
  }

  unlink(path: string): void {
    this.#op({ call: 'unlink' }, path, (files) => files.delete(path));
    this.#ids.delete(path);
  }

  resolved(): void {
    this.#marks.push({ kind: 'resolved', step: this.#marks.length, afterOp: this.#ops.length });
  }

  trace(): Trace {
    const variation = { names: [], contents: new Set<string>() };
    return { recorder: 'ptrace', ops: this.#ops, marks: this.#marks, trees: this.#trees, variation, unmeasured: [] };
  }

  #op(op: Pick<Op, 'call'> & Partial<Op>, path: string, change?: (files: Map<string, Entry>) => void): void {
    this.#ops.push({ index: this.#ops.length + 1, via: op.call, process: 0, file: this.#ref(path), ...op });
    if (change !== undefined) {
      const files = new Map(this.#files);
      change(files);
      this.#files = files;
    }
    this.#trees.push(this.#files);
  }

  #ref(path: string): FileRef {
    const id = this.#ids.get(path) ?? this.#ids.size + this.#ops.length * 100 + 1;
    this.#ids.set(path, id);
    return { id, path, actual: path };
  }
}

function entryOf(bytes: Uint8Array): Entry {
  return { kind: 'file', mode: 0o600, bytes, hash: hashBytes(bytes) };
}

const pages = (letter: string, count: number): Buffer => Buffer.alloc(count * PAGE, letter);

/** Files written and renamed without any fsync: under posix, the product of everything. */
function unsyncedFiles(files: number): Trace {
  const sketch = new Sketch();
  for (let file = 0; file < files; file += 1) {
    sketch.create(`f${file}.tmp`);
    sketch.write(`f${file}.tmp`, pages(String(file), 2));
    sketch.close(`f${file}.tmp`);
    sketch.rename(`f${file}.tmp`, `f${file}`);
  }
  return sketch.trace();
}

/** Saves of a careful store: a lock, a temp file that is forced and renamed, a backup, and an fsync of the directory. */
function saves(ops: number): Trace {
  const sketch = new Sketch();
  for (let save = 0; sketch.length < ops; save += 1) {
    const [temp, ticket, backup] = [`live.${save}.tmp`, `lock.${save}`, `live.bak.${save}`];
    sketch.create(ticket);
    sketch.write(ticket, Buffer.from(`owner ${save}`));
    sketch.link(ticket, 'lock');
    sketch.unlink(ticket);
    sketch.create(temp);
    sketch.write(temp, pages(String.fromCharCode(97 + (save % 26)), 1));
    sketch.fsync(temp);
    sketch.close(temp);
    if (save > 0) sketch.link('live', backup);
    sketch.rename(temp, 'live');
    sketch.fsync('.');
    sketch.resolved();
    if (save > 3) sketch.unlink(`live.bak.${save - 3}`);
    sketch.unlink('lock');
  }
  return sketch.trace();
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const megabytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;

function rate(name: keyof typeof PROFILES, files: number): void {
  const states = powerLossStates(unsyncedFiles(files), PROFILES[name], { limit: 3_000_000 });
  const start = performance.now();
  const { coverage } = states;
  const counted = performance.now() - start;
  let count = 0;
  for (const _ of states) count += 1;
  const seconds = (performance.now() - start - counted) / 1000;
  // Iterating counts the states first, which takes half of the time of the loop.
  const [once, twice] = [count / (counted / 1000), count / seconds].map((perSecond) => Math.round(perSecond).toLocaleString('en-US'));
  print(
    `${name.padEnd(12)} ${count.toLocaleString('en-US')} distinct of ${coverage.states.toLocaleString('en-US')}, ${coverage.kind}: ${once}/s, counted and enumerated ${twice}/s`,
  );
}

function long(name: keyof typeof PROFILES, ops: number): void {
  const trace = saves(ops);
  const before = process.memoryUsage().heapUsed;
  let maxHeap = 0;
  const start = performance.now();
  const states = powerLossStates(trace, PROFILES[name], { limit: 3_000_000 });
  let count = 0;
  for (const _ of states) {
    count += 1;
    if (count % 1000 === 0) maxHeap = Math.max(maxHeap, process.memoryUsage().heapUsed);
  }
  const seconds = (performance.now() - start) / 1000;
  const { kind } = states.coverage;
  print(
    `${name.padEnd(12)} ${trace.ops.length} ops: ${seconds.toFixed(2)} s, ${count.toLocaleString('en-US')} distinct, ${kind}; heap up to +${megabytes(Math.max(0, maxHeap - before))}, process ${megabytes(process.memoryUsage().rss)}`,
  );
}

/** Whether a profile allows the last tree of a trace that has too many states to enumerate. */
function singleTree(name: keyof typeof PROFILES, files: number): void {
  const trace = unsyncedFiles(files);
  const start = performance.now();
  const allowed = allows(trace, PROFILES[name], trace.ops.length, trace.trees.at(-1) ?? new Map());
  print(`${name.padEnd(12)} ${trace.ops.length} ops: ${(performance.now() - start).toFixed(1)} ms, ${allowed ? 'allowed' : 'not allowed'}`);
}

/** Prints one line per measurement. Memory is that of the process at that time, including garbage. */
export function benchPowerLoss(): void {
  print('distinct states enumerated and hashed, one thread');
  rate('posix', 4);
  rate('posix', 5);
  rate('btrfs', 6);
  rate('xfs', 8);
  print('\na trace of saves with two fsyncs each');
  for (const name of ['posix', 'ext4', 'xfs', 'btrfs'] as const) for (const ops of [2_500, 5_000, 10_000]) long(name, ops);
  print('\ncheck of a single tree');
  for (const name of ['posix', 'ext4', 'xfs', 'btrfs'] as const) singleTree(name, 25);
}
