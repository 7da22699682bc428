/** Interleavings whose recoveries are forked find what they find when the store is evaluated for each recovery. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Task } from '../../../harness/domain/trace.ts';
import { findInstallation } from '../../../harness/machine/installation.ts';
import { FORKING_NODE } from '../../../harness/protocol/fork-server.ts';
import type { InterleaveAnswer, InterleaveRequest } from '../../../harness/protocol/interleave.ts';
import { freshDirectory } from '../../lab/temporary.ts';
import { bundleOf, type Planted, READER, requestFor, TWO_SAVERS, TWO_UPDATERS } from './planted.ts';

const { interleave } = findInstallation(import.meta.url);

function answerOf(bundle: string, tasks: readonly Task[], wanted: Partial<InterleaveRequest>): InterleaveAnswer {
  const directory = freshDirectory();
  const [asked, answered] = [join(directory, 'request.json'), join(directory, 'answer.json')];
  writeFileSync(asked, JSON.stringify({ ...requestFor(tasks), bundle, ...wanted }));
  spawnSync(process.execPath, [...(wanted.forks === true ? FORKING_NODE : []), interleave, asked, answered], { stdio: 'ignore' });
  return JSON.parse(readFileSync(answered, 'utf8')) as InterleaveAnswer;
}

/** The answers of both ways, and how often the store was evaluated in each. */
function bothWays(store: string, tasks: readonly Task[], wanted: Partial<InterleaveRequest>): [InterleaveAnswer[], number[]] {
  const directory = freshDirectory();
  const [bundle, log] = [join(directory, 'store.cjs'), join(directory, 'log')];
  // The fake has no files outside of the store's directory: the harness's own `fs` is asked, which runs in the same realm.
  const counts = `require('node:vm').runInThisContext('process').mainModule.require('node:fs').appendFileSync(${JSON.stringify(log)}, '.');\n`;
  writeFileSync(bundle, `${counts}${store}`);
  const evaluations: number[] = [];
  const answers = [true, false].map((forks) => {
    writeFileSync(log, '');
    const answer = answerOf(bundle, tasks, { ...wanted, forks });
    evaluations.push(readFileSync(log, 'utf8').length);
    return answer;
  });
  return [answers, evaluations];
}

const textOf = (name: Planted): string => readFileSync(bundleOf(freshDirectory(), name), 'utf8');

describe.skipIf(process.platform !== 'linux' || process.arch !== 'x64')('forked interleavings', () => {
  test.each<[Planted, string, readonly Task[], Partial<InterleaveRequest>]>([
    ['window', 'a reader', READER, {}],
    ['in-turn', 'two savers', TWO_SAVERS, {}],
    ['in-turn', 'two processes', TWO_UPDATERS, { instances: 'own', runs: 60 }],
    ['update-without-lock', 'a sample', TWO_UPDATERS, { runs: 5, samples: 20 }],
    ['waits-for-nobody', 'two savers', TWO_SAVERS, {}],
  ])('find the same in %s with %s', (name, _, tasks, wanted) => {
    const [[forked, evaluated], [few, many]] = bothWays(textOf(name), tasks, wanted);
    expect(evaluated?.kind).toBe('interleaved');
    expect(forked).toEqual(evaluated);
    expect(few).toBeLessThan(many ?? 0);
  });

  test.each([
    ['sets a timer', 'setTimeout(() => {}, 5);'],
    ['makes a call', `try { require('node:fs').readFileSync('/etc/none'); } catch {}`],
  ])('a store whose import %s is evaluated for each recovery', (_, top) => {
    const [[forked, evaluated], [few, many]] = bothWays(`${top}\n${textOf('in-turn')}`, TWO_SAVERS, {});
    expect(forked).toEqual(evaluated);
    expect(few).toBeGreaterThanOrEqual(many ?? 0);
  });

  test('refused calls are refused alike', () => {
    const store = `module.exports = { load: () => { require('node:child_process').execSync('true'); }, save: () => {} };`;
    const [[forked, evaluated]] = bothWays(store, TWO_SAVERS, {});
    expect(evaluated?.kind).toBe('refused');
    expect(forked).toEqual(evaluated);
  });
});
