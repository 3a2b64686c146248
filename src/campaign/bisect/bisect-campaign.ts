/** The `bisect` command: one campaign, in which one execution after the other tells which change made a metric worse. */
import { resolve } from 'node:path';
import { MadError } from '../../foundation/error.ts';
import { openEngine } from '../../machine/engine/open-engine.ts';
import { parseTags } from '../../package/tag.ts';
import { readBisect } from '../../record/campaign/bisect-file.ts';
import { perfWriter } from '../../record/perf/perf-writer.ts';
import { checkPlaces } from '../check-places.ts';
import { checkDataOptions } from '../data-options.ts';
import { detectDevices } from '../detect-devices.ts';
import { type CampaignFrame, withCampaign } from '../open-campaign.ts';
import type { CampaignOutcome, Surroundings } from '../options.ts';
import { readAccess, readContext } from '../prepare.ts';
import { servicesFor } from '../services-of-runs.ts';
import { withPlugins } from '../with-plugins.ts';
import type { Ground } from './candidate-jobs.ts';
import { chooseSubject, type Subject, seriesAtHand, seriesOfModel } from './choose-subject.ts';
import type { BisectOptions } from './options.ts';
import { search } from './search.ts';
import type { Candidate } from './series.ts';

export interface ResumedBisect {
  /** Of the campaign. */
  id: string;
}

/**
 * The exit code is 0 when the change was found, 1 when there is none to find or no telling which it is, 3 when an end could
 * not be measured.
 */
export async function bisectCampaign(
  options: BisectOptions,
  outside: Surroundings,
  resume?: ResumedBisect,
): Promise<CampaignOutcome> {
  checkBisectOptions(options);
  const around = await withPlugins(options, outside, () => import('../../plugin/as-target.ts'));
  await checkPlaces(options, around);
  await checkDataOptions(options, around);
  const access = await readAccess(around);
  const subject = await chooseSubject(options, around);
  const atHand = resume ? undefined : await seriesAtHand(subject, options, around);
  const gpus = await detectDevices(options, around);
  const context = await readContext(options, { gpus }, around);
  const engine = await openEngine(options.engine, around.runner);
  const { projectContext } = around;
  const asked = {
    cwd: around.cwd,
    options: { ...options, over: subject.over },
    ...(projectContext === undefined ? {} : { project_context: { ...projectContext } }),
  };
  const frame: CampaignFrame = {
    ...{ command: 'bisect', output: options.output, engine },
    ...(resume ? { resume: { id: resume.id, mayGoOn: async () => false } } : { asked }),
  };
  return withCampaign(frame, around, async (campaign) => {
    const writer = perfWriter(campaign.perfCsv, { clock: around.clock });
    const manifest = {
      built_images: {},
      built_models: {},
      credentials_required: [],
      context: { ...context.values },
    };
    const inputs = {
      ...{
        options,
        access,
        manifest,
        context,
        engine,
        gpus,
        jobs: [],
        known: [],
        failedBuilds: [],
        buildFailures: 0,
      },
      ...{ manifestFile: resolve(around.cwd, options.manifestOutput), askedAhead: new Map() },
    };
    const services = await servicesFor(inputs, writer, campaign, around);
    const ground = { options, access, context, engine, gpus, campaign, around, services };
    try {
      return await search(ground, subject, await candidatesOf(ground, subject, atHand));
    } finally {
      await services.reserve.release();
    }
  });
}

function checkBisectOptions({ tags, engine, over, imageList, useImage }: BisectOptions): void {
  if (parseTags(tags).length === 0) {
    throw new MadError('INVALID_ARGUMENT', 'no tags: no model to measure', {
      hint: 'Name the model whose metric got worse: --tags dummy.',
    });
  }
  const overImages = over === 'images' || (over === undefined && imageList.length > 0);
  if (overImages && engine === 'host') {
    throw new MadError('INVALID_ARGUMENT', '--engine host runs no images', {
      hint: 'Look through images with docker or podman.',
    });
  }
  if (overImages && useImage !== undefined) {
    throw new MadError('INVALID_ARGUMENT', '--use-image has no place beside --image-list', {
      hint: 'Leave one of them out: with --image-list, the image is what changes.',
    });
  }
}

/** Those of the first start, as branches move on and files change. */
async function candidatesOf(
  ground: Ground,
  subject: Subject,
  atHand: readonly Candidate[] | undefined,
): Promise<readonly Candidate[]> {
  const stored = await readBisect(ground.campaign.folder.path);
  if (stored) return stored.candidates.map(({ id, label }) => ({ id, label }));
  return atHand ?? (await seriesAtHand(subject, ground.options, ground.around)) ?? seriesOfModel(ground);
}
