/**
 * Interleaves the tasks of a store on the fake file system: `node interleave.cjs <request> <answer>` reads the one file and
 * writes the other, both JSON (see protocol/interleave.ts). In a process of its own, because the store's code may loop or end the process.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { compileForFake } from '../fake/evaluate.ts';
import { enumerateInterleavings } from '../models/interleaving/enumerate.ts';
import type { InterleaveAnswer, InterleaveRequest } from '../protocol/interleave.ts';
import { inChildHere } from './in-child.ts';
import { storeOf } from './load-bundle.ts';

async function main(file: string): Promise<void> {
  const request = JSON.parse(readFileSync(file, 'utf8')) as InterleaveRequest;
  // Errors of a task are reported by message; a stack trace would only show the fake.
  Error.stackTraceLimit = 0;
  cacheOwner();
  const inChild = request.forks ? inChildHere() : undefined;
  finish(await enumerateInterleavings(request, compileForFake(request.bundle), storeOf, inChild));
}

/** Caches getuid and getgid, which memfs calls for each file that it makes. */
function cacheOwner(): void {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  process.getuid = () => uid;
  process.getgid = () => gid;
}

function finish(answer: InterleaveAnswer): never {
  writeFileSync(process.argv[3] ?? '', JSON.stringify(answer));
  process.exit(0);
}

const inWords = (error: unknown): string => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));

/** Without these, an error that ends the process would look like a task that waits. */
process.on('unhandledRejection', (error) => finish({ kind: 'refused', reason: `unhandled rejection: ${inWords(error)}` }));
process.on('uncaughtException', (error) => finish({ kind: 'refused', reason: `uncaught error: ${inWords(error)}` }));
void main(process.argv[2] ?? '');
