/** From the chosen sources to what a run sees: homes, mounts, variables, stages. Nothing is touched. */
import { join, relative, resolve } from 'node:path';
import { MadError } from '../../foundation/error.ts';
import type { EngineKind, Mount } from '../../machine/engine/engine.ts';
import { quoted } from '../../package/package-path.ts';
import { containerPaths, emptyFolder, type HiddenEntry } from '../run-folder.ts';
import { customStages, handBackStages } from './data-stages.ts';
import type { DataUse, RunData } from './data-use.ts';
import { mirrorPlace } from './mirror-index.ts';
import type { DataSource } from './provider.ts';

export interface DataPlaces {
  engine: EngineKind;
  /** Absolute, or a late-bound name. */
  runFolder: string;
  /** Absolute, without links. */
  packageDir: string;
  /** What a run must not see of the package. */
  hidden: readonly HiddenEntry[];
  giveBackTo: { uid: number; gid: number } | undefined;
}

/** What keeps data that no mirror keeps, in the folder of the run. */
export const dataFolder = (runFolder: string): string => join(runFolder, 'data');

/** Where the data of a source lies on this machine; undefined for a script's, which lies in the container only. */
export function hostFolder(source: DataSource, index: number, places: DataPlaces): string | undefined {
  if (source.kind === 'local') return resolve(places.packageDir, source.path);
  if (source.mirrorlocal !== undefined) return mirrorPlace(source.mirrorlocal, source.name).folder;
  if (source.kind === 'custom' && places.engine !== 'host') return undefined;
  return join(dataFolder(places.runFolder), String(index));
}

/** `sources` in the order of the card's `names`, some of which may have none. Throws INVALID_FILE for homes that can't be. */
export function planData(
  sources: readonly DataSource[],
  places: DataPlaces,
  names: readonly string[] = sources.map(({ name }) => name),
): RunData {
  const uses = sources.map((source, index) => useOf(source, index, places));
  requireHomes(uses, places);
  return {
    uses,
    mounts: uses.flatMap(({ host, home, readOnly, hidden }) =>
      host === undefined ? [] : [{ host, container: home, readOnly }, ...hidden],
    ),
    env: {
      MAD_DATANAME: names.join(','),
      ...(uses.length === 0 ? {} : { MAD_DATAHOME: uses.map(({ home }) => home).join(',') }),
    },
    passing: uses.filter(({ host }) => isWithin(dataFolder(places.runFolder), host)).map(({ home }) => home),
    stages: customStages(uses),
    lastStages: places.giveBackTo && places.engine !== 'host' ? handBackStages(uses, places.giveBackTo) : [],
  };
}

/**
 * An explicit home is used as it is: the Python tool mounted the data there, but told the model another path. Without a
 * container the model gets the data's own path.
 */
function useOf(source: DataSource, index: number, places: DataPlaces): DataUse {
  const host = hostFolder(source, index, places);
  const home = places.engine === 'host' && host ? host : (source.home ?? `/data_dlm_${index}`);
  const hidden = source.kind === 'local' && host ? hiddenBelow(host, home, places) : [];
  return { source, home, host, readOnly: source.kind === 'local' && !source.readwrite, hidden };
}

/** Local data may be a folder that the package lies in; its credentials stay hidden there, too. */
function hiddenBelow(host: string, home: string, places: DataPlaces): Mount[] {
  if (places.engine === 'host') return [];
  return places.hidden.flatMap(({ path, kind }): Mount[] => {
    const covered = join(places.packageDir, path);
    // The thing itself is refused.
    if (covered === host || !isWithin(host, covered)) return [];
    const cover = kind === 'file' ? '/dev/null' : emptyFolder(places.runFolder);
    return [{ host: cover, container: `${home}/${relative(host, covered)}`, readOnly: true }];
  });
}

const isWithin = (folder: string, path = ''): boolean =>
  path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);

function requireHomes(uses: readonly DataUse[], places: DataPlaces): void {
  if (places.engine === 'host') return;
  const seen = new Map<string, string>();
  for (const { home, host, source } of uses) {
    const plain = home.replace(/\/+/g, '/').replace(/\/$/, '');
    const other = seen.get(plain);
    if (other !== undefined) throw badHome(source, `data ${quoted(other)} lies there already`);
    seen.set(plain, source.name);
    const own = Object.values(containerPaths).find((path) => path === plain || path.startsWith(`${plain}/`));
    const isBelow = [containerPaths.control, containerPaths.package].some((path) =>
      plain.startsWith(`${path}/`),
    );
    if (own !== undefined || isBelow) throw badHome(source, 'the run itself lies there');
    const isHidden = places.hidden.some(({ path }) => isWithin(join(places.packageDir, path), host));
    if (isHidden && source.kind === 'local') {
      throw new MadError(
        'INVALID_FILE',
        `data ${quoted(source.name)}: ${quoted(source.path)} is no data for models`,
        {
          hint: 'It holds secrets: name another path in data.json.',
        },
      );
    }
  }
}

const badHome = (source: DataSource, why: string): MadError =>
  new MadError(
    'INVALID_FILE',
    `data ${quoted(source.name)} can't have its home at ${quoted(source.home)}: ${why}`,
    {
      hint: 'Give it another home in data.json, or none.',
    },
  );
