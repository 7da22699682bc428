/**
 * `npm run pictures`: makes the pictures of the README anew, in docs/pictures/, from one run of the store that the README shows. Needs chromium.
 *
 * run.svg is the terminal: the bytes that the command printed, with their colours. page.png is the HTML report of the same run. Two runs of the
 * same version differ in the seconds that they took, in the last line but one; on another machine also in Node's version and the system, in the
 * second line, and in the fonts of page.png.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findInstallation } from '../machine/installation.ts';
import { replaceFile } from '../machine/replace-file.ts';
import { BROWSER_MS, openBrowser } from './browser.ts';
import { terminalSvg } from './terminal-svg.ts';

/** The longest line of the report is the command that replays a case. */
const COLUMNS = 90;
const ROWS = 36;
/** In pixels. */
const PAGE = { width: 1200, height: 1090 };

const { root } = findInstallation(import.meta.url);
const directory = mkdtempSync(join(tmpdir(), 'crash-pictures-'));
try {
  const store = /^```ts\n([\s\S]*?)^```$/m.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1];
  if (store === undefined) throw new Error('the README shows no store');
  writeFileSync(join(directory, 'notes.ts'), store);
  const output = runOf(['run', '--store', './notes.ts', '--no-cache', '--reporter', 'terminal,html=page.html']);
  const svg = terminalSvg({
    title: 'crash-matrix',
    description: 'A store of two functions is shown and run. The report names the line that loses data, and what each model found.',
    columns: COLUMNS,
    rows: ROWS,
    before: `$ cat notes.ts\n${store}`,
    command: 'npx crash-matrix run --store ./notes.ts',
    output,
  });
  await replaceFile(join(root, 'docs/pictures/run.svg'), svg);
  const png = await screenshotOf(join(directory, 'page.html'));
  writeFileSync(join(root, 'docs/pictures/page.png'), png);
} finally {
  rmSync(directory, { recursive: true });
}

/** What it printed. It finds the mistake, so it ends with 1. */
function runOf(args: readonly string[]): string {
  const env = { PATH: process.env.PATH, TMPDIR: directory, COLUMNS: String(COLUMNS), FORCE_COLOR: '1' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'dist/cli.js'), ...args], {
    cwd: directory,
    env,
    encoding: 'utf8',
  });
  if (status !== 1) throw new Error(`the run ended with ${status}: ${stderr}`);
  return stdout.trimEnd();
}

async function screenshotOf(page: string): Promise<Uint8Array> {
  const browser = await openBrowser();
  try {
    const context = await browser.newContext({ viewport: PAGE, colorScheme: 'light' });
    context.setDefaultTimeout(BROWSER_MS);
    const shown = await context.newPage();
    await shown.goto(pathToFileURL(page).href);
    await shown.waitForSelector('h1');
    return await shown.screenshot();
  } finally {
    await browser.close();
  }
}
