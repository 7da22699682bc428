/** Formats counts, times and text for one line of output. */

/** `1 kill`, `1,204 kills`. */
export function counted(count: number, singular: string, plural = `${singular}s`): string {
  return `${withCommas(count)} ${count === 1 ? singular : plural}`;
}

/** `1204.5` -> `1,204.5`, in every locale. Without `toLocaleString`: its first call loads locale data. */
export function withCommas(count: number): string {
  const [whole = '', ...fraction] = String(count).split('.');
  return [whole.replace(/\B(?=(?:\d{3})+$)/g, ','), ...fraction].join('.');
}

/** `0.4 s`, `48 s`, `2 min 5 s`. */
export function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** As one word of a shell, on one line: of a POSIX shell, or where it has control characters of those that know `$'…'` (bash, zsh). */
export function quoted(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return /\p{Cc}/u.test(word) ? `$'${escaped(word)}'` : `'${word.replaceAll("'", "'\\''")}'`;
}

const escaped = (word: string): string =>
  word
    .replace(/[\\']/g, '\\$&')
    .replaceAll('\n', '\\n')
    .replaceAll('\t', '\\t')
    .replace(/\p{Cc}/gu, (character) => Buffer.from(character).reduce((all, byte) => `${all}\\x${byte.toString(16).padStart(2, '0')}`, ''));

/** Makes text from a store (names, messages) safe to print: escapes control characters, which could move the cursor, and halves of pairs. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, (character) => {
    if (character === '\n') return '\\n';
    if (character === '\t') return '\\t';
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}
