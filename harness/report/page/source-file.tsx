/** Sources of the store with the lines marked that lose something: a dot for each outcome, and a link to the cause. */
import { useEffect, useRef } from 'preact/hooks';
import { OUTCOMES, type Outcome } from '../../domain/outcomes.ts';
import { counted, printable } from '../../domain/words.ts';
import type { PageCause } from './data.ts';
import type { Link } from './link.ts';
import { linkText } from './link.ts';
import { Load } from './load.tsx';
import { unpackSources } from './unpack.ts';

interface SourceFileProps {
  readonly file: string;
  /** Causes of the report whose lines are marked. */
  readonly causes: readonly PageCause[];
  /** The line that is scrolled to. */
  readonly line?: number | undefined;
  /** Numbers of the ops that a line asked for. */
  readonly ops?: ReadonlyMap<number, readonly number[]>;
  readonly link: Link;
}

export function SourceFile(props: SourceFileProps) {
  return (
    <Load read={unpackSources} what={props.file}>
      {(sources) => <Lines {...props} text={sources[props.file] ?? ''} />}
    </Load>
  );
}

function Lines({ file, causes, line: wanted, ops, link, text }: SourceFileProps & { readonly text: string }) {
  const box = useRef<HTMLElement>(null);
  const here = causes.filter(({ site }) => site?.file === file);
  const first = wanted ?? here[0]?.site?.line;
  useEffect(() => {
    const row = box.current?.querySelector<HTMLElement>(`[data-line="${first}"]`);
    if (box.current !== null && row) box.current.scrollTop = row.offsetTop - box.current.clientHeight / 3;
  }, [file, first]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
    <section class="scroll box" ref={box} aria-label={`${file}, with its lossy lines marked`} tabIndex={0}>
      <table class="lines">
        <tbody>
          {text.split('\n').map((code, index) => {
            const line = index + 1;
            const lossy = here.filter(({ site }) => site?.line === line);
            const done = ops?.get(line) ?? [];
            return (
              <tr key={line} data-line={line} class={`${lossy.length > 0 ? 'lossy' : ''} ${line === wanted ? 'picked' : ''}`}>
                <td class="number">{line}</td>
                <td class="dots">
                  {lossy.map((cause) => (
                    <a
                      key={cause.id}
                      href={linkText({ ...link, open: { kind: 'cause', id: cause.id } })}
                      title={`${cause.store}: ${cause.says}`}
                    >
                      {cause.outcomes.map((outcome) => (
                        <Dot key={outcome} outcome={outcome} />
                      ))}
                    </a>
                  ))}
                </td>
                <td class="dim ops" title={done.length === 0 ? undefined : `${counted(done.length, 'op')} of this run`}>
                  {opsWords(done)}
                </td>
                <td>
                  <code>{printable(code.replaceAll('\t', '    '))}</code>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

function Dot({ outcome }: { readonly outcome: Outcome }) {
  const { colour, letter } = OUTCOMES[outcome];
  return <span class={`outcome tone-${colour}`}>{letter}</span>;
}

/** `4`, `4 9`, `4 … 20` */
function opsWords(ops: readonly number[]): string {
  return ops.length > 2 ? `${ops[0]} … ${ops.at(-1)}` : ops.join(' ');
}
