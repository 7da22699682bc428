/** Paths in an installed crash-matrix: the bundled programs of children, and the sources of the built-in stores. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Installation {
  /** The directory with package.json. */
  readonly root: string;
  readonly version: string;
  /** What a store file imports as `crash-matrix`. */
  readonly library: string;
  /** The command line, which also serves other programs. */
  readonly cli: string;
  readonly tracer: string;
  readonly workload: string;
  readonly forkServer: string;
  readonly faultWorkload: string;
  readonly taskWorkload: string;
  readonly quitWorkload: string;
  readonly interleave: string;
  readonly recoverer: string;
  readonly recoveryServer: string;
  readonly survey: string;
  readonly describe: string;
  /** The HTML report without a result in it. */
  readonly page: string;
  /** All built programs. */
  readonly programs: readonly string[];
}

/** `from` is the URL of any module of the package, bundled or not. */
export function findInstallation(from: string): Installation {
  let root = dirname(fileURLToPath(from));
  while (!existsSync(join(root, 'package.json'))) {
    if (dirname(root) === root) throw new Error(`no package.json above ${fileURLToPath(from)}`);
    root = dirname(root);
  }
  const built = (file: string): string => join(root, 'dist', file);
  return {
    root,
    version: (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version,
    library: built('index.js'),
    cli: built('cli.js'),
    tracer: built('tracer.js'),
    workload: built('workload.cjs'),
    forkServer: built('fork-server.cjs'),
    faultWorkload: built('fault-workload.cjs'),
    taskWorkload: built('task-workload.cjs'),
    quitWorkload: built('quit-workload.cjs'),
    interleave: built('interleave.cjs'),
    recoverer: built('recoverer.cjs'),
    recoveryServer: built('recovery-server.cjs'),
    survey: built('survey.cjs'),
    describe: built('describe.cjs'),
    page: built('page.html'),
    programs: namesIn(join(root, 'dist'))
      .filter((name) => /\.c?js$/.test(name))
      .map(built),
  };
}

/** None before the first build. */
function namesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory).sort() : [];
}
