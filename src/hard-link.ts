import { errorCode } from './error-code.ts';

// EPERM: FAT and Linux; EACCES: Android; EISDIR: libuv's code for the refusal on Windows; EMLINK: too many links.
const REFUSALS: ReadonlySet<string | undefined> = new Set(['EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EISDIR', 'EMLINK']);

/** Whether this error of link(2) says that links are not possible here, so that a fallback is worth a try. */
export function linksRefused(error: unknown): boolean {
  return REFUSALS.has(errorCode(error));
}
