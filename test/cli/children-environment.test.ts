import { expect, test } from 'vitest';
import { childrenEnvironment } from '../../harness/cli/children-environment.ts';

test('children get the environment without what names a shell, a job or a process of a test runner', () => {
  const kept = { PATH: '/bin', HOME: '/home/me', CI: 'true', GITHUB_ACTIONS: 'true', TERM: 'xterm', BUILDER: 'me' };
  const left = {
    _: '/usr/bin/node',
    SHLVL: '2',
    WINDOWID: '7',
    SSH_CONNECTION: '1 2 3 4',
    GITHUB_RUN_ID: '9',
    GITHUB_SHA: 'abc',
    RUNNER_TEMP: '/tmp',
    CI_JOB_ID: '3',
    VITEST_POOL_ID: '2',
    NODE_TEST_CONTEXT: 'child-v8',
    NODE_EXTRA_CA_CERTS: '/etc/ssl/certs.pem',
    UNSET: undefined,
  };
  expect(childrenEnvironment({ ...kept, ...left })).toEqual(kept);
});
