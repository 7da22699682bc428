/** The boundaries of a cell in order, a letter for each: the worst that was found there. */
import type { ComponentChildren } from 'preact';
import { OUTCOMES } from '../../domain/outcomes.ts';
import { outcomeOfLetter } from '../outcomes.ts';
import type { PageCell } from './data.ts';

export function Picture({ cell: { picture, folds = '' } }: { readonly cell: PageCell }) {
  const hasFolds = folds.includes('=');
  const seen = [...new Set(picture)].flatMap((letter) => outcomeOfLetter(letter) ?? []);
  return (
    <figure class="picture">
      <figcaption>
        Boundaries, in order{hasFolds && '; fainter where nothing on disk changed since the one before'}:{' '}
        {seen.map((outcome) => `${OUTCOMES[outcome].letter} ${outcome}`).join(', ')}
      </figcaption>
      <p class="letters">{letters(picture, folds)}</p>
    </figure>
  );
}

function letters(picture: string, folds: string): ComponentChildren {
  return [...picture].map((letter, boundary) => {
    const outcome = outcomeOfLetter(letter);
    const isFolded = folds[boundary] === '=';
    const what = `boundary ${boundary}: ${outcome ?? 'not measured'}${isFolded ? ', as the one before' : ''}`;
    return (
      <span
        key={boundary}
        title={what}
        class={`tone-${outcome === undefined ? 'yellow' : OUTCOMES[outcome].colour}${isFolded ? ' folded' : ''}`}
      >
        {letter}
      </span>
    );
  });
}
