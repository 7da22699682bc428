/** An op in words, and the line of source that asked for it, as results hold them. */
import * as z from 'zod';

export const siteLine = z.object({
  file: z.string().describe('Path relative to the working directory of the run'),
  line: z.int().positive(),
  column: z.int().positive(),
  in: z.string().optional().describe('The function that the line is in'),
  source: z.string().optional().describe('The text of the line'),
});

export const opLine = z.object({
  index: z.int().positive().describe('1 for the first op of the run'),
  text: z.string().describe('The op in words, e.g. "rename sessions.json -> sessions.json.bak.<time>"'),
  site: siteLine.optional().describe('Where in the source the store asked for it'),
});
