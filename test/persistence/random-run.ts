/** Random calls on a few files, for laws: what fails is part of it. */
import fc from 'fast-check';
import {
  chmod,
  close,
  type Do,
  fdatasync,
  fsync,
  fsyncDir,
  ifOpen,
  link,
  mkdir,
  open,
  rename,
  resolved,
  rmdir,
  symlink,
  sync,
  truncate,
  unlink,
  write,
} from '../../harness/calibrate/run.ts';

const PATHS = ['a', 'b', 'c', 'd/a', 'd/b', 'd'] as const;
const path = fc.constantFrom(...PATHS);
const how = fc.constantFrom('new', 'truncate', 'append', 'write', 'create');
const size = fc.oneof(fc.nat(20), fc.constantFrom(4090, 4096, 4100, 8192, 9000));
const text = fc.tuple(
  fc.constantFrom('x', 'y', 'z', '\0'),
  fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 6 }) }, { weight: 1, arbitrary: size }),
);

const naming: fc.Arbitrary<Do> = fc.oneof(
  fc.tuple(path, path).map(([from, to]) => rename(from, to)),
  fc.tuple(path, path).map(([from, to]) => link(from, to)),
  path.map((at) => unlink(at)),
);
const rare: fc.Arbitrary<Do> = fc.oneof(
  fc.tuple(fc.constantFrom('a', 'b', '../a', 'd'), path).map(([to, at]) => symlink(to, at)),
  fc.constant(mkdir('d')),
  path.map((at) => rmdir(at)),
  fc.tuple(path, fc.constantFrom(0o600, 0o644, 0o755)).map(([at, mode]) => chmod(at, mode)),
  fc.constant(mkdir('c')),
);
const content: fc.Arbitrary<Do> = fc.oneof(
  fc
    .tuple(path, text, fc.option(size, { nil: undefined }))
    .map(([at, [letter, times], offset]) => ifOpen(at, write(at, letter.repeat(times), offset))),
  fc.tuple(path, size).map(([at, to]) => ifOpen(at, truncate(at, to))),
);
const forcing: fc.Arbitrary<Do> = fc.oneof(
  path.map((at) => ifOpen(at, fsync(at))),
  path.map((at) => ifOpen(at, fdatasync(at))),
  fc.constantFrom('.', 'd').map((at) => fsyncDir(at)),
  fc.constant(sync),
);

/** `long` runs are for replaying; short ones have few enough states for counting them all. */
export const calls = (options: { readonly most: number; readonly forced: number }): fc.Arbitrary<Do[]> =>
  fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.tuple(path, how).map(([at, way]) => open(at, way)) },
      { weight: 2, arbitrary: path.map((at) => ifOpen(at, close(at))) },
      { weight: 6, arbitrary: content },
      { weight: 4, arbitrary: naming },
      { weight: 2, arbitrary: rare },
      { weight: options.forced, arbitrary: forcing },
      { weight: 1, arbitrary: fc.constant(resolved) },
    ),
    { minLength: 3, maxLength: options.most },
  );

export const BEFORE = { a: 'aaaa', b: 'b'.repeat(5000), d: { directory: 0o755 }, 'd/a': 'da' };
