/**
 * Describes the exports of a store file, in a process of its own because the file may throw, hang or exit at import.
 * `node describe.cjs <bundle> <now> <names of models>` writes one JSON object to descriptor 3 (see store/description.ts).
 */
import { writeSync } from 'node:fs';
import type { Description } from '../store/description.ts';
import { describeStore } from '../store/description.ts';
import { defaultExport, evaluate } from './load-bundle.ts';

async function main(bundle: string, now: string, names: string): Promise<void> {
  let description: Description;
  try {
    description = describeStore(defaultExport(await evaluate(bundle)), Number(now), names.split(',') as [string, ...string[]]);
  } catch (error) {
    const code = (error as { code?: string } | null)?.code;
    description = {
      kind: 'threw',
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      ...(code !== undefined && { code }),
    };
  }
  writeSync(3, JSON.stringify(description));
  process.exit(0);
}

const [bundle = '', now = '', names = ''] = process.argv.slice(2);
void main(bundle, now, names);
