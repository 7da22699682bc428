/** The variables that children inherit: see docs/decisions/0006 and 0022. */

/** Children do not need it, and parsing a large certificate file doubles the time in which Node 20 starts. */
const SLOW = /^(?:NODE_EXTRA_CA_CERTS|NODE_V8_COVERAGE)$/;
/** They name the shell or the window from which a run was started. */
const OF_A_SHELL =
  /^(?:_|SHLVL|OLDPWD|WINDOWID|COLUMNS|LINES|STY|TMUX|TMUX_PANE|(?:TERM|ITERM)_SESSION_ID|XDG_SESSION_ID|SSH_(?:CLIENT|CONNECTION|TTY|AUTH_SOCK))$/;
/** They name the job of a CI system, its step, its commit or its secrets. `CI` and `GITHUB_ACTIONS`, by which programs know where they are, stay. */
const OF_A_JOB = /^(?:GITHUB_(?!ACTIONS$)|RUNNER_|ACTIONS_|CI_|BUILDKITE_|CIRCLE_|BUILD_|SYSTEM_|AGENT_)/;
/** They name the process of a test runner, of which each run has others. */
const OF_A_TEST_RUNNER = /^(?:VITEST_POOL_ID|VITEST_WORKER_ID|JEST_WORKER_ID|NODE_TEST_CONTEXT)$/;

/** Without what differs from shell to shell and from job to job: what a store does not get cannot change a cell. */
export function childrenEnvironment(env: NodeJS.ProcessEnv): { [name: string]: string } {
  return Object.fromEntries(
    Object.entries(env).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined && ![SLOW, OF_A_SHELL, OF_A_JOB, OF_A_TEST_RUNNER].some((pattern) => pattern.test(entry[0])),
    ),
  );
}
