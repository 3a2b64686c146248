import { resolve } from 'node:path';
import { exitCode } from '../../foundation/error.ts';
import { openEngine } from '../../machine/engine/open-engine.ts';
import { checkDataOptions } from '../data-options.ts';
import { tellMissingCredentials } from '../missing-credentials.ts';
import { withCampaign } from '../open-campaign.ts';
import type { BuildOptions, CampaignOutcome, Surroundings } from '../options.ts';
import { type OutputFiles, requireWritableOutputs } from '../output-files.ts';
import { checkBuildOptions, readAccess, readContext } from '../prepare.ts';
import { loadedOf, withPlugins } from '../with-plugins.ts';
import { buildPhase } from './build-phase.ts';
import { planBuilds } from './plan-builds.ts';
import { exitCodeOfPlan, planOfBuild } from './planned-build.ts';
import { chooseWanted } from './wanted-model.ts';

/** The `build` command: from tags to images and a manifest. No GPU is asked for. */
export async function buildCampaign(options: BuildOptions, outside: Surroundings): Promise<CampaignOutcome> {
  const around = await withPlugins(options, outside);
  checkBuildOptions(options);
  await checkDataOptions(options, around);
  if (!options.dryRun) await requireWritableOutputs(outputsOf(options, around.cwd), around.cwd);
  const access = await readAccess(around);
  const wanted = await chooseWanted(options, access, around);
  tellMissingCredentials(
    wanted.map(({ card }) => card),
    access.credentials,
    around.events.emit,
  );
  const context = await readContext(options, {}, around);
  const engine = await openEngine(options.engine, around.runner);
  const inputs = { options, access, wanted, context, engine };
  const plan = await planBuilds(inputs, around);
  if (options.dryRun) {
    around.events.emit({
      type: 'plan.made',
      plan: { ...(await planOfBuild(inputs, plan)), ...loadedOf(around) },
    });
    return { exitCode: exitCodeOfPlan(plan) };
  }
  return withCampaign({ command: 'build', output: options.output, engine }, around, async (campaign) => {
    const outcome = await buildPhase(inputs, plan, campaign, around);
    return outcome.failures > 0 ? exitCode.buildFailure : exitCode.success;
  });
}

/** The summary is the whole manifest and more: both may be one file. */
function outputsOf({ summaryOutput, ...options }: BuildOptions, cwd: string): OutputFiles {
  const isManifest =
    summaryOutput !== undefined && resolve(cwd, summaryOutput) === resolve(cwd, options.manifestOutput);
  return isManifest ? options : { ...options, summaryOutput };
}
