/** Trees side by side, a row for each path: what differs from the tree to its left is marked. */
import type { Contents, TreeEntry } from '../../domain/evidence.ts';
import { counted, printable, withCommas } from '../../domain/words.ts';
import type { PageEvidence } from './data.ts';

export interface TreeColumn {
  readonly title: string;
  readonly tree: readonly TreeEntry[];
}

interface TreesProps {
  readonly columns: readonly TreeColumn[];
  readonly contents: PageEvidence['contents'];
}

export function Trees({ columns, contents }: TreesProps) {
  const byPath = columns.map(({ tree }) => entriesByKey(tree));
  const keys = [...new Set(byPath.flatMap((entries) => [...entries.keys()]))].sort();
  if (keys.length === 0) return <p class="dim">There was no file in the directory.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
    <section class="scroll" aria-label="files" tabIndex={0}>
      <table class="trees">
        <thead>
          <tr>
            <th scope="col">file</th>
            {columns.map(({ title }, index) => (
              <th key={index} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => (
            <tr key={key}>
              <th scope="row">
                <code>{printable(key.split('\0')[0] ?? '')}</code>
              </th>
              {byPath.map((entries, index) => {
                const [entry, before] = [entries.get(key), byPath[index - 1]?.get(key)];
                const differs = index > 0 && !isSame(entry, before);
                return (
                  <td key={index} class={differs ? 'differs' : ''}>
                    {entry === undefined ? (
                      <span class="dim">{differs ? 'gone' : '–'}</span>
                    ) : (
                      <EntryCell entry={entry} contents={contents} />
                    )}
                    {differs && <span class="unseen"> (differs)</span>}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Made-up names may be alike: the second of them is another one. */
function entriesByKey(tree: readonly TreeEntry[]): Map<string, TreeEntry> {
  const entries = new Map<string, TreeEntry>();
  for (const entry of tree) {
    let key = entry.path;
    for (let number = 2; entries.has(key); number += 1) key = `${entry.path}\0${number}`;
    entries.set(key, entry);
  }
  return entries;
}

function isSame(one: TreeEntry | undefined, other: TreeEntry | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.kind === other.kind && one.mode === other.mode && one.contents === other.contents && one.target === other.target;
}

function EntryCell({ entry, contents }: { readonly entry: TreeEntry; readonly contents: PageEvidence['contents'] }) {
  const { kind, mode, target } = entry;
  if (kind === 'symlink') return <>-&gt; {target}</>;
  const found = entry.contents === undefined ? undefined : contents[entry.contents];
  if (found === undefined) return <>{kind === 'file' ? 'a file' : kind}</>;
  const head = (
    <>
      {counted(found.bytes, 'byte')} <span class="dim">{mode}</span>
    </>
  );
  if (found.parts === undefined)
    return (
      <>
        {head} <small>sha256 {entry.contents}</small>
      </>
    );
  if (found.bytes === 0) return head;
  return (
    <details>
      <summary>{head}</summary>
      <ContentsView contents={found} />
    </details>
  );
}

function ContentsView({ contents: { parts = [], bytes, cut } }: { readonly contents: Contents }) {
  return (
    <pre class="contents">
      {parts.map((part, index) => (typeof part === 'string' ? part : <i key={index}>{withCommas(part)} zero bytes</i>))}
      {cut === true && <i>cut here, of {counted(bytes, 'byte')}</i>}
    </pre>
  );
}
