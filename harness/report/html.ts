/**
 * One page that opens from disk: the built page, with the result in it as compressed data. What the page shows is in `page/`.
 *
 * Data is base64, which cannot end its element, and the page makes text of it, never markup.
 */
import { gzipSync } from 'node:zlib';
import type { Result } from '../domain/result.ts';
import { builtPage } from '../machine/built-page.ts';
import { chunkId, DATA_TYPE, HEAD_ID } from './page/data.ts';
import { pageData } from './page-data.ts';

export function htmlReport(result: Result): string {
  return filledPage(builtPage(import.meta.url), result);
}

/**
 * `shell`: a page with the places `<!-- head -->` and `<!-- cases -->`.
 * @internal
 */
export function filledPage(shell: string, result: Result): string {
  const [start, middle, end, ...others] = shell.split(/<!-- (?:head|cases) -->/);
  if (end === undefined || others.length > 0) throw new Error('the page has no places for its data');
  const chunks: string[] = [];
  // One after the other: a million cases are a gigabyte of text before they are compressed.
  const head = pageData(result, (cases) => void chunks.push(dataElement(chunkId(chunks.length), cases)));
  return [start, dataElement(HEAD_ID, JSON.stringify(head)), middle, chunks.join('\n'), end].join('');
}

function dataElement(id: string, json: string): string {
  return `<script type="${DATA_TYPE}" id="${id}">${gzipSync(json).toString('base64')}</script>`;
}
