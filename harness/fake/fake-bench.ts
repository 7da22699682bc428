/** Runs a store on the fake file system: bundles it, and starts the process that interleaves its tasks. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import type { LoadedStore } from '../domain/loaded-store.ts';
import type { NotMeasured } from '../domain/sighting.ts';
import { duration } from '../domain/words.ts';
import type { Installation } from '../machine/installation.ts';
import { FORKING_NODE } from '../protocol/fork-server.ts';
import type { InterleaveAnswer, InterleaveRequest } from '../protocol/interleave.ts';
import { BundleError } from '../store/bundle.ts';
import { bundleForFake } from '../store/load.ts';

export interface FakeBench {
  /** The path of the store bundled with its packages, or the reason why it cannot be bundled. */
  readonly bundle: () => Promise<string | NotMeasured>;
  /** Runs `child/interleave.ts` in a process of its own. */
  readonly run: (request: InterleaveRequest) => Promise<InterleaveAnswer>;
}

interface FakeOptions {
  readonly installation: Installation;
  readonly cwd: string;
  readonly env: { readonly [name: string]: string };
  /** Limit for each load and save, in ms. */
  readonly timeoutMs: number;
  /** Evaluating the store takes long. */
  readonly isSlow: boolean;
  /** Takes the files that the bundle was made of. */
  readonly onBundled?: (files: readonly string[]) => void;
}

/** Time limit for a process that enumerates schedules, as a multiple of the limit for one load or save. */
const LIMIT_IN_CALLS = 12;

/** `directory` takes the bundle and the request and answer files. */
export function fakeBench(
  store: LoadedStore,
  directory: string,
  { installation, cwd, env, timeoutMs, isSlow, onBundled }: FakeOptions,
): FakeBench {
  let bundled: Promise<string | NotMeasured> | undefined;
  let requests = 0;
  const bundle = async (): Promise<string | NotMeasured> => {
    try {
      return await bundleForFake(store, { installation, outdir: directory, cwd, ...(onBundled && { onBundled }) });
    } catch (error) {
      if (!(error instanceof BundleError)) throw error;
      return { reason: `the fake file system needs one bundle with all packages: ${error.message.split('\n')[0]}` };
    }
  };
  return {
    bundle: () => {
      bundled ??= bundle();
      return bundled;
    },
    run: async (request) => {
      requests += 1;
      const [asked, answered] = [join(directory, `interleave-${requests}.json`), join(directory, `interleaved-${requests}.json`)];
      writeFileSync(asked, JSON.stringify({ ...request, forks: isSlow } satisfies InterleaveRequest));
      const limit = timeoutMs * LIMIT_IN_CALLS;
      const result = await execa(process.execPath, [...(isSlow ? FORKING_NODE : []), installation.interleave, asked, answered], {
        cwd,
        env,
        extendEnv: false,
        stdio: ['ignore', 'ignore', 'pipe'],
        timeout: limit,
        forceKillAfterDelay: 100,
        reject: false,
        maxBuffer: 1 << 20,
      });
      try {
        return JSON.parse(readFileSync(answered, 'utf8')) as InterleaveAnswer;
      } catch {
        if (result.timedOut)
          return { kind: 'refused', reason: `a call of the store did not return on the fake file system within ${duration(limit)}` };
        const how = result.signal ?? `exit code ${result.exitCode}`;
        return {
          kind: 'refused',
          reason: `the store ended its process on the fake file system (${how}) ${String(result.stderr).slice(0, 500)}`.trim(),
        };
      }
    },
  };
}
