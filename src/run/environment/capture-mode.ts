import type { Context } from '../../context/context.ts';
import type { CaptureMode } from '../../stage/environment-stage.ts';
import type { RunSettings } from '../job.ts';

/** How the environment is noted; undefined where it is not. The context's word counts over the option's (v2-formats, 4). */
export function captureMode(
  { values }: Context,
  settings: Pick<RunSettings, 'sysEnvDetails'>,
): CaptureMode | undefined {
  const { gen_sys_env_details: wanted = settings.sysEnvDetails, rocenv_mode: mode = 'lite' } = values;
  if (wanted !== true) return undefined;
  return mode === 'full' ? 'full' : 'lite';
}
