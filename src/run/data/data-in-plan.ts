/** The data of a job as `--dry-run` shows it: nothing is asked, so the first source stands for all. */
import { dataNamesOf, noDataFile, readDataConfig, sourcesOf } from '../../package/data-config.ts';
import type { RunData } from './data-use.ts';
import { type DataPlaces, planData } from './plan-data.ts';

export interface DataInPlanOptions {
  /** `--data-config`, absolute. */
  config: string | undefined;
  /** `--force-mirror-local`, absolute. */
  mirror: string | undefined;
  contextData: unknown;
  /** Names of plugins' providers. */
  providers: readonly string[];
  places: DataPlaces;
}

interface ShownData {
  name: string;
  sources: { provider: string; path: string }[];
  home: string;
  mount: string | null;
}

/** Throws INVALID_FILE and FILE_NOT_FOUND as the run would fail. */
export function dataInPlan(
  data: string,
  { config: file, mirror, contextData, providers, places }: DataInPlanOptions,
): { planned: RunData; shown: ShownData[] } {
  const config = readDataConfig({ file, folders: [places.packageDir], contextData, providers });
  if (!config) throw noDataFile(data);
  const names = dataNamesOf(data);
  const wanted = names.map((name) => sourcesOf(name, config, mirror)).filter(({ length }) => length > 0);
  const planned = planData(
    wanted.flatMap((sources) => sources.slice(0, 1)),
    places,
    names,
  );
  const shown = planned.uses.map(({ source, home, host }, index) => ({
    name: source.name,
    sources: (wanted[index] ?? []).map(({ kind, path }) => ({ provider: kind, path })),
    home,
    mount: host ?? null,
  }));
  return { planned, shown };
}
