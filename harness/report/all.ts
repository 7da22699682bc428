/** The reporters. A new one is one file and one line here. */
import type { Result } from '../domain/result.ts';
import { agentReport } from './agent.ts';
import { githubReport } from './github.ts';
import { githubSummary } from './github-summary.ts';
import { htmlReport } from './html.ts';
import { jsonReport } from './json.ts';
import { junitReport } from './junit.ts';
import type { Look } from './look.ts';
import { markdownReport } from './markdown.ts';
import { sarifReport } from './sarif.ts';
import { terminalReport } from './terminal.ts';

export interface Reporter {
  /** As `--reporter` has it. */
  readonly name: string;
  /** What it is called in `--output-dir`. A reporter without one always prints. */
  readonly file?: string;
  readonly render: (result: Result, look: Look) => string;
  /** It keeps or shows the evidence of cases, which takes time to collect. */
  readonly evidence?: true;
  /** What is added to the summary of a CI job that has `taken` bytes already. */
  readonly summary?: (result: Result, taken: number) => string;
}

/** The first is the default. Reports are made in this order: what prints comes first, so that it is not lost where a file cannot be written. */
export const REPORTERS: readonly [Reporter, ...Reporter[]] = [
  { name: 'terminal', render: terminalReport },
  { name: 'github', render: githubReport, summary: githubSummary },
  { name: 'agent', render: agentReport },
  { name: 'json', file: 'crash-matrix.json', render: jsonReport, evidence: true },
  { name: 'markdown', file: 'crash-matrix.md', render: markdownReport },
  { name: 'junit', file: 'crash-matrix.junit.xml', render: junitReport },
  { name: 'sarif', file: 'crash-matrix.sarif', render: sarifReport },
  { name: 'html', file: 'crash-matrix.html', render: htmlReport, evidence: true },
];
