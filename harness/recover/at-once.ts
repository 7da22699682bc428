/**
 * Recovers trees while the store's file calls are carried out at once (`child/calls-at-once.ts`), which takes half the time.
 *
 * A store could notice when its promises settle. So no answer is used before one of its kind was found by Node's own calls, too. The first
 * kind that they do not find ends it: from then on this store is recovered by Node's own calls alone.
 *
 *     trees ─▶ at once ─▶ answers of a kind that is known, and those without such a call: are used
 *                     └─▶ of a new kind: its first tree again, by Node's own calls
 *                             ─▶ the same kind:  it is known, and its answers are used
 *                             ─▶ another kind:   all trees of a new kind again, by Node's own calls
 */

import { canonicalName, canonicalPath } from '../domain/names.ts';
import type { RecoveredTree } from '../domain/recovery.ts';
import type { Tree } from '../domain/trace.ts';
import type { OnAnswer } from './recover-trees.ts';

/** Recovers distinct trees. */
export type RecoverTrees = (trees: readonly Tree[], how: { readonly atOnce: boolean }, onAnswer: OnAnswer) => Promise<void>;

export class AtOnce {
  #isTrusted: boolean;
  /** By kind of answer: whether Node's own calls find one like it. */
  readonly #controls = new Map<string, Promise<boolean>>();
  readonly #kinds = new WeakMap<RecoveredTree, string>();
  /** The same is found in most trees, and only names of files that are left differ. */
  readonly #forms = new Map<string, string>();

  /** `isUsed`: false to leave every call to Node. */
  constructor(isUsed: boolean) {
    this.#isTrusted = isUsed;
  }

  /** False once an answer was not what Node's own calls find. */
  get isTrusted(): boolean {
    return this.#isTrusted;
  }

  async recover(trees: readonly Tree[], recover: RecoverTrees, onAnswer: (index: number, answer: RecoveredTree) => void): Promise<void> {
    if (!this.#isTrusted) return recover(trees, { atOnce: false }, onAnswer);
    const wrong: number[] = [];
    const controls: Promise<void>[] = [];
    const control = async (index: number, answer: RecoveredTree): Promise<void> => {
      if (await this.#isFoundByNode(answer, treeAt(trees, index), recover)) onAnswer(index, answer);
      else wrong.push(index);
    };
    await recover(trees, { atOnce: true }, (index, answer, wasAtOnce) => {
      if (!wasAtOnce) return onAnswer(index, answer);
      const controlled = control(index, answer);
      controlled.catch(() => {}); // awaited below
      controls.push(controlled);
    });
    await Promise.all(controls);
    const again = wrong.map((index) => treeAt(trees, index));
    await recover(again, { atOnce: false }, (at, answer) => onAnswer(wrong[at] ?? -1, answer));
  }

  /** Whether Node's own calls find an answer of this kind, too. The first tree of a kind decides. */
  #isFoundByNode(answer: RecoveredTree, tree: Tree, recover: RecoverTrees): Promise<boolean> {
    const kind = this.#kindOf(answer);
    const known = this.#controls.get(kind) ?? this.#control(kind, tree, recover);
    this.#controls.set(kind, known);
    return known;
  }

  async #control(kind: string, tree: Tree, recover: RecoverTrees): Promise<boolean> {
    let isFound = false;
    await recover([tree], { atOnce: false }, (_, answer) => {
      isFound = this.#kindOf(answer) === kind;
    });
    this.#isTrusted &&= isFound;
    return isFound;
  }

  /** The answer without what varies from run to run: names that are random or have the time. */
  #kindOf(answer: RecoveredTree): string {
    const known = this.#kinds.get(answer);
    if (known !== undefined) return known;
    const { recovery, left } = answer;
    const kind = `${this.#formOf(JSON.stringify(recovery))}\n${left
      .map((path) => canonicalPath(path, []))
      .sort()
      .join('\n')}`;
    this.#kinds.set(answer, kind);
    return kind;
  }

  #formOf(found: string): string {
    const form = this.#forms.get(found) ?? canonicalName(found, []);
    if (this.#forms.size >= FORMS_KEPT) this.#forms.clear();
    this.#forms.set(found, form);
    return form;
  }
}

const FORMS_KEPT = 200;

const treeAt = (trees: readonly Tree[], index: number): Tree => trees[index] as Tree; // an index of `trees`
