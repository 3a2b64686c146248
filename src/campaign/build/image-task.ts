import type { ImageBuildPlan } from '../../image/build-plan.ts';
import type { Dockerfile } from '../../image/dockerfile.ts';
import type { ModelCard } from '../../package/card.ts';

/** One image to build, for one or more cards that differ in their arguments only. */
export interface ImageTask {
  image: string;
  cards: ModelCard[];
  dockerfile: Dockerfile;
  plan: ImageBuildPlan;
  /** The one of several that it is built for; part of its name. */
  architecture: string | undefined;
  /** As typed; undefined when the image stays here. */
  registry: string | undefined;
  /** Its name there. */
  registryImage: string | undefined;
}
