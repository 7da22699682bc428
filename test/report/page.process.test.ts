/** The page in a browser, opened from disk. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AxeResults } from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { CaseResult, CellResult, Result } from '../../harness/domain/result.ts';
import { causesOf } from '../../harness/explain/causes.ts';
import { htmlReport } from '../../harness/report/html.ts';
import { BROWSER, BROWSER_MS, openBrowser } from '../lab/browser.ts';
import { temporaryDirectory } from '../lab/temporary.ts';
import { failing, resultOf } from './fixture.ts';
import { manyCases } from './many-cases.ts';

const skipped = 'missing' in BROWSER ? `, skipped because ${BROWSER.missing}` : '';

describe.skipIf('missing' in BROWSER)(`the page in a browser${skipped}`, () => {
  const directory = temporaryDirectory();
  let browser: Browser;
  /** What the console of any page said; a violation of the policy is said there. */
  const said: string[] = [];
  const pages: Page[] = [];
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterEach(async () => {
    for (const page of pages.splice(0)) await page.context().close();
    expect(said.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(directory, { recursive: true });
  });

  interface Options {
    readonly fragment?: string;
    readonly colorScheme?: 'light' | 'dark';
    readonly width?: number;
    readonly edit?: (text: string) => string;
  }

  async function open(result: Result, { fragment = '', colorScheme = 'light', width = 1280, edit = String }: Options = {}): Promise<Page> {
    const file = join(directory, 'crash matrix.html');
    writeFileSync(file, edit(htmlReport(result)));
    const context = await browser.newContext({
      colorScheme,
      viewport: { width, height: 900 },
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    context.setDefaultTimeout(BROWSER_MS);
    const page = await context.newPage();
    pages.push(page);
    page.on('console', (message) => said.push(message.text()));
    page.on('pageerror', (error) => said.push(String(error)));
    page.on('request', (request) => request.url().startsWith('file:') || said.push(`asked for ${request.url()}`));
    await page.goto(`${pathToFileURL(file)}${fragment}`);
    await page.waitForSelector('h1, [role=alert]');
    return page;
  }

  const fragmentOf = (page: Page): string => decodeURIComponent(new URL(page.url()).hash);
  const textIn = (page: Page, selector: string): Promise<string> => page.innerText(selector);

  test('says the verdict, and the causes that break a claim before the others', async () => {
    const page = await open(failing);
    expect(await page.title()).toContain('2 claims broken');
    expect(await textIn(page, 'header')).toMatch(
      /crash-matrix 0\.1\.0.*2 claims broken, 1 claim not shown.*ptrace recorder.*Node 20\.20\.2/s,
    );
    const shown = await page.locator('.cause h3').filter({ visible: true }).allInnerTexts();
    expect(shown.length).toBe(failing.causes.filter(({ status }) => status === 'broken').length);
    for (const says of shown) expect(says).toMatch(/^planted: /);
    expect(await textIn(page, 'main')).toMatch(/Known bugs, found as expected: \d+ causes/);
    expect(await textIn(page, 'main')).toMatch(/What was tried and held: 6 cells, \d+ states judged; 6 rows without a loss/);
  });

  test('leads from the matrix to a case by keyboard, and back', async () => {
    const page = await open(failing);
    await page.locator('.heat-cell[href*="planted/replace"]').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    expect(fragmentOf(page)).toBe('#cell=planted/rotate-often/process-kill');
    await page.waitForSelector('.cases a');
    const panel = await textIn(page, 'dialog');
    expect(panel).toMatch(/lossy: empty\s*claims durable: claim broken/);
    expect(panel).toContain('mmap of sessions.idx was not measured');
    expect(await page.locator('.letters').innerText()).toBe(
      failing.cells.find(({ scenario, store }) => store === 'planted' && scenario === 'rotate-often')?.picture,
    );
    expect(await page.locator('.letters .folded').count()).toBeGreaterThan(10);
    await page.click('.cases a');
    await page.waitForSelector('.pair');
    expect(fragmentOf(page)).toBe('#case=planted/rotate-often/process-kill@9');
    expect(await textIn(page, 'dialog')).toMatch(
      /had promised\s+5 entries\s+load\(\) returned\s+\{\}.*killed after op 9.*on disk.*1,204 bytes/s,
    );
    await page.goBack();
    await page.waitForSelector('.cases a');
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog', { state: 'detached' });
    expect(fragmentOf(page)).toBe('');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('href'))).toContain('planted/rotate-often');
  });

  test('filters from the keyboard, and the address keeps it', async () => {
    const page = await open(failing);
    await page.keyboard.press('/');
    await page.keyboard.type('store:planted outcome:blocked');
    expect(fragmentOf(page)).toBe('#filter=store:planted outcome:blocked');
    await page.waitForSelector(`text=1 of ${failing.cells.length} cells`);
    expect(await page.locator('.heat-cell[href]').count()).toBe(1);
    expect(await page.locator('.cause').count()).toBe(1);
    await page.click('.heat-cell[href]');
    await page.waitForSelector('.cases li');
    expect(await page.locator('.cases li').allInnerTexts()).toEqual([expect.stringContaining('@15')]);
    await page.reload();
    await page.waitForSelector('.cases li');
    expect(await page.inputValue('#filter')).toBe('store:planted outcome:blocked');
    await page.keyboard.press('/');
    await page.keyboard.press('Escape');
    await page.waitForFunction((count) => document.querySelectorAll('.heat-cell[href]').length === count, failing.cells.length);
  });

  test('copies the command of a case', async () => {
    const page = await open(failing, { fragment: '#case=planted/replace/process-kill@15' });
    await page.click('dialog .command button');
    await page.waitForSelector('dialog .command >> text=copied');
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('crash-matrix replay planted/replace/process-kill@15');
  });

  test('an address opens what it names, or says that it is not there', async () => {
    const page = await open(failing, { fragment: `#cause=${failing.causes[0]?.id}` });
    const shows = (text: string) => page.waitForFunction((wanted) => document.querySelector('dialog')?.innerText.includes(wanted), text);
    await shows(failing.causes[0]?.says ?? '');
    for (const [fragment, text] of [
      ['#cell=idle/replace/process-kill', 'the store never touched its directory'],
      ['#case=rename-away/update/process-kill@9', 'killed after op 9'],
      ['#case=rename-away/update/process-kill@99', 'There is no case'],
      ['#cell=other/update/process-kill', 'There is no cell'],
    ] as const) {
      await page.evaluate((hash) => location.assign(hash), fragment);
      await shows(text);
    }
  });

  test('a schedule has a lane for each task', async () => {
    const page = await open(scheduled, { fragment: '#case=racy/replace/race@1' });
    await page.waitForSelector('.lanes');
    const rows = await page
      .locator('.lanes tr')
      .evaluateAll((found) =>
        found.map((row) => [...(row as HTMLTableRowElement).cells].map(({ innerText }) => innerText.trim().replaceAll('\n', '; '))),
      );
    expect(rows).toEqual([
      ['updater A', 'updater B'],
      ['open a; read a', ''],
      ['', 'open a; killed here'],
      ['rename b -> a', ''],
    ]);
  });

  test('what was lost is struck out, with what landed without it and what would mend it', async () => {
    const page = await open(scheduled, { fragment: '#case=racy/replace/power-loss:xfs@5' });
    await page.waitForSelector('del');
    expect(await page.locator('del').allInnerTexts()).toEqual(['op 3 write a', 'op 4 write b']);
    expect(await textIn(page, 'dialog')).toMatch(/because\s+op 5 landed without op 3.*would mend it\s+fsync a/s);
  });

  test('what a store is called is text', async () => {
    const [cell, one] = [failing.cells[0], failing.cases[0]];
    if (cell === undefined || one === undefined) throw new Error('the fixture is empty');
    const name = `<img src=x onerror="document.title='bad'">\u202e</script><script>document.title='bad'</script>`;
    const id = `${name}/${cell.scenario}/${cell.model}@1`;
    const cells: CellResult[] = [{ ...cell, store: name, notes: [name], reason: name, status: 'broken' }];
    const cases: CaseResult[] = [
      { ...one, id, found: name, promised: name, onDisk: [{ path: name }], lost: [name], fault: name, replay: name, history: [name] },
    ];
    const page = await open({ ...failing, cells, cases, causes: causesOf(cells, cases) });
    await page.click('.cause h3 a');
    await page.click('.cases a');
    await page.waitForSelector('.pair');
    expect(await page.title()).not.toBe('bad');
    expect(await page.locator('#page img, #page script').count()).toBe(0);
    expect(await textIn(page, '.pair')).toContain(name.replace('\u202e', '\\u{202e}'));
    await page.keyboard.press('/');
    await page.keyboard.type('never');
    await page.waitForSelector('text=No cell matches');
    expect(await page.locator('.heat-cell[href]').count()).toBe(0);
  });

  test('a page that is cut short says so where the rest is needed', async () => {
    const page = await open(failing, { edit: (text) => text.slice(0, text.indexOf('id="data-cases-0"')) });
    expect(await textIn(page, '.verdict')).toContain('2 claims broken');
    await page.click('.heat-cell[href]');
    expect(await textIn(page, 'dialog [role=alert]')).toContain('cut short');
  });

  test('nothing but its own script runs', async () => {
    const page = await open(failing, {
      edit: (text) => text.replace('<div id="page">', '<script>document.title = "bad"</script><div id="page">'),
    });
    expect(await page.title()).not.toBe('bad');
    expect(said.splice(0).join()).toMatch(/Content Security Policy/);
  });

  test('a phone needs no scrolling to the side', async () => {
    const page = await open(failing, { width: 390, fragment: '#case=planted/replace/process-kill@15' });
    await page.waitForSelector('.pair');
    const widths = await page.evaluate(() => [document.documentElement, document.querySelector('dialog')].map((one) => one?.scrollWidth));
    expect(Math.max(...widths.map((width) => width ?? Number.NaN))).toBeLessThanOrEqual(390);
  });

  test.each(['light', 'dark'] as const)('axe finds nothing serious, %s', async (colorScheme) => {
    const page = await open(failing, { colorScheme });
    await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
    for (const fragment of [
      '',
      `cause=${failing.causes[0]?.id}`,
      'cell=planted/rotate-often/process-kill',
      'case=planted/replace/process-kill@15',
    ]) {
      await page.evaluate((hash) => location.assign(`#${hash}`), fragment);
      if (fragment !== '') await page.waitForSelector('dialog .facts');
      await page.evaluate(() => {
        for (const details of document.querySelectorAll('details')) details.open = true;
      });
      const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run());
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(', ')}`)).toEqual([]);
    }
  });

  test('100,000 cases: opens, and pages through the half of them that are in one cell', async () => {
    const page = await open(manyCases(100_000));
    await page.click('.heat-cell[href]');
    await page.waitForSelector('.cases li');
    expect(await page.locator('.cases li').count()).toBe(50);
    await page.click('text=Show more');
    await page.waitForFunction(() => document.querySelectorAll('.cases li').length === 100);
    expect(await textIn(page, 'dialog')).toMatch(/Below the claim 33,\d+/);
  });
});

/** Two tasks of which one is killed, and a power cut. */
const scheduled: Result = (() => {
  const [cell, one] = [failing.cells[0], failing.cases[0]];
  if (cell === undefined || one === undefined) throw new Error('the fixture is empty');
  const racy: CellResult = { ...cell, store: 'racy', scenario: 'replace', status: 'broken', grade: 'lossy' };
  const { after, until, ...rest } = one;
  return resultOf([], {
    cells: [
      { ...racy, model: 'race', picture: '', tried: { kind: 'schedules', reach: 'bounded', tried: 3, distinct: 3, crashes: 0, kills: 1 } },
      { ...racy, model: 'power-loss', profile: 'xfs' },
    ],
    cases: [
      {
        ...rest,
        id: 'racy/replace/race@1',
        killed: 'updater B',
        schedule: [
          { task: 'updater A', ops: ['open a', 'read a'] },
          { task: 'updater B', ops: ['open a'] },
          { task: 'updater A', ops: ['rename b -> a'] },
        ],
      },
      {
        ...one,
        id: 'racy/replace/power-loss:xfs@5',
        lost: ['op 3 write a', 'op 4 write b'],
        landed: 'op 5 landed without op 3',
        missingBarrier: 'fsync a',
      },
    ],
  });
})();
