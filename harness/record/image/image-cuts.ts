/**
 * The images of a tracer: each run under a `cut` plan gets one, is cut at every boundary, and reports the trees at its end.
 */

import type { RawTree } from '../../domain/events.ts';
import { spoolTree } from '../../domain/tree.ts';
import type { CutReport, ForcePoint } from '../recorder.ts';
import { type Kernel, loadKernel } from './kernel.ts';
import { type ImageRequest, LiveImage } from './live-image.ts';
import { readSnapshot, type Snapshot } from './snapshot.ts';

/** Mounts images in this process. */
export class Images {
  #kernel: Kernel | undefined;
  readonly #templates = new Map<string, Snapshot>();

  /** Throws if the kernel refuses. */
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
  /** An error of the image. Thrown by `end`, because the run must end first. */
  #failure: unknown;

  constructor(image: LiveImage, force: ForcePoint | undefined) {
    this.#image = image;
    this.#force = force;
  }

  /** Call it at the start of recording and immediately after each op. */
  atBoundary(boundary: number): void {
    if (this.#failure !== undefined) return;
    try {
      if (boundary === 0) this.#image.start();
      if (boundary === this.#force?.at) this.#image.force(this.#force.how);
      // Until its forcing this run equals the run without one, which has these cuts.
      if (this.#force === undefined || boundary >= this.#force.at) this.#cuts[boundary] = this.#image.cut();
    } catch (error) {
      this.#failure = error;
    }
  }

  /** Call it when all processes of the run have ended. */
  end(spool: string, wanted: 'trees' | 'nothing'): CutReport {
    const trees = this.#image.close(this.#failure === undefined ? wanted : 'nothing').map((tree): RawTree => spoolTree(tree, spool));
    if (this.#failure !== undefined) throw this.#failure;
    return { cuts: this.#cuts.flatMap((image, boundary) => (wanted === 'trees' ? [{ boundary, image }] : [])), trees };
  }
}
