/**
 * Recovers by forking: `recovery-server.cjs <bundle> <limit of a stage in ms> [<notes> <directory>…]`, with the options `WARM_NODE`.
 *
 * It evaluates the store once and calls none of its functions. Each directory and each tree is recovered by a child, whose store has been
 * evaluated and not used. Without a store (`NO_STORE`) each child evaluates the one that its request names, as a process does that is
 * started. It ends when its input does. See `protocol/recovery-server.ts`. With a file for notes and directories, it and its children also
 * note what they use outside of these directories: see `watch-outside.ts`.
 */
import type { Loaded, Recovery, TreeBatch } from '../domain/recovery.ts';
import type { StoreCalls } from '../domain/store.ts';
import { NO_STORE } from '../protocol/fork-server.ts';
import { JsonLines, writeJsonLine } from '../protocol/json-lines.ts';
import { ANSWERS, type RecoveryServerAnswer, type RecoveryServerRequest } from '../protocol/recovery-server.ts';
import { loadOnly } from '../store/calls.ts';
import { type ForkedRecoveries, forkedRecoveries } from './forked-recoveries.ts';
import { loadBundle } from './load-bundle.ts';
import { hookOpens } from './opened-files.ts';
import { recoverDirectory } from './recover-directory.ts';
import { BatchTrees, type BuiltTree, type FoundTree } from './recover-trees.ts';
import { refuse, type WarmNode, warmNode, warmStore } from './warm-store.ts';
import { type OutsideWatch, watchOutside } from './watch-outside.ts';

const INPUT = 0;

/** A batch under way: its trees are recovered one after the other. */
interface Batch {
  readonly batch: TreeBatch;
  readonly trees: BatchTrees;
  next: number;
  /** A child recovers one. */
  isBusy: boolean;
}

/** Called in a child. */
type StoreOf = (bundle: string) => Promise<StoreCalls>;

/** A Node that is forked for each recovery. */
interface Server {
  readonly recoveries: ForkedRecoveries;
  readonly storeOf: StoreOf;
  readonly beforeFork: () => void;
  /** Called in the child. */
  readonly onRecovered: () => void;
}

type DirectoryRequest = Extract<RecoveryServerRequest, { kind: 'directory' }>;

/** What a child has saved, and another one has to load. */
interface WantedLoad {
  readonly bundle: string;
  readonly directory: string;
  readonly onLoaded: (loaded: Loaded) => void;
}

const wantedLoads: WantedLoad[] = [];
const directories: DirectoryRequest[] = [];
const batches = new Map<number, Batch>();

async function serve(bundle: string, timeoutMs: number, outside: OutsideWatch | undefined): Promise<void> {
  hookOpens();
  const warm = bundle === NO_STORE ? await withoutStore(outside) : await withStore(bundle, outside);
  if (warm === undefined) return;
  const { storeOf, forks, forkMs, collect } = warm;
  const recoveries = forkedRecoveries(forks, timeoutMs, [ANSWERS]);
  const beforeFork = (): void => {
    outside?.learn();
    collect({ type: 'minor' });
  };
  const server = { recoveries, storeOf, beforeFork, onRecovered: () => outside?.end() };
  const input = new JsonLines<RecoveryServerRequest>();
  answer({ kind: 'ready', forkMs });
  for (;;) {
    if (recoveries.wait(INPUT)) {
      const requests = input.read() ?? forks.exit(0);
      for (const request of requests) take(request);
    }
    if (startAll(server) === 'here is the child') return;
  }
}

type Warm = WarmNode & { readonly storeOf: StoreOf };

async function withStore(bundle: string, outside: OutsideWatch | undefined): Promise<Warm | undefined> {
  outside?.begin(bundle);
  const warm = await warmStore(bundle, outside);
  if (warm?.unique) refuse(78);
  return warm && { ...warm, storeOf: async () => warm.store };
}

async function withoutStore(outside: OutsideWatch | undefined): Promise<Warm | undefined> {
  const warm = await warmNode(outside);
  const storeOf: StoreOf = (bundle) => {
    outside?.begin(bundle);
    return loadBundle(bundle);
  };
  return warm && { ...warm, storeOf };
}

function answer(message: RecoveryServerAnswer): void {
  writeJsonLine(ANSWERS, message);
}

function take(request: RecoveryServerRequest): void {
  switch (request.kind) {
    case 'directory':
      directories.push(request);
      break;
    case 'trees':
      batches.set(request.id, { batch: request, trees: new BatchTrees(request), next: 0, isBusy: false });
      break;
    case 'drop': {
      const dropped = batches.get(request.id);
      if (dropped !== undefined) dropped.next = dropped.batch.trees.length;
      break;
    }
    default:
      request satisfies never;
  }
}

/** Starts a child for each load and each directory, and for each batch that has none. */
function startAll(server: Server): 'started' | 'here is the child' {
  for (let wanted = wantedLoads.shift(); wanted !== undefined; wanted = wantedLoads.shift()) {
    server.beforeFork();
    if (startLoad(server, wanted) === 'here is the child') return 'here is the child';
  }
  for (let request = directories.shift(); request !== undefined; request = directories.shift()) {
    server.beforeFork();
    if (startDirectory(server, request) === 'here is the child') return 'here is the child';
  }
  for (const batch of batches.values()) {
    if (batch.isBusy) continue;
    server.beforeFork();
    if (startTree(server, batch) === 'here is the child') return 'here is the child';
  }
  return 'started';
}

function startDirectory({ recoveries, storeOf, onRecovered }: Server, { id, ...what }: DirectoryRequest): 'started' | 'here is the child' {
  const finish = (recovery: Recovery): void => answer({ kind: 'done', id, recovery });
  return recoveries.start<Recovery>({
    recover: async (begin) => recoverDirectory(await storeOf(what.bundle), what, begin, 'another process').finally(onRecovered),
    onEnd: (ended) => {
      const recovery = 'found' in ended ? ended.found : ended.stopped;
      if (recovery.save?.kind !== 'saved' || recovery.secondLoad !== undefined) finish(recovery);
      else
        wantedLoads.push({ bundle: what.bundle, directory: what.directory, onLoaded: (secondLoad) => finish({ ...recovery, secondLoad }) });
    },
  });
}

/** The load after a save, by a child that has done nothing else. */
function startLoad(
  { recoveries, storeOf, onRecovered }: Server,
  { bundle, directory, onLoaded }: WantedLoad,
): 'started' | 'here is the child' {
  return recoveries.start<Loaded>({
    recover: async () => loadOnly(await storeOf(bundle), directory).finally(onRecovered),
    onEnd: (ended) => onLoaded('found' in ended ? ended.found : ended.stopped.load),
  });
}

function startTree({ recoveries, storeOf, onRecovered }: Server, batch: Batch): 'started' | 'here is the child' {
  const { trees } = batch;
  const { bundle } = batch.batch;
  const settle = (built: BuiltTree, found: FoundTree): void => {
    batch.isBusy = false;
    trees.settle(built, found);
  };
  try {
    while (batch.next < batch.batch.trees.length && trees.answerKnown(batch.next)) batch.next += 1;
    const index = batch.next;
    if (index < batch.batch.trees.length) {
      const built = trees.build(index);
      batch.next += 1;
      batch.isBusy = true;
      return recoveries.start<FoundTree>({
        recover: async (begin) => trees.recover(built, await storeOf(bundle), begin, 'another process').finally(onRecovered),
        onStage: () => trees.stage(),
        onEnd: (ended) => {
          const found = 'found' in ended ? ended.found : trees.endedIn(built, ended.stopped);
          if (found.waitsForLoad)
            wantedLoads.push({
              bundle,
              directory: built.directory,
              onLoaded: (loaded) => settle(built, trees.withNextLoad(built, found, loaded)),
            });
          else settle(built, found);
        },
      });
    }
  } catch (error) {
    trees.fail(error);
  }
  trees.close();
  batches.delete(batch.batch.id);
  answer({ kind: 'batch-done', id: batch.batch.id });
  return 'started';
}

const [bundle, limit, notes, ...own] = process.argv.slice(2);
if (bundle === undefined || limit === undefined) throw new Error('usage: recovery-server.cjs <bundle> <limit> [<notes> <directory>…]');
void serve(bundle, Number(limit), notes === undefined ? undefined : watchOutside(notes, own));
