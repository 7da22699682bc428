/**
 * A warm process that is forked for each run of one store: `fork-server.cjs <bundle>`, with the options `WARM_NODE`.
 *
 * It evaluates the store and calls none of its functions. Then it forks a child for each request, at the tracer's mark: the tracer holds
 * it, so that each child is traced from its first instruction. See `protocol/fork-server.ts` for what it reads and how it answers.
 */
import type { StoreCalls } from '../domain/store.ts';
import { type ForkRequest, SERVER_SIGNAL } from '../protocol/fork-server.ts';
import { JsonLines } from '../protocol/json-lines.ts';
import { carryOutCell, complainIn } from './carry-out-cell.ts';
import { carryOutFaults } from './carry-out-faults.ts';
import type { Forks } from './fork.ts';
import { becomeOwnProcess, exitWhenUncaught, warmStore } from './warm-store.ts';

async function serve(bundle: string): Promise<void> {
  const warm = await warmStore(bundle);
  if (warm === undefined) return;
  const { store, unique, forks, collect } = warm;
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

function carryOut({ cellFile, directory, faults, env }: ForkRequest, store: StoreCalls, forks: Forks): void {
  becomeOwnProcess(forks, ['workload', cellFile, directory]);
  for (const [name, value] of Object.entries(env)) {
    if (value === null) delete process.env[name];
    else process.env[name] = value;
  }
  const load = async (): Promise<StoreCalls> => store;
  if (faults) {
    void carryOutFaults(cellFile, [directory], load);
  } else {
    const complain = complainIn(() => directory);
    carryOutCell(cellFile, directory, load, complain).catch((error) => {
      complain(error);
      process.exit(1);
    });
  }
  exitWhenUncaught();
}

const [bundle] = process.argv.slice(2);
if (bundle === undefined) throw new Error('usage: fork-server.cjs <bundle>');
void serve(bundle);
