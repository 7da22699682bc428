#!/usr/bin/env node
/** The program `crash-matrix`. */
import { openOutput } from './output.ts';
import { INTERRUPTED, runProgram } from './program.ts';

const exitCode = await runProgram(process.argv.slice(2), openOutput());
if (exitCode === INTERRUPTED) process.exit(exitCode); // work in the background would go on without its directories
process.exitCode = exitCode;
