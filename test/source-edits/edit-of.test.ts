/** Which edit is made of which source. Whether it mends anything is for the tests that run the changed store. */
import { describe, expect, test } from 'vitest';
import type { Cause, MissingBarrierLine, OpLine } from '../../harness/domain/result.ts';
import { editsOf } from '../../harness/source-edits/edit-of.ts';

/** The op that is asked for at a mark in a source: by the name right after the mark. */
function opAt(source: string, mark: string, text: string, file: string): OpLine {
  const lines = source.split('\n');
  const line = lines.findIndex((one) => one.includes(mark));
  const column = (lines[line]?.indexOf(mark) ?? 0) + mark.length + 1;
  return { index: 1, text, site: { file, line: line + 1, column } };
}

type Missing = 'file' | 'directory' | 'both';

/** Marks: a comment with a w before the name of the call that writes, and one with an r before that of the rename. They stay in the text. */
function causeOf(source: string, missing: Missing | 'in-place', file: string): Cause {
  const at = (mark: string, text: string): OpLine | undefined => (source.includes(mark) ? opAt(source, mark, text, file) : undefined);
  const [written, renamed] = [at('/*w*/', 'write t 0..9'), at('/*r*/', 'rename t -> live')];
  const ofFile: MissingBarrierLine = {
    target: 'file',
    path: 't',
    ...(written && { after: written }),
    before: renamed === undefined ? { kind: 'end' } : { kind: 'op', op: renamed },
    times: 1,
  };
  const ofDirectory: MissingBarrierLine = {
    target: 'directory',
    path: '.',
    ...(renamed && { after: renamed }),
    before: { kind: 'acknowledgement', step: 0 },
    times: 1,
  };
  const barriers = missing === 'both' ? [ofFile, ofDirectory] : missing === 'file' ? [ofFile] : [ofDirectory];
  return {
    id: 'notes/x/1',
    store: 'notes',
    mechanism: missing === 'in-place' ? 'written-in-place' : 'renamed-unsynced',
    op: 'write live',
    ...((written ?? renamed)?.site && { site: (written ?? renamed)?.site }),
    says: '',
    outcomes: ['empty'],
    cells: [],
    worst: {},
    cases: 1,
    shortest: '',
    status: 'broken',
    mend: missing === 'in-place' ? { text: '', verified: false } : { text: '', verified: true, barriers },
  } as Cause;
}

/** The lines of the first edit that are not in the source. */
function added(source: string, missing: Missing | 'in-place', file = 'notes.mjs'): string[] {
  const edits = editsOf(causeOf(source, missing, file), source);
  if (edits.kind === 'none') return [`none, because ${edits.because}`];
  const before = new Set(source.split('\n'));
  return edits.texts[0].split('\n').filter((line) => !before.has(line));
}

const FORCED = (path: string, fs: string): string[] => [
  `  const directory = await ${fs}open(${path}, 'r');`,
  '  try {',
  '    await directory.sync();',
  '  } finally {',
  '    await directory.close();',
  '  }',
];

describe('a barrier', () => {
  test.each<[string, string, Missing, readonly string[]]>([
    [
      'after a write to a handle',
      "import fs from 'node:fs';\nasync function save(h) {\n  await h./*w*/writeFile('x');\n}",
      'file',
      ['  await h.sync();'],
    ],
    [
      'after the loop that writes to a handle',
      'async function save(h, parts) {\n  for (const part of parts) {\n    await h./*w*/write(part);\n  }\n}',
      'file',
      ['  await h.sync();'],
    ],
    [
      'in the loop that opens the handle',
      'async function save(parts) {\n  for (const part of parts) {\n    const h = await open(part);\n    await h./*w*/write(part);\n  }\n}',
      'file',
      ['    await h.sync();'],
    ],
    [
      'after a write to a descriptor, with the import that is lacking',
      "import { writeSync } from 'fs';\nfunction save(fd) {\n  /*w*/writeSync(fd, 'x');\n}",
      'file',
      ["import { writeSync, fsyncSync } from 'fs';", '  fsyncSync(fd);'],
    ],
    [
      'as an option of writeFile, beside its encoding',
      "import fsp from 'node:fs/promises';\nasync function save(t) {\n  await fsp./*w*/writeFile(t, 'x', 'utf8');\n}",
      'file',
      ["  await fsp./*w*/writeFile(t, 'x', { encoding: 'utf8', flush: true });"],
    ],
    [
      'by opening the file again, where options cannot be seen through',
      "const fs = require('fs');\nfunction save(t, how) {\n  fs./*w*/writeFileSync(t, 'x', how);\n}",
      'file',
      [
        "  const written = fs.openSync(t, 'r+');",
        '  try {',
        '    fs.fsyncSync(written);',
        '  } finally {',
        '    fs.closeSync(written);',
        '  }',
      ],
    ],
    [
      'of the directory, which a name says',
      "import fs from 'node:fs';\nimport { join } from 'node:path';\nasync function save(dir, t) {\n  await fs.promises./*r*/rename(t, join(dir, 'a'));\n}",
      'directory',
      FORCED('dir', 'fs.promises.'),
    ],
    [
      'of the directory, past a name that hides the import',
      "import { rename } from 'node:fs/promises';\nimport path from 'node:path';\nasync function save(path, t) {\n  await /*r*/rename(t, path);\n}",
      'directory',
      ["import { rename, open } from 'node:fs/promises';", "import { dirname } from 'node:path';", ...FORCED('dirname(path)', '')],
    ],
    [
      'of file and directory at once',
      "import fs from 'node:fs';\nimport path from 'node:path';\nasync function save(t, file) {\n  await fs.promises./*w*/writeFile(t, 'x');\n  return fs.promises./*r*/rename(t, file);\n}",
      'both',
      [
        "  await fs.promises./*w*/writeFile(t, 'x', { flush: true });",
        '  await fs.promises.rename(t, file);',
        ...FORCED('path.dirname(file)', 'fs.promises.'),
      ],
    ],
    [
      'after a statement without braces, and without semicolons',
      "import fs from 'node:fs'\nfunction save(fd, is) {\n  if (is) fs./*w*/writeSync(fd, 'x')\n}",
      'file',
      ['  if (is) {', "    fs./*w*/writeSync(fd, 'x')", '    fs.fsyncSync(fd)'],
    ],
  ])('%s', (_, source, missing, expected) => {
    const lines = added(source, missing);
    for (const line of expected) expect(lines.map((one) => one.replaceAll('/*r*/', ''))).toContain(line);
  });

  test('before the rename is the other way, whatever wrote the file', () => {
    const source = "import fs from 'node:fs';\nasync function save(t, a) {\n  await pipe(t);\n  await fs.promises./*r*/rename(t, a);\n}";
    const edits = editsOf(causeOf(source, 'file', 'notes.mjs'), source);
    expect(edits.kind === 'edits' && edits.texts.join()).toContain("const written = await fs.promises.open(t, 'r+');");
  });
});

describe('writing in place becomes a replacement', () => {
  test('in an arrow function without braces, of TypeScript', () => {
    const source =
      "import fs from 'node:fs';\nconst write = (path: string, text: string) => fs.promises./*w*/writeFile(path, text, { mode: 0o600 });\n";
    expect(added(source, 'in-place', 'notes.ts')).toEqual([
      "import { randomUUID } from 'node:crypto';",
      "import { dirname } from 'node:path';",
      'const write = async (path: string, text: string) => {',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a template.
      '  const temporary = `${path}.${randomUUID()}.tmp`;',
      '  try {',
      '    await fs.promises.writeFile(temporary, text, { mode: 0o600, flush: true });',
      '    await fs.promises.rename(temporary, path);',
      '  } catch (error) {',
      '    await fs.promises.rm(temporary, { force: true }).catch(() => {});',
      '    throw error;',
      '  }',
      "  const directory = await fs.promises.open(dirname(path), 'r');",
      '  try {',
      '    await directory.sync();',
      '  } finally {',
      '    await directory.close();',
      '  }',
      '};',
    ]);
  });

  test('with line breaks as the file has them', () => {
    const source = "const fs = require('fs');\r\nexports.save = (f, v) => {\r\n  fs./*w*/writeFileSync(f, v);\r\n};\r\n";
    const edits = editsOf(causeOf(source, 'in-place', 'notes.cjs'), source);
    expect(edits.kind === 'edits' && edits.texts[0].replaceAll('\r\n', '')).not.toContain('\n');
    expect(edits.kind === 'edits' && edits.texts[0]).toContain("const { randomUUID } = require('node:crypto');\r\n");
  });
});

describe('no edit is made', () => {
  test.each<[string, string, Missing | 'in-place', string]>([
    ['of a call that ends in a callback', "import fs from 'fs';\nfs./*w*/writeFile(a, b, () => {});", 'in-place', 'it ends in a callback'],
    ['of a promise that nobody awaits', "import fs from 'fs';\nfs.promises./*w*/writeFile(a, b).then(c);", 'in-place', 'not awaited'],
    [
      'of a function that is not of fs',
      "import { writeFile } from 'other';\nawait /*w*/writeFile(a, b);",
      'in-place',
      'not imported from node:fs',
    ],
    ['of an append', "import fs from 'fs';\nfs./*w*/appendFileSync(a, b);", 'in-place', 'this is appendFile'],
    [
      'of a write with a flag of its own',
      "import fs from 'fs';\nfs./*w*/writeFileSync(a, b, { flag: 'a' });",
      'in-place',
      'cannot be seen through',
    ],
    ['where a result is used', "import fs from 'fs';\nconst x = [fs./*w*/writeFileSync(a, b)];", 'in-place', 'its result is used'],
    ['where a name would be made again', "import fs from 'fs';\nfs./*r*/renameSync(a, tempName());", 'directory', 'may be something else'],
    [
      'of a write to an open file, whose descriptor is no path',
      "import fs from 'fs';\nconst to = fs.openSync(a, 'w');\nfs./*w*/writeFileSync(to, b);",
      'in-place',
      'to is an open file',
    ],
    [
      'of the directory of an open file',
      "import { open, appendFile } from 'fs/promises';\nlet to;\nto = await open(a, 'a');\nawait /*r*/appendFile(to, b);",
      'directory',
      'does not show which directory',
    ],
    ['of what cannot be parsed', "import fs from 'fs';\nfs./*w*/writeFileSync(a, b", 'in-place', 'the source cannot be read'],
  ])('%s', (_, source, missing, because) => {
    expect(added(source, missing)).toEqual([expect.stringContaining(because)]);
  });

  test('where the mechanism has no rule', () => {
    const source = "import fs from 'fs';\nfs./*w*/renameSync(a, b);";
    const cause = { ...causeOf(source, 'in-place', 'notes.mjs'), mechanism: 'moved-away' } as const;
    expect(editsOf(cause, source)).toEqual({ kind: 'none', because: 'it takes more than a barrier, and no rule rewrites such code' });
  });

  test('in a file that the barrier does not belong into', () => {
    const source = "import fs from 'fs';\nfs./*w*/writeSync(a, b);\nfs./*r*/renameSync(a, b);";
    const cause = causeOf(source, 'both', 'notes.mjs');
    const [first, second] = cause.mend?.barriers ?? [];
    if (first === undefined || second?.after?.site === undefined) throw new Error('it has two');
    const elsewhere = { ...second, after: { ...second.after, site: { ...second.after.site, file: 'other.mjs' } } };
    const mend = { text: '', verified: true, barriers: [first, elsewhere] };
    expect(editsOf({ ...cause, mend }, source)).toEqual({ kind: 'none', because: 'it belongs into other.mjs' });
  });
});
