/** What load returned beside what was promised, line by line. */
import { diffLines } from 'diff';
import type { CaseEvidence, ShownValue } from '../../domain/evidence.ts';
import { withCommas } from '../../domain/words.ts';
import type { PageEvidence } from './data.ts';

/** Equal lines that are shown before and after a difference. */
const CONTEXT = 3;

interface ValueDiffProps {
  readonly shown: CaseEvidence;
  readonly values: PageEvidence['values'];
  /** What was found, in words: load may have returned nothing. */
  readonly found: string;
}

export function ValueDiff({ shown: { promised, unsaved, loaded }, values, found }: ValueDiffProps) {
  const returned = loaded === undefined ? undefined : values[loaded];
  const several = promised.length > 1;
  return (
    <>
      {unsaved === true && <p class="dim">Nothing had been acknowledged: load may also find nothing.</p>}
      {returned === undefined && <p>There is no value to compare: {found}.</p>}
      {promised.map((id, index) => {
        const value = values[id];
        if (value === undefined) return null;
        const title = index === 0 && unsaved !== true ? 'promised' : 'of the save under way';
        return (
          <details key={id} open={index === 0}>
            <summary>
              {several ? `${title}: ` : ''}
              {id === loaded
                ? 'load returned exactly this'
                : returned === undefined
                  ? 'what had been promised'
                  : 'what load returned is another'}
            </summary>
            {id === loaded || returned === undefined ? (
              <Whole id={id} value={value} />
            ) : (
              <Diff promised={value} loaded={returned} ids={[id, loaded]} />
            )}
          </details>
        );
      })}
    </>
  );
}

function Whole({ id, value: { text, characters, cut } }: { readonly id: string; readonly value: ShownValue }) {
  if (text === undefined) return <p class="dim">{leftOut(characters, id)}</p>;
  return (
    <pre class="diff">
      {text}
      {cut === true && <i>cut here, of {withCommas(characters)} characters</i>}
    </pre>
  );
}

const leftOut = (characters: number, id: string | undefined): string => `${withCommas(characters)} characters, sha256 ${id}`;

interface DiffProps {
  readonly promised: ShownValue;
  readonly loaded: ShownValue;
  readonly ids: readonly [promised: string, loaded: string | undefined];
}

function Diff({ promised, loaded, ids }: DiffProps) {
  if (promised.text === undefined || loaded.text === undefined)
    return (
      <ul class="plain">
        <li>promised: {leftOut(promised.characters, ids[0])}</li>
        <li>loaded: {leftOut(loaded.characters, ids[1])}</li>
      </ul>
    );
  const changes = diffLines(promised.text, loaded.text);
  return (
    <pre class="diff">
      {changes.map(({ value, added, removed }, index) => {
        const lines = value.replace(/\n$/, '').split('\n');
        if (added) return lines.map((line, at) => <ins key={`${index} ${at}`}>+ {line}</ins>);
        if (removed) return lines.map((line, at) => <del key={`${index} ${at}`}>- {line}</del>);
        return context(lines, index === 0, index === changes.length - 1).map((line, at) => <span key={`${index} ${at}`}>{line}</span>);
      })}
      {(promised.cut === true || loaded.cut === true) && <i>compared up to the first {withCommas(promised.text.length)} characters</i>}
    </pre>
  );
}

/** Equal lines next to a difference; how many others there are is said. */
function context(lines: readonly string[], isFirst: boolean, isLast: boolean): string[] {
  const [head, tail] = [isFirst ? 0 : CONTEXT, isLast ? 0 : CONTEXT];
  if (lines.length <= head + tail + 1) return lines.map((line) => `  ${line}`);
  const kept = (some: readonly string[]): string[] => some.map((line) => `  ${line}`);
  return [
    ...kept(lines.slice(0, head)),
    `  … ${withCommas(lines.length - head - tail)} equal lines`,
    ...(tail === 0 ? [] : kept(lines.slice(-tail))),
  ];
}
