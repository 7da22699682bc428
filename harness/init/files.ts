/** The files with which a project begins: a store, a configuration, a test and a workflow. Pure. */
import { MANAGERS, type Project, type Runner } from './project.ts';

export interface NewFile {
  /** From the directory of the project. */
  readonly path: string;
  readonly text: string;
}

export interface Wanted {
  /** The name of the store, and of its file without the extension. */
  readonly name: string;
  readonly runner: Runner;
  readonly workflow: boolean;
}

export function newFiles(project: Project, wanted: Wanted): NewFile[] {
  const extension = project.language === 'typescript' ? 'ts' : 'mjs';
  const store = `crash/${wanted.name}.${extension}`;
  return [
    { path: store, text: storeText(project, wanted) },
    { path: `crash-matrix.config.${extension}`, text: configText(`./${store}`) },
    ...testFile(project, wanted, extension),
    ...(wanted.workflow ? [{ path: '.github/workflows/crash-matrix.yml', text: workflowText(project) }] : []),
  ];
}

const storeText = ({ language }: Project, { name }: Wanted): string => {
  const isTyped = language === 'typescript';
  const [dir, value] = isTyped ? ['dir: string', 'value: unknown'] : ['dir', 'value'];
  return `// The store that crash-matrix crashes. Put calls of your own code in the place of what save and load do here: save keeps a value in the
// directory that it is given, load returns what is kept there. crash-matrix makes the directory, and calls each in a process of its own.
import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { defineStore } from 'crash-matrix';

const fileIn = (${dir}) => join(dir, '${name}.json');

async function sync(${isTyped ? 'path: string' : 'path'}) {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export default defineStore({
  name: '${name}',

  async save(${dir}, ${value}) {
    await mkdir(dir, { recursive: true });
    const file = fileIn(dir);
    const temporary = \`\${file}.\${randomUUID()}.tmp\`;
    try {
      const handle = await open(temporary, 'wx');
      try {
        await handle.writeFile(JSON.stringify(value));
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, file);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await sync(dirname(file));
  },

  async load(${dir}) {
    try {
      return JSON.parse(await readFile(fileIn(dir), 'utf8'));
    } catch (error) {
      if (${isTyped ? '(error as NodeJS.ErrnoException)' : 'error'}.code === 'ENOENT') return {};
      throw error;
    }
  },

  // What the store promises: "durable" is only the last acknowledged value or the one being saved, "atomic" also an earlier one.
  claims: { 'process-kill': 'durable', 'power-loss': 'durable' },
});
`;
};

const configText = (store: string): string => `// The options of "crash-matrix run", by the same names.
import { defineConfig } from 'crash-matrix';

export default defineConfig({
  store: '${store}',
});
`;

function testFile({ language, modules }: Project, { name, runner }: Wanted, extension: string): NewFile[] {
  const store = `./${name}.${extension}`;
  switch (runner) {
    case 'vitest':
      return [
        {
          path: `crash/${name}.test.${extension}`,
          text: `import { crashTest } from 'crash-matrix/vitest';

crashTest('${store}');
`,
        },
      ];
    case 'node':
      return [
        {
          path: `crash/${name}.test.${extension}`,
          text: `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runMatrix } from 'crash-matrix';

test('${name} survives', async (t) => {
  const store = new URL('${store}', import.meta.url);
  for await (const event of runMatrix({ store, effort: 'quick' })) {
    if (event.kind !== 'cell-done') continue;
    const { scenario, model, profile = '' } = event.cell;
    await t.test(\`\${scenario} \${model} \${profile}\`, () => assert.ok(event.failure === undefined, event.failure));
  }
});
`,
        },
      ];
    case 'jest': {
      const isScript = language === 'typescript' || modules === 'esm';
      const head = isScript ? `import { runMatrix } from 'crash-matrix';` : `const { runMatrix } = require('crash-matrix');`;
      return [
        {
          path: `crash/${name}.test.${language === 'typescript' ? 'ts' : 'js'}`,
          text: `${head}

test('${name} survives', async () => {
  const { causes } = await runMatrix({ store: 'crash/${name}.${extension}', effort: 'quick' });
  expect(causes.filter(({ status }) => status === 'broken').map(({ says }) => says)).toEqual([]);
}, 600_000);
`,
        },
      ];
    }
    case 'none':
      return [];
    default:
      return runner satisfies never;
  }
}

function workflowText({ manager }: Project): string {
  const { install, run } = MANAGERS[manager];
  const setup = manager === 'bun' ? '      - uses: oven-sh/setup-bun@v2\n' : manager === 'npm' ? '' : '      - run: corepack enable\n';
  const cache = manager === 'bun' ? '' : `          cache: ${manager}\n`;
  return `# Crashes the store on each push. A broken claim fails the job, with an annotation at the line that loses data.
name: crash-matrix
on: [push, pull_request]
permissions:
  contents: read
jobs:
  crash-matrix:
    runs-on: ubuntu-latest
    timeout-minutes: 30
    steps:
      - uses: actions/checkout@v4
${setup}      - uses: actions/setup-node@v4
        with:
          node-version: 22
${cache}      - run: ${install}
      - run: ${run} crash-matrix run --reporter terminal,github,html --output-dir crash-matrix-report
      - if: failure()
        uses: actions/upload-artifact@v4
        with:
          name: crash-matrix
          path: crash-matrix-report/
`;
}
