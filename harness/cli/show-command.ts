/** `crash-matrix show`: opens the HTML report of a run; of a `crash-matrix.json` it makes one first. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { UsageError } from '../domain/errors.ts';
import { redactedResult } from '../explain/redacted.ts';
import { replaceFile } from '../machine/replace-file.ts';
import { htmlReport } from '../report/html.ts';
import type { CliCommand } from './command.ts';
import { parseJsonFile, RESULT, readText } from './json-file.ts';
import { redact } from './options.ts';
import type { Output } from './output.ts';

/** What is opened where nothing is named: the first of these that is there. */
const DEFAULTS = ['crash-matrix.html', 'crash-matrix.json'] as const;

/** What every HTML report has in its first lines. */
const GENERATOR = '<meta name="generator" content="crash-matrix">';

interface ShowFlags {
  readonly redact: boolean;
}

export const showCommand: CliCommand<ShowFlags> = {
  name: 'show',
  description: 'open the HTML report of a run in the browser',
  arguments: [{ name: 'report', description: `a report as HTML or JSON (default: ${DEFAULTS.join(' or ')})`, optional: true }],
  options: [redact()],
  examples: [
    'crash-matrix show report/crash-matrix.html',
    'crash-matrix show crash-matrix.json',
    'crash-matrix show crash-matrix.json --redact',
  ],
  run: ([report], flags, output) => show(report ?? defaultReport(flags), flags, output),
};

/** What is redacted is a result. */
function defaultReport({ redact: isRedacted }: ShowFlags): string {
  const found = DEFAULTS.find((name) => existsSync(name) && !(isRedacted && name.endsWith('.html')));
  if (found !== undefined) return found;
  throw new UsageError(
    `there is no ${DEFAULTS.join(' or ')} here`,
    'A run writes one: crash-matrix run --reporter html=crash-matrix.html; or name another: crash-matrix show <report>',
  );
}

async function show(report: string, flags: ShowFlags, output: Output): Promise<number> {
  const page = await pageOf(resolve(report), readText('show', report), report, flags);
  const problem = await openInBrowser(page);
  if (problem !== undefined) output.note(`open it yourself: ${problem}`);
  output.print(page);
  return 0;
}

/** The path of the page itself, or of one that is made of a result. */
async function pageOf(path: string, text: string, report: string, { redact: isRedacted }: ShowFlags): Promise<string> {
  if (isPage(text) && isRedacted)
    throw new UsageError(
      `${report} is a page, and a page cannot be redacted`,
      'Name the result that it was made of: crash-matrix show crash-matrix.json --redact',
    );
  if (isPage(text)) return path;
  if (/\.html?$/i.test(path))
    throw new UsageError(
      `show ${report}: it is no report of crash-matrix, or only a part of one`,
      'A run writes one: crash-matrix run --reporter html=crash-matrix.html',
    );
  const result = parseJsonFile('show', report, text, RESULT);
  const page = htmlReport(isRedacted ? redactedResult(result) : result);
  const beside = path.replace(/(?:\.json)?$/i, '.html');
  const isForeign = existsSync(beside) && !isPage(readFileSync(beside, 'utf8'));
  const elsewhere = join(tmpdir(), `crash-matrix-${basename(beside)}`);
  if (isForeign) return written(elsewhere, page);
  // A downloaded artifact may lie where nothing can be written.
  return written(beside, page).catch(() => written(elsewhere, page));
}

/** Whole: what is cut short has no end. */
const isPage = (text: string): boolean => text.slice(0, 2000).includes(GENERATOR) && text.trimEnd().endsWith('</html>');

async function written(path: string, text: string): Promise<string> {
  await replaceFile(path, text);
  return path;
}

/** How long an opener may take to say that it cannot: those that can either end at once, or stay with the browser. */
const OPENER_MS = 3000;

/** Returns why nothing was opened. */
async function openInBrowser(path: string): Promise<string | undefined> {
  const [command, args] = openerOf(path);
  return new Promise((done) => {
    const opener = spawn(command, args, { detached: true, stdio: 'ignore', windowsHide: true });
    const stillThere = setTimeout(() => done(undefined), OPENER_MS);
    const end = (problem: string | undefined): void => {
      clearTimeout(stillThere);
      done(problem);
    };
    opener.on('error', () => end(`there is no ${command} here`));
    opener.on('exit', (code) => end(code === 0 ? undefined : `${command} could not`));
    opener.unref();
  });
}

function openerOf(path: string): readonly [command: string, args: readonly string[]] {
  if (process.platform === 'darwin') return ['open', [path]];
  // `start` is no program; what it is given first is a title.
  if (process.platform === 'win32') return ['cmd', ['/c', 'start', '', path]];
  return ['xdg-open', [path]];
}
