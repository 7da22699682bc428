/**
 * The edit that mends a cause, where one can be made of its file alone: missing barriers put in, or writing in place turned into a replacement.
 * Nothing says here that it mends anything: that is for who runs the changed store.
 */
import type { Cause, SiteLine } from '../domain/result.ts';
import { addBarrier, type FileAt } from './barrier-edit.ts';
import { References } from './references.ts';
import { replaceWhole } from './replace-edit.ts';
import { NoEdit, Source } from './source.ts';

/** `texts`: the file as it would be, the most natural first. `because`: why there is none, in words that follow "because". */
export type SourceEdits =
  | { readonly kind: 'edits'; readonly texts: readonly [string, ...string[]] }
  | { readonly kind: 'none'; readonly because: string };

/** The file that the mend of a cause changes; undefined where no line is known. */
export function editedFile({ site, mend }: Cause): string | undefined {
  return mend?.barriers?.[0]?.after?.site?.file ?? site?.file;
}

/** `text`: of the file that `editedFile` names. */
export function editsOf(cause: Cause, text: string): SourceEdits {
  const file = editedFile(cause);
  if (file === undefined) return { kind: 'none', because: 'no line of source is known for it' };
  const ways: readonly FileAt[] = cause.mend?.barriers?.some(({ target }) => target === 'file')
    ? ['after-write', 'before-rename']
    : ['after-write'];
  const tried = ways.map((fileAt) => edited(cause, { text, file, fileAt }));
  const [first, ...others] = new Set(tried.flatMap((one) => (one instanceof NoEdit ? [] : [one])));
  if (first !== undefined) return { kind: 'edits', texts: [first, ...others] };
  const [why] = tried.filter((one) => one instanceof NoEdit);
  return { kind: 'none', because: why?.message ?? 'nothing would change' };
}

interface Way {
  readonly text: string;
  readonly file: string;
  readonly fileAt: FileAt;
}

function edited({ mechanism, site, mend }: Cause, { text, file, fileAt }: Way): string | NoEdit {
  try {
    const source = new Source(text, file);
    const references = new References(source);
    const isHere = (one: SiteLine): boolean => one.file === file;
    if (mend?.barriers !== undefined) for (const barrier of mend.barriers) addBarrier(source, references, barrier, { isHere, fileAt });
    else if (mechanism === 'written-in-place' && site !== undefined) replaceWhole(source, references, site);
    else return new NoEdit('it takes more than a barrier, and no rule rewrites such code');
    const result = source.changed();
    new Source(result, file); // what cannot be read again is no edit
    return result;
  } catch (error) {
    if (error instanceof NoEdit) return error;
    throw error;
  }
}
