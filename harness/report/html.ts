/**
 * One page that opens from disk: the built page, with the result in it as compressed data. What the page shows is in `page/`.
 *
 * Data is base64, which cannot end its element, and the page makes text of it, never markup.
 */
import { gzipSync } from 'node:zlib';
import type { Result } from '../domain/result.ts';
import { builtPage } from '../machine/built-page.ts';
import { chunkId, DATA_TYPE, evidenceId, HEAD_ID, SOURCES_ID } from './page/data.ts';
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
  const evidence: string[] = [];
  const head = pageData(result, {
    addChunk: (cases) => void chunks.push(dataElement(chunkId(chunks.length), cases)),
    addEvidence: (some) => void evidence.push(dataElement(evidenceId(evidence.length), some)),
  });
  const sources = head.files.length === 0 ? [] : [dataElement(SOURCES_ID, JSON.stringify(result.evidence?.sources))];
  return [start, dataElement(HEAD_ID, JSON.stringify(head)), middle, [...chunks, ...evidence, ...sources].join('\n'), end].join('');
}

function dataElement(id: string, json: string): string {
  return `<script type="${DATA_TYPE}" id="${id}">${gzipSync(json).toString('base64')}</script>`;
}
