/** A run op by op: the crash marked where it came, lost ops struck out, and what came after it faint. An op leads to the tree after it. */
import { Fragment } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Led, Run } from '../../domain/evidence.ts';
import { withCommas } from '../../domain/words.ts';
import type { PageEvidence } from './data.ts';
import { Site } from './parts.tsx';

interface TimelineProps {
  readonly led: Led;
  readonly run: Run;
  readonly lines: PageEvidence['lines'];
  /** The op after which the tree is shown. */
  readonly at: number;
  readonly onPick: (op: number) => void;
}

export function Timeline({ led, run: { ops, marks }, lines, at, onPick }: TimelineProps) {
  const box = useRef<HTMLElement>(null);
  const crash = useRef<HTMLTableRowElement>(null);
  useEffect(() => {
    // A long run is scrolled to its crash.
    if (box.current !== null && crash.current !== null) box.current.scrollTop = crash.current.offsetTop - box.current.clientHeight / 2;
  }, [led]);
  const lost = new Set(led.lost);
  const isInside = led.at.bytes !== undefined;
  const crashRow = led.crash !== undefined && (
    <tr ref={crash} class="crash">
      <td colSpan={4}>{crashWords(led)}</td>
    </tr>
  );
  const markRows = (op: number) =>
    marks
      .filter(({ afterOp }) => afterOp === op)
      .map(({ text }, index) => (
        <tr key={index} class={`mark ${op > led.at.op || (isInside && op === led.at.op) ? 'after' : ''}`}>
          <td colSpan={4}>{text}</td>
        </tr>
      ));
  const hasTasks = ops.some(({ task }) => task !== undefined);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
    <section class="scroll box" ref={box} aria-label="the run, op by op" tabIndex={0}>
      <table class="timeline">
        <tbody>
          {markRows(0)}
          {led.at.op === 0 && crashRow}
          {ops.map(({ line, task, changed }, index) => {
            const op = index + 1;
            const { text = '', site } = lines[line] ?? {};
            const isLost = lost.has(op);
            return (
              <Fragment key={op}>
                <tr class={`${op > led.at.op ? 'after' : ''} ${at === op ? 'picked' : ''}`}>
                  <td class="number">
                    <button type="button" aria-pressed={at === op} title={`the files after op ${op}`} onClick={() => onPick(op)}>
                      {op}
                    </button>
                  </td>
                  <td class="changes" title={changed === true ? 'changed what is on disk' : undefined}>
                    {changed === true && '*'}
                  </td>
                  <td>
                    {hasTasks && <b>{task} </b>}
                    {isLost ? (
                      <del>
                        <code>{text}</code>
                        <span class="unseen"> (not on disk)</span>
                      </del>
                    ) : (
                      <code>{text}</code>
                    )}
                  </td>
                  <td>
                    <Site site={site} />
                  </td>
                </tr>
                {isInside && led.at.op === op && crashRow}
                {markRows(op)}
                {!isInside && led.at.op === op && crashRow}
              </Fragment>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

function crashWords({ crash, at: { op, bytes } }: Led): string {
  if (bytes !== undefined) return `${crash}, ${withCommas(bytes)} bytes into op ${op}`;
  return `${crash}, ${op === 0 ? 'before op 1' : `after op ${op}`}`;
}
