/** The file of `--baseline`: causes that are known, and how far they reach. A run fails by what is not in it. */
import * as z from 'zod';
import { EFFORT_NAMES } from './effort.ts';
import { OUTCOME_NAMES } from './outcomes.ts';

export const baselineSchema = z.strictObject({
  schema: z.literal('crash-matrix-baseline/1'),
  causes: z.array(
    z.strictObject({
      id: z.string().describe('As in the causes of a result: it stays the same while the text of the line does'),
      says: z.string().describe('For people: where, and what it does'),
      worst: z.record(z.string(), z.enum(OUTCOME_NAMES)).describe('<model>[:<profile>] -> the worst that it leaves there'),
      cells: z.array(z.string()).describe('The cells that show it. It is mended if all of them ran and none did'),
      effort: z.enum(EFFORT_NAMES).describe('How much was tried when it was found'),
    }),
  ),
});

export type Baseline = z.infer<typeof baselineSchema>;
export type BaselineEntry = Baseline['causes'][number];
