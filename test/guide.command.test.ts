/**
 * What the pages of docs/guide show is what happens.
 *
 * A block `js notes.mjs` is a file, and a block `console` has commands behind `$ `, each with lines of its output in their order; `…` stands for
 * lines that are left out. They are carried out from the top of a page to its end, in one directory.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { parseProgram } from '../harness/cli/program.ts';
import { findInstallation } from '../harness/machine/installation.ts';
import { FILE_SYSTEMS } from '../harness/record/image/file-systems.ts';
import { missingFor } from '../harness/record/image/missing.ts';
import { anchor } from '../harness/report/markdown-text.ts';
import { openPlace, type Place } from './lab/command.ts';
import { casesOf } from './lab/depth.ts';

const { root } = findInstallation(import.meta.url);
const guide = readdirSync(join(root, 'docs/guide')).map((name) => `docs/guide/${name}`);
const pages = [...guide, 'docs/gallery.md'].map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

interface Block {
  readonly info: string;
  readonly code: string;
}

const blocksOf = (text: string): Block[] =>
  [...text.matchAll(/^(````?)(.*)\n([\s\S]*?)^\1$/gm)].map(([, , info = '', code = '']) => ({ info: info.trim(), code }));
const squeezed = (text: string): string => text.replace(/\s+/g, ' ').trim();

interface Shown {
  readonly command: string;
  readonly lines: readonly string[];
}

/** The commands of a block, each with what it shows of its output. */
const shownIn = (code: string): Shown[] =>
  code.split(/^\$ /m).flatMap((part) => {
    const [command = '', ...lines] = part.trim().split('\n');
    return command === '' ? [] : [{ command, lines: lines.map(squeezed).filter((line) => line !== '' && line !== '…') }];
  });

/** The first line that is not in this output, after those before it. */
function missingLine(lines: readonly string[], output: string): string | undefined {
  let from = 0;
  return lines.find((line) => {
    const at = output.indexOf(line, from);
    from = at + line.length;
    return at < 0;
  });
}

test('a line that is not there, or stands elsewhere, is reported', () => {
  const [shown] = shownIn('$ one\n  a  b\n…\nc\n');
  expect(shown).toEqual({ command: 'one', lines: ['a b', 'c'] });
  expect(missingLine(['a b', 'c'], 'x a b y c')).toBeUndefined();
  expect(missingLine(['c', 'a b'], 'x a b y c')).toBe('a b');
  expect(missingLine(['d'], 'x a b y c')).toBe('d');
});

/** What a block with this word behind `console` needs. */
const NEEDS: { readonly [word: string]: () => boolean } = {
  root: () => missingFor(FILE_SYSTEMS.xfs, process.env.PATH ?? '') === undefined,
  sqlite: () => isBuiltin('node:sqlite'),
};

/** A checkout as `real-checkout.md` means it: a module in TypeScript that prunes, caches, and adds a member when it loads. */
function checkoutIn(directory: string): string {
  const files = {
    'package.json': '{ "type": "module" }',
    'src/limits.ts': 'export const LIMITS: { maxEntries: number; pruneAfterMs: number } = { maxEntries: 3, pruneAfterMs: 1 };',
    'src/sessions.ts': `import fs from 'node:fs';
import { LIMITS } from './limits';
type Sessions = { [key: string]: { updatedAt: number; channel?: string } };
const cache = new Map<string, Sessions>();
export async function saveSessions(path: string, sessions: Sessions, options: { maintenance?: Partial<typeof LIMITS> } = {}): Promise<void> {
  const limits = { ...LIMITS, ...options.maintenance };
  const kept = Object.entries(sessions).filter(([, { updatedAt }]) => Date.now() - updatedAt < limits.pruneAfterMs).slice(0, limits.maxEntries);
  await fs.promises.writeFile(path + '.tmp', JSON.stringify(Object.fromEntries(kept)));
  await fs.promises.rename(path + '.tmp', path);
  cache.set(path, sessions);
}
export function loadSessions(path: string, { skipCache = false } = {}): Sessions {
  const known = cache.get(path);
  return known && !skipCache ? known : JSON.parse(fs.readFileSync(path, 'utf8'));
}
`,
  };
  mkdirSync(join(directory, 'gateway/src'), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, 'gateway', name), text);
  return join(directory, 'gateway');
}

async function outputOf(command: string, place: Place, gateway: string): Promise<string> {
  const [, args] = /^npx crash-matrix (.*)$/.exec(command) ?? [];
  if (args !== undefined) {
    const { exitCode, stdout, stderr } = await place.run(args.split(' '), { env: { COLUMNS: '100' } });
    if (exitCode !== 0 && exitCode !== 1) throw new Error(`${command} ended with ${exitCode}: ${stderr}`);
    return stdout + stderr;
  }
  return (await execa('bash', ['-ec', command], { cwd: place.root, env: { GATEWAY: gateway } })).stdout;
}

const shows = (text: string): boolean => blocksOf(text).some(({ info }) => info.startsWith('console'));

const shown = pages.filter(({ text }) => shows(text));
/** The first page is carried out each time, the others in the night: each takes as long as it takes a reader. */
const first = shown.filter(({ path }) => path.endsWith('first-store.md'));

test.each(casesOf(shown, first))('$path shows what happens', async ({ text }) => {
  const place = openPlace();
  try {
    const gateway = checkoutIn(place.root);
    for (const { info, code } of blocksOf(text)) {
      const [language, word] = info.split(' ');
      if (language !== 'console') {
        if (word !== undefined) place.write({ [word]: code });
        continue;
      }
      if (word !== undefined && NEEDS[word]?.() !== true) continue;
      for (const { command, lines } of shownIn(code)) {
        const output = squeezed(await outputOf(command, place, gateway));
        const missing = missingLine(lines, output);
        if (missing !== undefined) throw new Error(`${command} does not print "${missing}":\n${output}`);
      }
    }
  } finally {
    place.close();
  }
});

/** As `npx crash-matrix run …`, `crash-matrix run …`, or by the script of the gallery. */
const COMMAND =
  /(?:^|[\s`])(?:npx )?(?:crash-matrix|npm run -s crash-matrix --) ((?:run|replay|diagnose|mend|merge|show|doctor|init|completion) [^\n`]*)/g;

test.each(pages)('the commands of $path have the arguments and options that they name', async ({ text }) => {
  const commands = [...text.matchAll(COMMAND)].map(([, args = '']) => squeezed(args.replace(/ >.*$/, '').replaceAll("'", '')));
  const refused: string[] = [];
  for (const command of commands) {
    const notes: string[] = [];
    const output = { columns: 100, colors: false, print: () => {}, note: (line: string) => void notes.push(line) };
    await parseProgram(command.replace(/[.,;:]$/, '').split(' '), output, async () => {}).catch(() =>
      refused.push(`${command}: ${notes.join(' ')}`),
    );
  }
  expect(refused).toEqual([]);
});

const anchorsOf = (text: string): string[] => [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchor(heading));

test.each([...pages, { path: 'README.md', text: readFileSync(join(root, 'README.md'), 'utf8') }])(
  'the links of $path lead somewhere',
  ({ path, text }) => {
    const links = [...text.replace(/^(````?)[\s\S]*?^\1$/gm, '').matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    const broken = links.filter((link) => {
      if (/^https?:/.test(link)) return false;
      const [file = '', heading] = link.split('#');
      const target = file === '' ? path : join(dirname(path), file);
      try {
        if (heading === undefined) return readdirSync(join(root, dirname(target))).includes(basename(target)) === false;
        return !anchorsOf(readFileSync(join(root, target), 'utf8')).includes(heading);
      } catch {
        return true;
      }
    });
    expect(broken).toEqual([]);
  },
);

describe('the README leads to', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  test.each(pages.map(({ path }) => path))('%s', (path) => expect(readme).toContain(`](${path}`));
});
