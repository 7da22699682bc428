import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { usableCores } from '../../harness/machine/cores.ts';
import { temporaryDirectory } from '../lab/temporary.ts';

let place: string;
beforeAll(() => {
  place = temporaryDirectory();
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

let machines = 0;

/** The cores that a process may use on a machine with 8 and these files. */
function coresWith(self: string, files: { readonly [path: string]: string }): number {
  machines += 1;
  const root = join(place, `machine-${machines}`);
  for (const [path, text] of Object.entries({ self, ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `${text}\n`);
  }
  return usableCores(8, { root, self: join(root, 'self') });
}

test.each<[string, string, { readonly [path: string]: string }, number]>([
  ['no limit', '0::/a', { 'a/cpu.max': 'max 100000' }, 8],
  ['two processors', '0::/a', { 'a/cpu.max': '200000 100000' }, 2],
  ['one and a half', '0::/a', { 'a/cpu.max': '150000 100000' }, 2],
  ['a tenth of one', '0::/a', { 'a/cpu.max': '10000 100000' }, 1],
  ['more than there are', '0::/a', { 'a/cpu.max': '1600000 100000' }, 8],
  ['of the group around it', '0::/a/b', { 'a/b/cpu.max': 'max 100000', 'a/cpu.max': '300000 100000' }, 3],
  ['seen from inside a container', '0::/../..', { 'cpu.max': '200000 100000' }, 2],
  ['of version 1', '4:cpu,cpuacct:/a\n0::/', { 'cpu/a/cpu.cfs_quota_us': '200000', 'cpu/a/cpu.cfs_period_us': '100000' }, 2],
  ['version 1 without a limit', '4:cpu:/a', { 'cpu/a/cpu.cfs_quota_us': '-1', 'cpu/a/cpu.cfs_period_us': '100000' }, 8],
  ['another controller of version 1', '4:cpuset:/a', { 'cpu/a/cpu.cfs_quota_us': '100000', 'cpu/a/cpu.cfs_period_us': '100000' }, 8],
  ['files that say something else', '0::/a', { 'a/cpu.max': 'what' }, 8],
])('%s', (_, self, files, cores) => {
  expect(coresWith(self, files)).toBe(cores);
});

test('a system without these files has no quota', () => {
  expect(usableCores(3, { root: join(place, 'none'), self: join(place, 'none') })).toBe(3);
});
