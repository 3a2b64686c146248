/** How a run sees its data, as plain data: what the plan of a job takes from here. */
import type { Mount } from '../../machine/engine/engine.ts';
import type { Stage } from '../../stage/stage.ts';
import type { DataSource } from './provider.ts';

/** One name of a card's `data`, with the source that was chosen. */
export interface DataUse {
  source: DataSource;
  /** Where the run sees it. */
  home: string;
  /** What is mounted there: an absolute path of this machine; undefined where the run makes the data itself. */
  host: string | undefined;
  readOnly: boolean;
  /** What lies below `host` and must not be seen: see `RunServices.hidden`. */
  hidden: readonly Mount[];
}

/** All data of a run. */
export interface RunData {
  uses: readonly DataUse[];
  mounts: readonly Mount[];
  /** `MAD_DATANAME` and `MAD_DATAHOME`. */
  env: Readonly<Record<string, string>>;
  /** Homes of data in the run's own folder, which goes when the run is over. */
  passing: readonly string[];
  /** Custom scripts, before the model. */
  stages: readonly Stage[];
  /** After everything else: hands files to their owner that the run made there. */
  lastStages: readonly Stage[];
}
