/** A schedule: a lane for each task, and down the page what they did in turn. */
import type { CaseResult } from '../../domain/result.ts';

interface LanesProps {
  readonly one: CaseResult;
  readonly schedule: NonNullable<CaseResult['schedule']>;
}

export function Lanes({ one: { end, killed, after }, schedule }: LanesProps) {
  const tasks = [...new Set([...schedule.map(({ task }) => task), ...(killed === undefined ? [] : [killed])])];
  const lastOfKilled = schedule.findLastIndex(({ task }) => task === killed);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
    <section class="scroll" aria-label="who did what, in order" tabIndex={0}>
      <table class="lanes">
        <thead>
          <tr>
            {tasks.map((task) => (
              <th key={task} scope="col">
                {task}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {schedule.map(({ task: acting, ops }, turn) => (
            <tr key={turn}>
              {tasks.map((task) => (
                <td key={task} class={task === acting ? 'turn' : 'waits'}>
                  {task === acting && (
                    <ol>
                      {ops.map((op, index) => (
                        <li key={index}>{op}</li>
                      ))}
                    </ol>
                  )}
                  {task === acting && turn === lastOfKilled && <b class="killed">killed here</b>}
                </td>
              ))}
            </tr>
          ))}
          {killed !== undefined && lastOfKilled < 0 && (
            <tr>
              <td colSpan={tasks.length} class="killed">
                {killed} was killed before its first op
              </td>
            </tr>
          )}
          {!end && killed === undefined && (
            <tr>
              <td colSpan={tasks.length} class="killed">
                all of them crashed here{after === undefined ? ', before op 1' : `, after op ${after.index}, ${after.text}`}
              </td>
            </tr>
          )}
        </tbody>
      </table>
    </section>
  );
}
