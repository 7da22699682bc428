#!/usr/bin/env node
/** The program `crash-matrix`. */
import { openOutput } from './output.ts';
import { INTERRUPTED, runProgram } from './program.ts';

const exitCode = await runProgram(process.argv.slice(2), openOutput());
if (exitCode === INTERRUPTED) process.exit(exitCode); // what goes on in the background has nothing left to work with
process.exitCode = exitCode;
