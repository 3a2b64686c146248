import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Context } from '../context/context.ts';
import { MadError } from '../foundation/error.ts';
import type { ModelCard } from '../package/card.ts';
import type { BuildOptions, Surroundings } from './options.ts';

/** Looks at what was typed about data before hours of building. Throws INVALID_FILE, FILE_NOT_FOUND, INVALID_ARGUMENT. */
export async function checkDataOptions(
  { dataConfig, forceMirrorLocal }: Pick<BuildOptions, 'dataConfig' | 'forceMirrorLocal'>,
  { cwd, plugins }: Pick<Surroundings, 'cwd' | 'plugins'>,
): Promise<void> {
  if (dataConfig !== undefined) {
    const { readDataConfig } = await import('../package/data-config.ts');
    readDataConfig({
      ...{ file: resolve(cwd, dataConfig), folders: [], contextData: undefined },
      providers: providersOf(plugins),
    });
  }
  if (forceMirrorLocal === undefined) return;
  const facts = await stat(resolve(cwd, forceMirrorLocal)).catch(() => undefined);
  if (facts === undefined || facts.isDirectory()) return;
  throw new MadError(
    'INVALID_ARGUMENT',
    `--force-mirror-local ${JSON.stringify(forceMirrorLocal)} is no folder`,
    {
      hint: 'Name a folder; it is made where there is none.',
    },
  );
}

const providersOf = (plugins: Surroundings['plugins']): string[] => [...(plugins?.providers.keys() ?? [])];

/** Warns, before hours of building, of models whose data `data.json` can't have. Loads nothing where no card has data. */
export async function tellUnknownData(
  cards: readonly ModelCard[],
  context: Context,
  { dataConfig, forceMirrorLocal }: Pick<BuildOptions, 'dataConfig' | 'forceMirrorLocal'>,
  { cwd, events, plugins }: Pick<Surroundings, 'cwd' | 'events' | 'plugins'>,
): Promise<void> {
  const asking = cards.filter(({ data }) => data.trim() !== '');
  if (asking.length === 0) return;
  const { checkNames } = await import('../package/data-config.ts');
  const file = dataConfig === undefined ? undefined : resolve(cwd, dataConfig);
  const contextData = context.values.data;
  const places = { file, folders: [cwd], contextData, providers: providersOf(plugins) };
  for (const { name, data } of asking) {
    const problem = checkNames(data, places, forceMirrorLocal);
    if (!problem) continue;
    const message = `${name} will fail for want of data: ${problem.message}`;
    const { hint } = problem;
    events.emit({
      type: 'notice',
      level: 'warning',
      code: 'DATA_UNKNOWN',
      message,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}
