/**
 * The recovering process: for each directory or tree that it receives, it evaluates the store, loads, saves, and loads again.
 *
 * It announces each stage, so that its parent knows where it hung. It ends when its channel closes. With arguments, a file and directories, it
 * also notes what is used outside of these directories: see `watch-outside.ts`.
 */
import type { Recovery, RecoveryMessage, RecoveryRequest, Stage, TreeBatch } from '../domain/recovery.ts';
import type { StoreCalls } from '../domain/store.ts';
import { setCallsAtOnce } from './calls-at-once.ts';
import { loadCompiled } from './compiled-bundle.ts';
import { loadBundle } from './load-bundle.ts';
import { hookOpens } from './opened-files.ts';
import { recoverDirectory } from './recover-directory.ts';
import { recoverTrees } from './recover-trees.ts';
import { watchOutside } from './watch-outside.ts';

/** Resolves when the message has left the process, because the next call may end the process. */
const send = (message: RecoveryMessage): Promise<void> => new Promise((resolve) => process.send?.(message, () => resolve()));

async function recover({ id, ...what }: Extract<RecoveryRequest, { kind: 'directory' }>): Promise<void> {
  const { store, evaluationMs } = await timed(what.bundle);
  const begin = (stage: Stage, so?: Recovery): Promise<void> => send({ kind: 'stage', id, stage, so });
  const recovery = await recoverDirectory(store, what, begin, () => loadCompiled(what.bundle));
  outside?.end();
  await send({ kind: 'done', id, recovery, evaluationMs });
}

/** Whatever else the process is asked for, Node does the calls. */
async function recoverBatch(batch: TreeBatch): Promise<void> {
  await setCallsAtOnce(batch.atOnce);
  await recoverTrees(batch, () => dropped.has(batch.id));
  await setCallsAtOnce(false);
}

const { now } = performance; // the store may replace it

/** Bundles that this process has evaluated. */
const evaluated = new Set<string>();

/** The first time as Node does; again, as it is done for trees. */
async function timed(bundle: string): Promise<{ readonly store: StoreCalls; readonly evaluationMs: number }> {
  const began = now.call(performance);
  const store = await (evaluated.has(bundle) ? loadCompiled : loadBundle)(bundle);
  evaluated.add(bundle);
  return { store, evaluationMs: now.call(performance) - began };
}

/** Batches whose rest other processes recover. */
const dropped = new Set<number>();

hookOpens();
const [notes, ...own] = process.argv.slice(2);
const outside = notes === undefined ? undefined : watchOutside(notes, own);
process.on('message', (request: RecoveryRequest) => {
  switch (request.kind) {
    case 'directory':
      outside?.begin(request.bundle);
      void recover(request);
      break;
    case 'trees':
      outside?.begin(request.bundle);
      void recoverBatch(request).then(() => {
        outside?.end();
        return send({ kind: 'batch-done', id: request.id });
      });
      break;
    case 'drop':
      dropped.add(request.id);
      break;
    case 'evaluate':
      outside?.begin(request.bundle);
      void timed(request.bundle).then(({ evaluationMs }) => send({ kind: 'evaluated', id: request.id, evaluationMs }));
      break;
    default:
      request satisfies never;
  }
});
process.on('disconnect', () => process.exit(0));
void send({ kind: 'ready' });
