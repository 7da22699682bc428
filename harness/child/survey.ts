/**
 * Does everything with a store that is done with it when nothing goes wrong, while a tracer watches from the first line:
 * `node survey.cjs <survey file> <directory>`. It evaluates the store for each scenario, carries the scenario out, and recovers. It notes by
 * itself what a tracer cannot distinguish from other syscalls: that the store talks to a server.
 *
 * Only what it uses outside of the store's directories counts. What a step returns, and whether it fails, is judged elsewhere.
 */
import { readFileSync } from 'node:fs';
import type { SurveyFile, SurveyVisit } from '../protocol/survey.ts';
import { NOTHING_LEFT_TO_WAIT_FOR } from '../record/fault.ts';
import { loadBundle } from './load-bundle.ts';
import { recoverDirectory } from './recover-directory.ts';
import { carryOut, recordingHere, untilFilesAreIdle } from './steps.ts';
import { watchOutside } from './watch-outside.ts';

async function visit(bundle: string, { directory, steps, next }: SurveyVisit): Promise<void> {
  const store = await loadBundle(bundle);
  for (const step of steps) await carryOut(store, directory, step).catch(() => {});
  await recoverDirectory(store, { directory, next }, () => {});
}

async function main(file: string): Promise<void> {
  const recording = recordingHere();
  recording.start();
  process.on('beforeExit', () => process.exit(NOTHING_LEFT_TO_WAIT_FOR));
  const { bundle, visits, notes, own } = JSON.parse(readFileSync(file, 'utf8')) as SurveyFile;
  const outside = watchOutside(notes, own);
  outside.begin(bundle);
  for (const one of visits) await visit(bundle, one);
  outside.end();
  await untilFilesAreIdle(recording);
  recording.finish();
  process.exit(0);
}

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('usage: survey.cjs <survey file>');
void main(file);
