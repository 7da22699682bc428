#!/usr/bin/env node
/** The program `crash-matrix`, which `runMatrix` starts too. */
import { SERVES } from '../protocol/matrix.ts';
import { INTERRUPTED } from './exit-code.ts';
import { openOutput, UNWRITABLE } from './output.ts';
import { runProgram } from './program.ts';
import { serve } from './serve.ts';

const [first] = process.argv.slice(2);
if (first === SERVES && process.send !== undefined) {
  await serve();
  process.exit(); // as below
}
const exitCode = await runProgram(process.argv.slice(2), openOutput());
if (exitCode === INTERRUPTED) process.exit(exitCode); // work in the background would go on without its directories
if (process.exitCode !== UNWRITABLE) process.exitCode = exitCode; // whatever a configuration set it to
