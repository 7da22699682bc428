/**
 * What the model tracks for an inode in addition to its pieces: how far into the log its fsync reaches, whether its close flushes it,
 * and which earlier pieces a new piece requires on disk.
 */
import type { InodeEffect, Unit } from './micro-op.ts';
import type { FilePiece } from './piece.ts';
import type { Profile } from './profile.ts';

export class InodeTracker {
  /** The log position of its last change, and of the last one that fdatasync must force. */
  lastChange = 0;
  lastSizeChange = 0;
  /** Set by truncation, read by close. */
  flushAtClose = false;
  /** Since the size was last set: the pieces that grew the file, and the last piece for each unit. */
  #growths: FilePiece[] = [];
  readonly #units = new Map<number, FilePiece>();

  touch(position: number, sized: boolean): void {
    this.lastChange = position;
    if (sized) this.lastSizeChange = position;
  }

  /** The earlier pieces that these effects require under a profile. */
  requiredBy(effects: readonly InodeEffect[], profile: Profile): readonly FilePiece[] {
    const required = effects.map((effect) => this.#requiredBy(effect, profile));
    return required.filter((piece) => piece !== undefined);
  }

  #requiredBy(effect: InodeEffect, profile: Profile): FilePiece | undefined {
    switch (effect.kind) {
      case 'data':
        return profile.samePage === 'in-order' ? this.#units.get(effect.at) : undefined;
      case 'grow':
        return effect.by === 'write' && profile.growth !== 'free' ? this.#growths.at(-1) : undefined;
      case 'resize': {
        const size = Math.min(effect.size, effect.before);
        if (profile.resize !== 'waits' || size === 0) return undefined;
        return this.#growths.find(({ effects }) => effects.some((growth) => growth.kind === 'grow' && growth.size >= size));
      }
      case 'mode':
        return undefined;
      default:
        return effect satisfies never;
    }
  }

  remember(piece: FilePiece, unit: Unit): void {
    for (const effect of piece.effects) this.#remember(piece, effect, unit);
  }

  #remember(piece: FilePiece, effect: InodeEffect, unit: Unit): void {
    switch (effect.kind) {
      case 'data':
        this.#units.set(effect.at, piece);
        return;
      case 'grow':
        if (effect.by === 'write') this.#growths.push(piece);
        return;
      case 'resize':
        this.#growths = [];
        for (const at of this.#units.keys()) if (at * unit >= effect.size) this.#units.delete(at);
        return;
      case 'mode':
        return;
      default:
        effect satisfies never;
    }
  }
}
