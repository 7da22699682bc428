/** The HTML report without a result in it, as `harness/build.mjs` made it. Read when it is asked for, so that no other command waits for it. */
import { readFileSync } from 'node:fs';
import { findInstallation } from './installation.ts';

/** `from` is the URL of any module of the package, bundled or not. */
export function builtPage(from: string): string {
  return readFileSync(findInstallation(from).page, 'utf8');
}
