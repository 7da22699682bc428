/**
 * The recovering process: for each directory or tree that it receives, it evaluates the store, loads, saves, and loads again.
 *
 * It announces each stage, so that its parent knows where it hung. It ends when its channel closes.
 */
import type { AfterLoad, Recovery, RecoveryMessage, RecoveryRequest, Stage } from '../domain/recovery.ts';
import { load, save } from '../store/calls.ts';
import { loadBundle } from './load-bundle.ts';
import { filesBefore, hookOpens, mayBeNothing } from './opened-files.ts';
import { recoverTrees } from './recover-trees.ts';

/** Resolves when the message has left the process, because the next call may end the process. */
const send = (message: RecoveryMessage): Promise<void> => new Promise((resolve) => process.send?.(message, () => resolve()));

async function recover({ id, bundle, directory, next }: Extract<RecoveryRequest, { kind: 'directory' }>): Promise<Recovery> {
  const store = await loadBundle(bundle);
  const begin = (stage: Stage, so?: Recovery): Promise<void> => send({ kind: 'stage', id, stage, so });
  await begin('load');
  const files = filesBefore(directory);
  const loaded = await load(store, directory);
  const opened = mayBeNothing(loaded, store) ? files?.opened() : undefined;
  files?.close();
  const first: AfterLoad = { load: loaded, ...(opened && { opened }) };
  await begin('save', first);
  const saved = await save(store, directory, next);
  if (saved.kind !== 'saved') return { ...first, save: saved };
  await begin('secondLoad', { ...first, save: saved });
  const second = await load(store, directory);
  await store.close?.(directory);
  return { ...first, save: saved, secondLoad: second };
}

/** Batches whose rest other processes recover. */
const dropped = new Set<number>();

hookOpens();
process.on('message', (request: RecoveryRequest) => {
  switch (request.kind) {
    case 'directory':
      void recover(request).then((recovery) => send({ kind: 'done', id: request.id, recovery }));
      break;
    case 'trees':
      void recoverTrees(request, () => dropped.has(request.id)).then(() => send({ kind: 'batch-done', id: request.id }));
      break;
    case 'drop':
      dropped.add(request.id);
      break;
    default:
      request satisfies never;
  }
});
process.on('disconnect', () => process.exit(0));
void send({ kind: 'ready' });
