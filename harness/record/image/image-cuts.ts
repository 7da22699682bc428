/**
 * The images of a tracer: each run under a `cut` plan gets one, is cut at every boundary, and tells the trees at its end.
 */

import type { RawTree } from '../../domain/events.ts';
import { spoolTree } from '../../domain/tree.ts';
import type { CutReport, ForcePoint } from '../recorder.ts';
import { type Kernel, loadKernel } from './kernel.ts';
import { type ImageRequest, LiveImage } from './live-image.ts';
import { readSnapshot, type Snapshot } from './snapshot.ts';

/** The mounts of this process. */
export class Images {
  #kernel: Kernel | undefined;
  readonly #templates = new Map<string, Snapshot>();

  /** Throws where the kernel refuses. */
  mount(request: ImageRequest, force: ForcePoint | undefined): ImageCuts {
    const kernel = this.#kernel ?? loadKernel();
    if (this.#kernel === undefined) kernel.enterPrivateMounts();
    this.#kernel = kernel;
    const template = this.#templates.get(request.template) ?? readSnapshot(kernel, request.template);
    this.#templates.set(request.template, template);
    return new ImageCuts(new LiveImage(kernel, template, request), force);
  }
}

/** One run on an image. */
export class ImageCuts {
  readonly #image: LiveImage;
  readonly #force: ForcePoint | undefined;
  readonly #cuts: number[] = [];
  /** What went wrong with the image; told at the end, because the run must end first. */
  #failure: unknown;

  constructor(image: LiveImage, force: ForcePoint | undefined) {
    this.#image = image;
    this.#force = force;
  }

  /** To be told when recording starts, and after each op, before anything else happens. */
  atBoundary(boundary: number): void {
    if (this.#failure !== undefined) return;
    try {
      if (boundary === 0) this.#image.start();
      if (boundary === this.#force?.at) this.#image.force(this.#force.how);
      // Before its forcing this run is as any other: those cuts are of the run without one.
      if (this.#force === undefined || boundary >= this.#force.at) this.#cuts[boundary] = this.#image.cut();
    } catch (error) {
      this.#failure = error;
    }
  }

  /** To be told when no process of the run is left. */
  end(spool: string, wanted: 'trees' | 'nothing'): CutReport {
    const trees = this.#image.close(this.#failure === undefined ? wanted : 'nothing').map((tree): RawTree => spoolTree(tree, spool));
    if (this.#failure !== undefined) throw this.#failure;
    return { cuts: this.#cuts.flatMap((image, boundary) => (wanted === 'trees' ? [{ boundary, image }] : [])), trees };
  }
}
