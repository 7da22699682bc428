/** What a project is made of, as far as new files of it should be alike: the form of its modules, its test runner, its package manager. Pure. */
import * as z from 'zod';

export const RUNNERS = ['vitest', 'jest', 'node', 'none'] as const;
export type Runner = (typeof RUNNERS)[number];
export type PackageManager = 'npm' | 'pnpm' | 'yarn' | 'bun';

export interface Project {
  readonly language: 'typescript' | 'javascript';
  /** Of its `.js` files. */
  readonly modules: 'esm' | 'commonjs';
  readonly runner: Runner;
  readonly manager: PackageManager;
  /** `crash-matrix` is among its dependencies. */
  readonly isInstalled: boolean;
}

const dependencies = z.record(z.string(), z.string()).optional();
const manifest = z.object({
  type: z.string().optional(),
  packageManager: z.string().optional(),
  dependencies,
  devDependencies: dependencies,
  scripts: z.record(z.string(), z.string()).optional(),
});

const LOCK_FILES: readonly (readonly [string, PackageManager])[] = [
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
];

/** `packageJson`: its text; undefined where there is none. `files`: the names beside it. Throws SyntaxError or ZodError for one that is none. */
export function projectOf(packageJson: string | undefined, files: readonly string[]): Project {
  const {
    type,
    packageManager = '',
    dependencies: own = {},
    devDependencies = {},
    scripts = {},
  } = manifest.parse(JSON.parse(packageJson ?? '{}'));
  const has = (name: string): boolean => name in own || name in devDependencies;
  return {
    language: has('typescript') || files.includes('tsconfig.json') ? 'typescript' : 'javascript',
    modules: type === 'module' ? 'esm' : 'commonjs',
    runner: has('vitest') ? 'vitest' : has('jest') ? 'jest' : (scripts.test ?? '').includes('--test') ? 'node' : 'none',
    manager: LOCK_FILES.find(([file]) => files.includes(file))?.[1] ?? managerNamed(packageManager),
    isInstalled: has('crash-matrix'),
  };
}

/** `pnpm@10.2.0` */
function managerNamed(text: string): PackageManager {
  const name = text.split('@')[0];
  return name === 'pnpm' || name === 'yarn' || name === 'bun' ? name : 'npm';
}

interface ManagerRow {
  readonly install: string;
  readonly add: string;
  readonly run: string;
}

/** The commands of each: what CI installs with, what adds a development dependency, what runs a program of one. */
export const MANAGERS: { readonly [name in PackageManager]: ManagerRow } = {
  npm: { install: 'npm ci', add: 'npm install --save-dev', run: 'npx' },
  pnpm: { install: 'pnpm install --frozen-lockfile', add: 'pnpm add --save-dev', run: 'pnpm exec' },
  yarn: { install: 'yarn install --immutable', add: 'yarn add --dev', run: 'yarn' },
  bun: { install: 'bun install --frozen-lockfile', add: 'bun add --dev', run: 'bunx' },
};
