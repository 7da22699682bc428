import fs, { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { evaluateCompiled } from '../../harness/child/compiled-bundle.ts';
import { defaultExport } from '../../harness/child/load-bundle.ts';
import { bundleStore } from '../../harness/store/bundle.ts';
import { freshDirectory } from '../lab/temporary.ts';

async function bundled(contents: string): Promise<string> {
  const outdir = freshDirectory();
  return bundleStore({ name: 'store', contents, resolveDir: outdir }, { outdir, self: join(outdir, 'none.js') });
}

test('each evaluation has modules of its own, but for those of Node', async () => {
  const bundle = await bundled(`
    import fs from 'node:fs';
    import * as names from 'node:fs';
    const own = { times: 0 };
    export default { fs, names, own };`);
  const [one, two] = [defaultExport(evaluateCompiled(bundle)), defaultExport(evaluateCompiled(bundle))] as {
    fs: object;
    names: object;
    own: object;
  }[];
  expect(one?.own).not.toBe(two?.own);
  expect(one?.fs).toBe(fs);
  // If esbuild's helper has another form one day, this says so: without it each evaluation copies all names.
  expect(one?.names).toBe(two?.names);
});

test('a bundle can import when it is called, and its errors tell the lines of the bundle', async () => {
  const bundle = join(freshDirectory(), 'store.cjs');
  writeFileSync(join(bundle, '..', 'other.mjs'), 'export const other = 1;');
  const text = `module.exports = { other: () => import('./other.mjs'), fails: () => { throw new Error('x'); } };`;
  writeFileSync(bundle, text);
  const store = evaluateCompiled(bundle) as { other: () => Promise<{ other: number }>; fails: () => void };
  expect((await store.other()).other).toBe(1);
  expect(stackOf(store.fails)).toContain(`${bundle}:1:${text.indexOf('new Error') + 1})`);
});

function stackOf(fails: () => void): string {
  try {
    fails();
  } catch (error) {
    return (error as Error).stack ?? '';
  }
  return '';
}
