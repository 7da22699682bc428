/** The page in a browser, opened from disk. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AxeResults } from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { treeOf } from '../../harness/calibrate/tree-sketch.ts';
import type { Evidence } from '../../harness/domain/evidence.ts';
import type { CaseResult, CellResult, Result } from '../../harness/domain/result.ts';
import type { Json, Mark } from '../../harness/domain/trace.ts';
import { causesOf } from '../../harness/explain/causes.ts';
import { EvidenceTable } from '../../harness/explain/evidence-table.ts';
import { BROWSER, BROWSER_MS, openBrowser } from '../../harness/pictures/browser.ts';
import { htmlReport } from '../../harness/report/html.ts';
import { temporaryDirectory } from '../lab/temporary.ts';
import { failing, op, resultOf } from './fixture.ts';
import { manyCases } from './many-cases.ts';

const skipped = 'missing' in BROWSER ? `, skipped because ${BROWSER.missing}` : '';

describe.skipIf('missing' in BROWSER)(`the page in a browser${skipped}`, () => {
  let directory: string;
  let browser: Browser;
  /** What the console of any page said; a violation of the policy is said there. */
  const said: string[] = [];
  const pages: Page[] = [];
  beforeAll(async () => {
    directory = temporaryDirectory(); // not made where these tests are skipped
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

  test('a case shows its run up to the crash, the files before and after, and what load returned beside what was promised', async () => {
    const page = await open(shown, { fragment: `#case=${LOST}` });
    await page.waitForSelector('.timeline');
    const rows = await page
      .locator('.timeline tr')
      .evaluateAll((found) =>
        found.map((row) => [(row as HTMLTableRowElement).innerText.replace(/\s+/g, ' ').trim(), row.className.trim()]),
      );
    expect(rows).toEqual([
      ['1 * write live (not on disk) src/a.ts:2', 'picked'],
      ['the power went here, after op 1', 'crash'],
      ['2 close live', 'after'],
      ['step 1 (save) resolved', 'mark after'],
    ]);
    const files = await page
      .locator('.trees >> nth=0')
      .locator('tr')
      .evaluateAll((found) =>
        found.map((row) => [...row.children].map((cell) => (cell as HTMLElement).innerText.replace(/\s+/g, ' ').trim())),
      );
    expect(files).toEqual([
      ['file', 'before op 1', 'after op 1, to the process', 'on disk, for who loads'],
      ['live', '–', '4 bytes 0600 (differs)', '5,000 bytes 0600 (differs)'],
    ]);
    await page.click('.trees td:nth-child(4) summary');
    expect(await textIn(page, '.trees td:nth-child(4) .contents')).toBe('5,000 zero bytes');
    expect(await page.locator('.diff').first().locator('del, ins').allInnerTexts()).toEqual(['-   "b": 1,', '+   "b": 2,']);
    await page.waitForSelector('.lines');
    const lossy = page.locator('.lines .lossy');
    expect((await lossy.innerText()).replace(/\s+/g, ' ')).toBe('2 E 1 write(a);');
    await lossy.locator('a').click();
    await page.waitForSelector('dialog .cases a');
    expect(fragmentOf(page)).toBe(`#cause=${shown.causes[0]?.id}`);
    expect(await page.locator('.lines .picked').count()).toBe(1);
  });

  test('ticks say what landed, and what the rules do not allow cannot be ticked', async () => {
    const page = await open(shown, { fragment: `#case=${LOST}` });
    await page.waitForSelector('.landing');
    const ticks = page.locator('.landing input');
    const landed = (): Promise<boolean[]> => ticks.evaluateAll((boxes) => boxes.map((box) => (box as HTMLInputElement).checked));
    const found = (): Promise<string> => page.locator('.landing ~ p').first().innerText();
    expect(await landed()).toEqual([false, false, true]);
    expect(await found()).toMatch(/^E empty/);
    await ticks.nth(1).click();
    expect(await landed()).toEqual([true, true, true]);
    expect(await textIn(page, '.landing [role=status]')).toBe('Not allowed by xfs: this to land alone; landed with it: data of live.');
    expect(await found()).toBe('o original all of live');
    await ticks.nth(1).click();
    expect(await landed()).toEqual([true, false, true]);
    expect(await found()).toContain('was not judged, or not kept');
    await ticks.nth(2).click();
    expect(await found()).toContain('not in this report: it has the first 3 combinations');
    await ticks.nth(1).click();
    await ticks.nth(0).click();
    expect(await landed()).toEqual([false, false, false]);
    expect(await textIn(page, '.landing [role=status]')).toContain('to lose this alone; lost with it: its size');
    await page.click('text=As in this case');
    expect(await landed()).toEqual([false, false, true]);
  });

  test('an op leads to the files after it', async () => {
    const page = await open(shown, { fragment: `#case=${LOST}` });
    await page.click('.timeline button >> text=2');
    expect(await textIn(page, '.trees thead')).toContain('after op 2, to the process');
  });

  test('without the evidence of a case it says so', async () => {
    const page = await open(failing, { fragment: '#case=planted/replace/process-kill@15' });
    await page.waitForSelector('text=was made without the runs and files of its cases');
    const more = shown.cases.map((one): CaseResult => ({ ...one, id: `${one.id}6` }));
    const beyond = await open({ ...shown, cases: [...shown.cases, ...more] }, { fragment: `#case=${LOST}6` });
    await beyond.waitForSelector('text=kept of the first 200 cases of a cell');
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
    const evidence = evidenceOf(id, { name, value: { [name]: name }, source: `a();\n${name}` });
    const page = await open({ ...failing, cells, cases, causes: causesOf(cells, cases), evidence });
    await page.click('.cause h3 a');
    await page.click('.cases a');
    await page.waitForSelector('.pair');
    await page.waitForSelector('.lines');
    for (const summary of await page.locator('.trees summary').all()) await summary.click();
    expect(await page.title()).not.toBe('bad');
    expect(await page.locator('#page img, #page script').count()).toBe(0);
    const visible = name.replace('\u202e', '\\u{202e}');
    for (const place of ['.timeline', '.landing', '.trees tbody th >> nth=0', '.contents >> nth=0', '.diff', '.lines'])
      expect(await textIn(page, place), place).toContain(place === '.diff' ? visible.replaceAll('"', '\\"') : visible);
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
    const evidence = evidenceOf('planted/replace/process-kill@15', TOLD);
    const page = await open({ ...failing, evidence }, { width: 390, fragment: '#case=planted/replace/process-kill@15' });
    await page.waitForSelector('.lines');
    const widths = await page.evaluate(() => [document.documentElement, document.querySelector('dialog')].map((one) => one?.scrollWidth));
    expect(Math.max(...widths.map((width) => width ?? Number.NaN))).toBeLessThanOrEqual(390);
  });

  test.each(['light', 'dark'] as const)('axe finds nothing serious, %s', async (colorScheme) => {
    const page = await open({ ...failing, evidence: evidenceOf('planted/replace/process-kill@15', TOLD) }, { colorScheme });
    await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
    for (const fragment of [
      '',
      `cause=${failing.causes[0]?.id}`,
      'cell=planted/rotate-often/process-kill',
      'case=planted/replace/process-kill@15',
    ]) {
      await page.evaluate((hash) => location.assign(`#${hash}`), fragment);
      if (fragment !== '') await page.waitForSelector('dialog .facts');
      if (fragment.startsWith('case=')) await page.waitForSelector('dialog .lines');
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

interface Told {
  /** Of a file, an op and what is in the file. */
  readonly name: string;
  readonly value: Json;
  readonly source: string;
}

/** A run of two ops, of which the first is lost, as the evidence of one case. */
function evidenceOf(id: string, { name, value, source }: Told): Evidence {
  const table = new EvidenceTable();
  const after = treeOf({ [name]: name });
  const ops = [op(1, 'write', name, { site: { file: 'src/a.ts', line: 2, column: 1 } }), op(2, 'close', name)];
  const marks: Mark[] = [{ kind: 'resolved', step: 0, afterOp: 2 }];
  const run = table.addRecorded({ ops, marks, trees: [new Map(), after, after], steps: [{ kind: 'save', value }] }, []);
  const left = table.addTree(treeOf({ [name]: new Uint8Array(5000) }), []);
  const [promised, loaded] = [table.addValue(value), table.addValue({ a: 1, b: 2, c: 3 })];
  const whole = table.addTree(after, []);
  // The size cannot land without the data: the data takes it with it.
  const cut = table.addCut({
    rules: 'xfs',
    boundary: 1,
    pieces: [
      { text: `data of ${name}`, takes: [0, 1] },
      { text: 'its size', takes: [1] },
      { text: 'another', takes: [2] },
    ],
    certain: 2,
    trees: [whole, left],
    states: [
      ['111', 0],
      ['101', 1],
      ['001', 1],
    ],
    isWhole: false,
    judged: { [whole]: { outcome: 'original', found: `all of ${name}` } },
  });
  const led = [{ run, at: { op: 1 }, crash: 'the power went here', lost: [1] }];
  table.addCase(id, { led, left, promised: [promised], loaded, cut: { id: cut, lost: [0, 1] } });
  return { ...table.evidence(), sources: { 'src/a.ts': source } };
}

const TOLD: Told = { name: 'live', value: { a: 1, b: 1, c: 3 }, source: 'start();\nwrite(a);\n' };

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

const LOST = 'racy/replace/power-loss:xfs@5';

/** The power cut with its evidence, and a cause in the source. */
const shown: Result = (() => {
  const site = { file: 'src/a.ts', line: 2, column: 1, source: 'write(a);' };
  const blame = { mechanism: 'written-in-place', op: 'write live', site } as const;
  const cases = scheduled.cases.map((one): CaseResult => ({ ...one, blame }));
  return { ...scheduled, cases, causes: causesOf(scheduled.cells, cases), evidence: evidenceOf(LOST, TOLD) };
})();
