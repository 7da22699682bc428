/**
 * A warm process that is forked for runs of one store: `fork-server.cjs <bundle>`, with the options `WARM_NODE`.
 *
 * It evaluates the store and calls none of its functions. Without a store (`NO_STORE`) each child evaluates the one that it is to run, as a
 * process does that is started. Then it forks a child for each request, at the tracer's mark: the tracer holds
 * it, so that each child is traced from its first instruction. See `protocol/fork-server.ts` for what it reads and how it answers.
 */
import type { StoreCalls } from '../domain/store.ts';
import { type ForkedWork, type ForkRequest, NO_STORE, SERVER_SIGNAL } from '../protocol/fork-server.ts';
import { JsonLines } from '../protocol/json-lines.ts';
import { carryOutCell, complainIn } from './carry-out-cell.ts';
import { carryOutFaults } from './carry-out-faults.ts';
import { carryOutRaces } from './carry-out-races.ts';
import { loadCompiled } from './compiled-bundle.ts';
import type { Forks } from './fork.ts';
import { loadBundle } from './load-bundle.ts';
import { becomeOwnProcess, exitWhenUncaught, type WarmNode, type WarmStore, warmNode, warmStore } from './warm-store.ts';

async function serve(bundle: string): Promise<void> {
  const warm = await warmed(bundle);
  if (warm === undefined) return;
  const { store, unique = false, forks, collect } = warm;
  forks.leaveToSystem();
  process.kill(process.pid, unique ? SERVER_SIGNAL.unique : SERVER_SIGNAL.ready);
  const input = new JsonLines<ForkRequest>();
  for (let requests = input.read(); requests !== undefined; requests = input.read()) {
    for (const request of requests) {
      collect({ type: 'minor' });
      if (forks.fork() !== 0) continue;
      forks.becomeChild();
      carryOut(request, store, forks);
      return;
    }
  }
  forks.exit(0);
}

const warmed = (bundle: string): Promise<(WarmNode & Partial<WarmStore>) | undefined> =>
  bundle === NO_STORE ? warmNode() : warmStore(bundle);

function carryOut({ work, env }: ForkRequest, store: StoreCalls | undefined, forks: Forks): void {
  becomeOwnProcess(forks, argumentsOf(work));
  for (const [name, value] of Object.entries(env)) {
    if (value === null) delete process.env[name];
    else process.env[name] = value;
  }
  begin(work, store);
  exitWhenUncaught();
}

/** `store`: has been evaluated and not been used. */
function begin(work: ForkedWork, store: StoreCalls | undefined): void {
  switch (work.kind) {
    case 'cell': {
      const { cellFile, directory } = work;
      const complain = complainIn(() => directory);
      carryOutCell(cellFile, directory, async (bundle) => store ?? loadBundle(bundle), complain).catch((error) => {
        complain(error);
        process.exit(1);
      });
      break;
    }
    case 'faults': {
      let unused = store;
      void carryOutFaults(work.cellFile, work.directories, async (bundle) => {
        const first = unused;
        unused = undefined;
        return first ?? loadCompiled(bundle);
      });
      break;
    }
    case 'races': // with a store that it evaluates itself, after the timers of a race are in place
      void carryOutRaces(work.taskFile, work.instructions);
      break;
    default:
      work satisfies never;
  }
}

function argumentsOf(work: ForkedWork): readonly string[] {
  switch (work.kind) {
    case 'cell':
      return ['workload', work.cellFile, work.directory];
    case 'faults':
      return ['workload', work.cellFile, ...work.directories];
    case 'races':
      return ['workload', work.taskFile, work.instructions];
    default:
      return work satisfies never;
  }
}

const [bundle] = process.argv.slice(2);
if (bundle === undefined) throw new Error('usage: fork-server.cjs <bundle>');
void serve(bundle);
