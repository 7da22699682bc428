/**
 * A warm process that is forked for each run of one store: `node --single-threaded --v8-pool-size=0 fork-server.cjs <bundle>`.
 *
 * It evaluates the store and calls none of its functions. Then it forks a child for each request, at the tracer's mark: the tracer holds
 * it, so that each child is traced from its first instruction. See `protocol/fork-server.ts` for what it reads and how it answers.
 */
import fs from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ModuleStore } from '../domain/store.ts';
import { type ForkRequest, type NotForkedCode, SERVER_SIGNAL } from '../protocol/fork-server.ts';
import { JsonLines } from '../protocol/json-lines.ts';
import { carryOutCell, complainIn } from './carry-out-cell.ts';
import { type Forks, prepareForks } from './fork.ts';
import { type Imported, useOwnChance, watchImport } from './import-watch.ts';
import { loadBundle } from './load-bundle.ts';

/** Exit handlers of the store do not run: it has not done anything. */
const refuse = (code: NotForkedCode): never => (process as unknown as { reallyExit(code: number): never }).reallyExit(code);

/** Modules that Node loads before the store may start threads, of which a child has none. */
const LOADS_MODULES = /(?:^|\s)(?:--import|--require|-r|--loader|--experimental-loader)\b/;

async function serve(bundle: string): Promise<void> {
  if (LOADS_MODULES.test(process.env.NODE_OPTIONS ?? '')) refuse(77);
  let store: ModuleStore | undefined;
  const imported: Imported = await watchImport(async () => {
    setFlagsFromString('--no-lazy'); // functions are compiled when they are first called; children would each do that
    store = await loadBundle(bundle);
    setFlagsFromString('--lazy');
  }).catch(() => refuse(71));
  if (imported.refused !== undefined) refuse(imported.refused);
  const evaluated = store ?? refuse(71);
  const forks = forksHere();
  const collect = await warmUp();
  const trial = forks.fork();
  if (trial === 0) {
    forks.becomeChild();
    fs.promises.readFile(bundle).then(() => forks.exit(0));
    return;
  }
  if (forks.statusOf(trial) !== 0) refuse(76);
  forks.leaveToSystem();
  process.kill(process.pid, imported.unique ? SERVER_SIGNAL.unique : SERVER_SIGNAL.ready);
  const input = new JsonLines<ForkRequest>();
  for (let requests = input.read(); requests !== undefined; requests = input.read()) {
    for (const request of requests) {
      collect({ type: 'minor' });
      if (forks.fork() !== 0) continue;
      forks.becomeChild();
      carryOut(request, evaluated, forks);
      return;
    }
  }
  forks.exit(0);
}

/**
 * What every child needs is compiled here, once. Then all garbage is collected: a child would do that in its first milliseconds, and each page
 * of memory that it writes to is copied. Returns the collector.
 */
async function warmUp(): Promise<(options?: object) => void> {
  await fs.promises.writeFile('/dev/null', 'x');
  await fs.promises.rename('/dev/null/none', '/dev/null/none').catch(() => {});
  fs.writeFileSync('/dev/null', 'x');
  fs.existsSync('/dev/null');
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options?: object) => void;
  collect();
  collect();
  return collect;
}

function forksHere(): Forks {
  try {
    return prepareForks();
  } catch {
    return refuse(70);
  }
}

function carryOut({ cellFile, directory, env }: ForkRequest, store: ModuleStore, forks: Forks): void {
  useOwnChance();
  Object.defineProperty(process, 'reallyExit', { value: (code?: number) => forks.exit(code ?? 0), configurable: true, writable: true });
  process.argv.splice(1, process.argv.length, 'workload', cellFile, directory);
  for (const [name, value] of Object.entries(env)) {
    if (value === null) delete process.env[name];
    else process.env[name] = value;
  }
  const complain = complainIn(() => directory);
  carryOutCell(cellFile, directory, async () => store, complain).catch((error) => {
    complain(error);
    process.exit(1);
  });
  exitWhenUncaught();
}

/**
 * Node's own way out joins threads that a child does not have; `process.exit` takes another one, and so does an uncaught error with this. Call
 * it after the workload has asked to hear of errors.
 */
function exitWhenUncaught(): void {
  process.on('uncaughtExceptionMonitor', () => {
    if (process.listenerCount('uncaughtException') === 0) process.exit(1);
  });
}

const [bundle] = process.argv.slice(2);
if (bundle === undefined) throw new Error('usage: fork-server.cjs <bundle>');
void serve(bundle);
