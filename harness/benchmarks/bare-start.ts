/** The reference of every benchmark: what it costs to start Node and do nothing. */
import { spawn } from 'node:child_process';

const AT_ONCE = 2;

/** Milliseconds of one start of `node -e 0`, two at a time. */
export async function bareStart(env: NodeJS.ProcessEnv, starts: number): Promise<number> {
  const started = performance.now();
  const lane = async (): Promise<void> => {
    for (let done = 0; done < starts / AT_ONCE; done += 1) await start(['-e', '0'], env);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return (performance.now() - started) / starts;
}

/** Starts Node. Resolves when it has ended. */
export function start(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    spawn(process.execPath, args, { stdio: 'ignore', env })
      .on('exit', () => resolve())
      .on('error', reject);
  });
}
