import type { TargetMaking } from '../plugin/load-plugins.ts';
import type { CampaignPlan } from './build/planned-build.ts';
import type { BuildOptions, Surroundings } from './options.ts';

/** The surroundings with the plugins that package and command line name. Nothing is loaded where they name none. `targets`: for campaigns that run models. */
export async function withPlugins(
  { plugin, packagePlugins }: Pick<BuildOptions, 'plugin' | 'packagePlugins'>,
  around: Surroundings,
  targets?: () => Promise<TargetMaking>,
): Promise<Surroundings> {
  if (around.plugins || plugin.length + packagePlugins.length === 0) return around;
  const { loadPlugins } = await import('../plugin/load-plugins.ts');
  const files = { named: plugin, ofPackage: packagePlugins };
  const plugins = await loadPlugins(files, around, await targets?.());
  around.events.emit({ type: 'notice', level: 'info', code: 'PLUGINS', message: plugins.shown });
  return { ...around, plugins };
}

/** For plans. */
export const loadedOf = ({ plugins }: Surroundings): Pick<CampaignPlan, 'plugins'> =>
  plugins ? { plugins: plugins.loaded } : {};
