/** Programs without an adapter, as the command line takes them: `run --dir D [--check C] -- <command>`. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectNothingLeft, openPlace, type Place } from '../lab/command.ts';

let place: Place;
beforeAll(() => {
  place = openPlace();
  place.write({
    // Each name is acknowledged once its file is there. The first one is then written again in place.
    'in-place.sh': 'for n in a b; do echo "value of $n" > data/$n; echo "ack $n"; done\necho "value of a" > data/a\n',
    'by-rename.sh': 'for n in a b a; do echo "value of $n" > data/$n.tmp && mv data/$n.tmp data/$n; echo "ack $n"; done\necho "done" >&2\n',
    // By exit code.
    'check.sh': 'for n in $CRASH_MATRIX_ACKED; do test "$(cat data/$n)" = "value of $n" || exit 1; done\n',
    // By what it found.
    'found.sh':
      'for n in a b; do test "$(cat data/$n 2>/dev/null)" = "value of $n" && echo "\\"$n\\""; done | paste -sd, | sed \'s/.*/{"found": [&]}/\'\n',
  });
});
afterAll(() => place.close());

const SCRIPTS = { code: 'sh check.sh', json: 'sh found.sh' } as const;

describe('with a check', () => {
  test.each(Object.entries(SCRIPTS))('that answers by %s, a file that is written in place is lost', async (_, check) => {
    const { exitCode, result } = await place.result(['--dir', 'data', '--check', check, '--', 'sh', 'in-place.sh']);
    expect(exitCode).toBe(1);
    const [cell] = result.cells;
    expect(cell).toMatchObject({ store: 'in-place', scenario: 'command', model: 'process-kill', grade: 'lossy', status: 'broken' });
    expect(Object.keys(cell?.outcomes ?? {}).sort()).toContain('lost');
    const lost = result.cases.filter(({ outcome }) => outcome === 'lost');
    expect(lost.map(({ after }) => after?.text)).toEqual(['open a (write, create, truncate)']);
    expect(lost[0]).toMatchObject({
      foundBy: 'the check',
      promised: 'a, b',
      onDisk: [
        { path: 'a', bytes: 0 },
        { path: 'b', bytes: 11 },
      ],
    });
    expect(existsSync(join(place.root, 'data'))).toBe(false);
  });

  test.each(Object.entries(SCRIPTS))('that answers by %s, a file that is replaced by a rename is kept', async (_, check) => {
    const { exitCode, result } = await place.result(['--dir', 'data', '--check', check, '--', 'sh', 'by-rename.sh']);
    expect(result.cells.map(({ grade, reason, notes }) => [grade, reason, notes])).toEqual([['durable', undefined, []]]);
    expect(exitCode).toBe(0);
  });

  test('a program that looks for a terminal, as bash does when it starts, may do without one', async () => {
    const script = '(: < /dev/tty) 2> /dev/null; sh by-rename.sh';
    const { result } = await place.result(['--dir', 'data', '--check', SCRIPTS.code, '--', 'sh', '-c', script]);
    expect(result.cells.map(({ grade }) => grade)).toEqual(['durable']);
  });

  test('a program that acknowledges before it writes is said to', async () => {
    const early = 'for n in a b; do echo "ack $n"; echo "value of $n" > data/$n; done';
    const { result } = await place.result(['--dir', 'data', '--check', SCRIPTS.json, '--', 'sh', '-c', early]);
    expect(result.causes.map(({ mechanism }) => mechanism)).toEqual(['promised-unwritten']);
  });

  test('a case is brought about again by the line that is printed, and the report quotes it', async () => {
    const args = ['--dir', 'data', '--check', SCRIPTS.code, '--', 'sh', 'in-place.sh'];
    const { result } = await place.result(args);
    const [lost] = result.cases.filter(({ violation }) => violation);
    expect(lost?.replay).toBe(
      "crash-matrix replay in-place/command/process-kill@11 --dir data --check 'sh check.sh' -- sh in-place.sh".replace(
        '@11',
        `@${lost?.after?.index}`,
      ),
    );
    const tmp = place.tmp();
    const replayed = await place.run(['replay', lost?.id ?? '', ...args], { tmp });
    expect(replayed.exitCode).toBe(1);
    expect(replayed.stdout).toContain('── ack b ──');
    expect(replayed.stdout).toMatch(/the check +fails: exit code 1 +had promised a, b/);
    await expectNothingLeft(tmp);
    const shown = await place.run(['run', ...['--model', 'process-kill', '--reporter', 'markdown'], ...args]);
    expect(shown.stdout).toContain(lost?.replay);
  });

  test('one that accepts an emptied directory says nothing', async () => {
    const { exitCode, result } = await place.result(['--dir', 'data', '--check', 'true', '--', 'sh', 'by-rename.sh']);
    expect(exitCode).toBe(1);
    expect(result.cells.map(({ grade, reason }) => [grade, reason])).toEqual([
      ['inconclusive', 'vacuous: the check accepts an emptied directory after 3 acknowledgements, so it would accept any loss'],
    ]);
  });

  test('an acknowledgement counts at the write that completes its line, whichever process writes it', async () => {
    place.write({
      'parts.sh': 'echo "value of a" > data/a.tmp; printf "ac"; mv data/a.tmp data/a; (printf "k a"); printf "\\nnack b\\n"\n',
    });
    const { result } = await place.result(['--dir', 'data', '--check', SCRIPTS.code, '--', 'sh', 'parts.sh']);
    expect(result.cells.map(({ grade, reason }) => [grade, reason])).toEqual([['durable', undefined]]);
    expect(result.cases.at(-1)?.promised).toBe('a');
  });

  test('the directory is copied, and stays as it is', async () => {
    mkdirSync(join(place.root, 'kept'));
    writeFileSync(join(place.root, 'kept', 'old'), 'old');
    const check = 'test -f {dir}/old && for n in $CRASH_MATRIX_ACKED; do test -f "$CRASH_MATRIX_DIR/$n" || exit 1; done';
    const { result } = await place.result([
      '--dir',
      'kept',
      '--check',
      check,
      '--',
      'sh',
      '-c',
      'mv {dir}/old {dir}/new; cp {dir}/new {dir}/old; echo ack new',
    ]);
    expect(result.cells.map(({ grade }) => grade)).toEqual(['lossy']);
    expect(result.cases.filter(({ violation }) => violation).map(({ outcome, promised }) => [outcome, promised])[0]).toEqual([
      'unreadable',
      'nothing yet',
    ]);
    expect(readdirSync(join(place.root, 'kept'))).toEqual(['old']);
    expect(readFileSync(join(place.root, 'kept', 'old'), 'utf8')).toBe('old');
  });
});

describe('a command line that cannot be used', () => {
  test.each([
    ['is not found', ['nosuch-program'], 'the program nosuch-program is not found'],
    ['ends at once', ['true'], 'the program ends and never touches its directory: true'],
    ['fails', ['sh', '-c', 'echo no >&2; exit 3'], 'the program ended with exit code 3 without any crash: no'],
    ['never acknowledges', ['sh', '-c', 'echo x > data/f'], 'the program never acknowledges anything'],
    ['reads its standard input', ['sh', '-c', 'cat > data/f; echo ack f'], 'the program reads its standard input'],
    [
      'asks for a terminal',
      ['sh', '-c', 'read x < /dev/tty || exit 1; echo x > data/f; echo ack f'],
      'It looked for a terminal, as bash always does, and has none.',
    ],
    ['does not end', ['sh', '-c', 'echo x > data/f; echo ack f; sleep 60'], 'the program did not end within 2 s'],
  ])('%s', async (_, words, message) => {
    const { exitCode, stderr } = await place.run(['run', '--timeout', '2', '--dir', 'data', '--check', 'true', '--', ...words]);
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n').length).toBeGreaterThan(1); // what to do next
    expect(exitCode).toBe(2);
  });

  test.each([
    [
      'a check that refuses the run that was not crashed',
      ['--dir', 'data', '--check', 'echo no such row >&2; exit 1', '--', 'sh', 'by-rename.sh'],
      'the check fails on what the program leaves when it is not crashed: exit code 1: no such row',
    ],
    ['a program without a directory', ['--', 'sh', 'by-rename.sh'], 'crash-matrix run --dir data -- sh by-rename.sh'],
    [
      'a program without a directory, and a line that the shell would take apart',
      ['--', 'sh', '-c', 'echo new > data/f\necho'],
      `crash-matrix run --dir data -- sh -c $'echo new > data/f\\necho'`,
    ],
    ...['at-rest', 'through-link'].map((model): [string, string[], string] => [
      `a program under ${model}`,
      ['--dir', 'data', '--model', model, '--', 'true'],
      `a program cannot be run under ${model}: it needs the functions of a store`,
    ]),
    ['a check without a program', ['--check', 'true'], '--check is for a program, and none is given'],
    ['a store and a program', ['--store', 'hardened', '--dir', 'data', '--', 'true'], 'either stores or a program'],
    ['a directory that is a file', ['--dir', 'check.sh', '--', 'true'], '--dir check.sh is no directory'],
  ])('%s', async (_, args, message) => {
    const { exitCode, stderr } = await place.run(['run', ...args]);
    expect(stderr).toContain(message);
    expect(exitCode).toBe(2);
  });

  test.runIf(process.getuid?.() !== 0)('a directory that cannot be read', async () => {
    mkdirSync(join(place.root, 'secret'), { mode: 0 });
    const { exitCode, stderr } = await place.run(['run', '--dir', 'secret', '--check', 'true', '--', 'true']);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('secret cannot be read: EACCES')]);
    chmodSync(join(place.root, 'secret'), 0o700);
  });

  test('one that writes to the directory itself', async () => {
    mkdirSync(join(place.root, 'real'));
    const { exitCode, stderr } = await place.run([
      'run',
      '--dir',
      'real',
      '--check',
      'true',
      '--',
      'sh',
      '-c',
      `echo x > ${place.root}/real/f; echo ack f`,
    ]);
    expect(stderr).toContain(`the program writes to ${place.root}/real/f itself`);
    expect(stderr).toContain('{dir}');
    expect(exitCode).toBe(2);
  });

  test('what is written outside is said in the report', async () => {
    const outside = join(place.root, 'outside.txt');
    const { result } = await place.result([
      '--dir',
      'data',
      '--check',
      SCRIPTS.code,
      '--',
      'sh',
      '-c',
      `sh by-rename.sh; echo x > ${outside}`,
    ]);
    expect(result.cells.map(({ notes }) => notes)).toEqual([
      [`the program writes outside its directory, which is not crashed: ${outside}`],
    ]);
  });

  test('the binding recorder sees no programs', async () => {
    const { exitCode, stderr } = await place.run([
      'run',
      '--recorder',
      'binding',
      '--dir',
      'data',
      '--check',
      'true',
      '--',
      'sh',
      'by-rename.sh',
    ]);
    expect(stderr).toContain('a program can only be run under the ptrace recorder');
    expect(exitCode).toBe(3);
  });
});

describe('without a check', () => {
  const SORTED = ['--dir', 'lines', '--', 'sort', '-o', 'lines/f', 'lines/f'];
  beforeAll(() => {
    mkdirSync(join(place.root, 'lines'));
    writeFileSync(join(place.root, 'lines', 'f'), 'c\nb\na\n');
  });

  test('a program that reaches its end when it is run again is fine', async () => {
    const { exitCode, result } = await place.result(['--dir', 'data', '--', 'sh', 'by-rename.sh']);
    expect(result.cells.map(({ grade, reason }) => [grade, reason])).toEqual([['durable', undefined]]);
    expect(result.cases[1]).toMatchObject({ foundBy: 'run again', found: 'it reaches what a run without a crash leaves' });
    expect(exitCode).toBe(0);
  });

  test('one that adds at each run reaches the end of two', async () => {
    const { result } = await place.result(['--dir', 'data', '--', 'sh', '-c', 'echo x >> data/log']);
    expect(result.cells.map(({ grade, reason }) => [grade, reason])).toEqual([['durable', undefined]]);
  });

  test('one that does not is no loss, and no pass', async () => {
    const { exitCode, result } = await place.result(SORTED);
    const [cell] = result.cells;
    expect(cell).toMatchObject({ grade: 'inconclusive', violations: 0 });
    expect(cell?.reason).toMatch(
      /^run again after the crash, the program leaves another directory than without one: expected f .*; a --check can say whether that is a loss$/,
    );
    expect(exitCode).toBe(1);
  });

  test('how the second run ended is said', async () => {
    const { result } = await place.result([
      '--dir',
      'data',
      '--',
      'sh',
      '-c',
      'mkdir data/lock || exit 5; echo x > data/f; rmdir data/lock',
    ]);
    expect(result.cells[0]?.reason).toContain('the program ends with exit code 5: mkdir:');
  });
});

describe('under other models', () => {
  const CHECK = 'test -z "$CRASH_MATRIX_ACKED" || test "$(cat data/f)" = new';
  const grades = async (model: string, script: string): Promise<string[]> => {
    const { result } = await place.result(['--model', model, '--dir', 'data', '--check', CHECK, '--', 'sh', '-c', script]);
    return result.cells.map(({ grade, outcomes }) => `${grade} ${Object.keys(outcomes).sort().join(' ')}`);
  };

  test.each([
    ['that forces nothing is lost', 'echo new > data/f; echo ack f', 'lossy lost original'],
    ['that is forced, with its name, is kept', 'echo new > data/f; sync data/f; sync data; echo ack f', 'durable original'],
  ])('power loss: what is acknowledged %s', async (_, script, found) => {
    expect(await grades('power-loss:xfs', script)).toEqual([found]);
  });

  test.each([
    ['goes on after a write that failed', 'echo new > data/f; echo ack f', 'lossy lost original'],
    ['ends where a write failed', 'echo new > data/f && echo ack f', 'durable original'],
  ])('failing calls: a program that %s', async (_, script, found) => {
    expect(await grades('io-error', script)).toEqual([found]);
  });

  test('a server that is started, waited for and stopped is a part of the program', async () => {
    place.write({
      'server.sh':
        'mkfifo "$1/asked" 2>/dev/null; while read line < "$1/asked"; do test "$line" = stop && exit 0; echo "$line" > data/f; echo "$line" > "$1/answer"; done\n',
      'client.sh':
        't=$(mktemp -d); mkfifo $t/asked $t/answer; sh server.sh $t & echo new > $t/asked; read x < $t/answer; echo ack f; echo stop > $t/asked; wait; rm -r $t\n',
    });
    const tmp = place.tmp();
    const { result } = await place.result(['--dir', 'data', '--check', CHECK, '--', 'sh', 'client.sh'], { tmp });
    expect(result.cells.map(({ grade, reason }) => [grade, reason])).toEqual([['durable', undefined]]);
    expect(result.cases.some(({ promised }) => promised === 'f')).toBe(true);
    await expectNothingLeft(tmp);
  });
});

test('--setup makes what each run starts with, and --init a store file that does the same', async () => {
  const tmp = place.tmp();
  const args = [
    '--dir',
    'made',
    '--setup',
    'mkdir -p made && echo old > made/f',
    '--check',
    'grep -q . made/f',
    '--init',
    '--',
    'sh',
    '-c',
    'echo new > made/f; echo ack f',
  ];
  const written = await place.run(['run', ...args], { tmp });
  expect(written).toMatchObject({ exitCode: 0, stdout: 'written  sh.ts\n\nnext: crash-matrix run --store ./sh.ts' });
  const { result } = await place.result(args.filter((word) => word !== '--init'));
  expect(result.cases[0]).toMatchObject({ outcome: 'original', onDisk: [{ path: 'f', bytes: 4 }] });
  expect(result.cells.map(({ grade }) => grade)).toEqual(['lossy']);
  const { result: ofFile } = await place.result(['--store', './sh.ts']);
  const without = ({ replay: _, ...one }: (typeof result.cases)[number]) => one;
  expect(ofFile.cases.map(without)).toEqual(result.cases.map(without));
  const [lost] = ofFile.cases.filter(({ violation }) => violation);
  expect(lost?.replay).toBe(`crash-matrix replay ${lost?.id} --store ./sh.ts`);
  expect(await place.run(['replay', lost?.id ?? '', '--store', './sh.ts'])).toMatchObject({ exitCode: 1 });
  const again = await place.run(['run', ...args]);
  expect(again.stderr).toContain('there is a file sh.ts already');
  expect(again.exitCode).toBe(2);
});

test.each([
  ['echo no disk >&2; exit 4', 'the setup ends with exit code 4: no disk'],
  ['exec sleep 1000', 'the setup does not end within 1 s'],
])('a setup that fails is said: %s', async (setup, message) => {
  const { exitCode, stderr } = await place.run(['run', '--dir', 'data', '--timeout', '1', '--setup', setup, '--', 'sh', 'by-rename.sh']);
  expect(stderr).toContain(message);
  expect(exitCode).toBe(2);
});
