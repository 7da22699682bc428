/** What a shell offers with the script of `crash-matrix completion`. Shells that are not installed are skipped. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { execa, execaSync } from 'execa';
import { afterAll, describe, expect, test } from 'vitest';
import { COMMANDS } from '../../harness/cli/all.ts';
import { MODEL_NAMES } from '../../harness/models/all.ts';
import { BUILT_IN_STORES } from '../../harness/store/catalogue.ts';
import { openPlace } from '../lab/command.ts';

const place = openPlace();
afterAll(() => place.close());

/** The script, with nothing of the program itself behind it. */
async function scriptFor(shell: string): Promise<string> {
  const { exitCode, stdout } = await place.run(['completion', shell]);
  expect(exitCode).toBe(0);
  return stdout;
}

const isInstalled = (shell: string): boolean => execaSync(shell, ['-c', 'true'], { reject: false }).exitCode === 0;

type Offers = (line: string) => Promise<readonly string[]>;

async function run(shell: string, args: readonly string[], env: { readonly [name: string]: string } = {}): Promise<string[]> {
  const { stdout } = await execa(shell, args, { cwd: place.root, env: { ...env, HOME: place.root } });
  return stdout.split('\n').filter((line) => line !== '');
}

const OFFERS: { readonly [shell: string]: () => Promise<Offers> } = {
  bash: async () => {
    const script = await scriptFor('bash');
    return (line) => {
      const words = ['crash-matrix', ...line.split(' ')].map((word) => `'${word}'`);
      const ask = `${script}\nCOMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _crash_matrix; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return run('bash', ['-c', ask]);
    };
  },
  fish: async () => {
    const bin = join(place.root, 'bin');
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, 'crash-matrix'), '#!/bin/sh\n', { mode: 0o755 });
    const script = await scriptFor('fish');
    const env = { PATH: `${bin}${delimiter}${process.env.PATH}` };
    return async (line) => {
      const lines = await run('fish', ['--no-config', '-c', `${script}\ncomplete -C 'crash-matrix ${line}'`], env);
      return lines.map((offered) => offered.split('\t')[0] ?? '');
    };
  },
};

describe.each(Object.keys(OFFERS))('%s offers', (shell) => {
  const noShell = !isInstalled(shell);

  test.skipIf(noShell)('the commands', async () => {
    const offers = await OFFERS[shell]?.();
    expect((await offers?.(''))?.toSorted()).toEqual(COMMANDS.map(({ name }) => name).toSorted());
    expect(await offers?.('re')).toEqual(['replay']);
  });

  test.skipIf(noShell)('the options of a command', async () => {
    const offers = await OFFERS[shell]?.();
    for (const { name, options } of COMMANDS) {
      const long = options.map((option) => option.long ?? '');
      expect((await offers?.(`${name} --`))?.toSorted()).toEqual(expect.arrayContaining(long.toSorted()));
    }
    expect(await offers?.('run --eff')).toEqual(['--effort']);
  });

  test.skipIf(noShell)('values, with what stands behind a colon', async () => {
    const offers = await OFFERS[shell]?.();
    expect((await offers?.('run --effort '))?.toSorted()).toEqual(['deep', 'quick', 'standard']);
    expect((await offers?.('run --model '))?.toSorted()).toEqual([...MODEL_NAMES].toSorted());
    expect(await offers?.('run --model power-loss:x')).toEqual(['power-loss:xfs']);
    expect(await offers?.('run --store ')).toEqual(expect.arrayContaining(BUILT_IN_STORES.map(({ name }) => name)));
  });
});

test.skipIf(!isInstalled('zsh'))('zsh takes the script', async () => {
  const script = await scriptFor('zsh');
  const ask = `autoload -U compinit; compinit -D -u; ${script}\nprint \${_comps[crash-matrix]}`;
  expect(await run('zsh', ['-f', '-c', ask])).toEqual(['_crash_matrix']);
});

test('another shell is refused, with the nearest', async () => {
  const { exitCode, stderr } = await place.run(['completion', 'fsh']);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('unknown shell "fsh"; did you mean fish');
});
