/**
 * Interleaves the tasks of a store on the fake file system: `node interleave.cjs <request> <answer>` reads the one file and
 * writes the other, both JSON (see protocol/interleave.ts). A process of its own, because the store's code runs in it: it may loop, or end it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { compileForFake } from '../fake/evaluate.ts';
import { tellInterleavings } from '../models/interleaving/tell.ts';
import type { InterleaveAnswer, InterleaveRequest } from '../protocol/interleave.ts';
import { storeOf } from './load-bundle.ts';

async function main(file: string): Promise<void> {
  const request = JSON.parse(readFileSync(file, 'utf8')) as InterleaveRequest;
  // A task's errors are told by their message; where in the fake they were made says nothing.
  Error.stackTraceLimit = 0;
  keepOwner();
  tell(await tellInterleavings(request, compileForFake(request.bundle), storeOf));
}

/** memfs asks who owns a file for each one that it makes. */
function keepOwner(): void {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  process.getuid = () => uid;
  process.getgid = () => gid;
}

function tell(answer: InterleaveAnswer): never {
  writeFileSync(process.argv[3] ?? '', JSON.stringify(answer));
  process.exit(0);
}

const inWords = (error: unknown): string => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));

/** What ends a process must not be taken for a task that waits. */
process.on('unhandledRejection', (error) => tell({ kind: 'refused', reason: `a rejection that nobody handled: ${inWords(error)}` }));
process.on('uncaughtException', (error) => tell({ kind: 'refused', reason: `an error that nobody caught: ${inWords(error)}` }));
void main(process.argv[2] ?? '');
