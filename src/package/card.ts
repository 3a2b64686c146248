/** A model card as the rest of the program sees it: read once, defaults filled in, paths relative to the package. */
export interface ModelCard {
  /** `<dir>/<name>` for cards from `scripts/<dir>/`. */
  name: string;
  /** Path prefix: every file `<dockerfile>.*` is a candidate. */
  dockerfile: string;
  /** Build context folder; '' for the default. */
  dockercontext: string;
  /** A `.sh`/`.py`/other script, or a folder with `run.sh`. */
  scripts: string;
  url: string;
  cred: string;
  data: string;
  /** As printed in `perf.csv`: `"-1"` for all GPUs. */
  n_gpus: string;
  owner: string;
  training_precision: string;
  tags: string[];
  /** The card's own arguments and those of the tag, as one line. */
  args: string;
  /** Seconds; undefined when the card doesn't say; 0 for none. */
  timeout: number | undefined;
  multiple_results: string;
  skip_gpu_arch: string;
  additional_docker_run_options: string;
  is_deprecated: boolean;
  exclusive: boolean;
  /** Everything else that the file held, kept for manifests and records. */
  extra: Readonly<Record<string, unknown>>;
}

/** Where a card came from, for messages. */
export interface CardOrigin {
  /** Path relative to the package. */
  file: string;
  /** Index in that file's list. */
  index: number;
}

export interface FoundCard {
  card: ModelCard;
  origin: CardOrigin;
  /** The card's Python hook has an `update_model` that runs once the model was selected. */
  lazy?: true;
}

/** Name and arguments in one readable line. */
export function cardLabel(card: Pick<ModelCard, 'name' | 'args'>): string {
  const args = card.args.trim();
  return args === '' ? card.name : `${card.name} ${args}`;
}

/** An address without the password that may stand in it; such a card is refused when it runs, so nothing needs it. */
export const withoutPassword = (url: string): string =>
  url.replace(/^([a-z][a-z0-9+.-]*:\/\/[^/@:]*):[^/@]*@/i, '$1:******@');
