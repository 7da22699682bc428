/** Debian's chromium, or another one: for pictures of the page, and for tests of it, which are skipped where no browser is installed. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** The path of the program, or the reason why none was found. */
export const BROWSER: { readonly path: string } | { readonly missing: string } = find();

function find(): { readonly path: string } | { readonly missing: string } {
  for (const directory of (process.env.PATH ?? '').split(delimiter))
    for (const name of NAMES) if (isProgram(join(directory, name))) return { path: join(directory, name) };
  return { missing: 'there is no chromium here: apt-get install chromium' };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Limit for a start of the browser and for each thing that a test waits for in it. It ends what hangs; a busy machine does not reach it. */
export const BROWSER_MS = 200_000;

export async function openBrowser(): Promise<Browser> {
  if ('missing' in BROWSER) throw new Error(BROWSER.missing);
  // Root has no sandbox; /dev/shm is small in containers.
  return chromium.launch({ executablePath: BROWSER.path, timeout: BROWSER_MS, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}
