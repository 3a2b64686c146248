/** What goes on beside the runs of a campaign: images that come ahead and go behind, and an estimate of the time left. */
import { campaignsFolder } from '../record/campaign/campaign-folder.ts';
import { pastDurations, writeDurations } from '../record/durations.ts';
import type { RunRecord } from '../record/record-schema.ts';
import type { Job } from '../run/job.ts';
import type { RunServices } from '../run/run-services.ts';
import { estimator } from './estimate.ts';
import type { RunOptions, Surroundings } from './options.ts';

export interface BesideRuns {
  /** With what they tell each other. */
  services: RunServices;
  /** A job is over for good. */
  over(job: Job, record: RunRecord): Promise<void>;
  stop(): Promise<void>;
}

export interface BesideWork {
  options: RunOptions;
  /** All of the campaign, by their positions. */
  jobs: readonly Job[];
  toRun: readonly Job[];
  services: RunServices;
  isResumed: boolean;
}

/** Nothing of it is loaded that was not asked for. */
export async function besideRuns(work: BesideWork, { events, clock }: Surroundings): Promise<BesideRuns> {
  const { options, jobs, toRun, services, isResumed } = work;
  const { prefetch, pruneImages, parallel } = options;
  const { campaign, emit, resultsRoot, gpus } = services;
  const used =
    pruneImages === 'never'
      ? undefined
      : await (await import('./images/remove-used-images.ts')).removeUsedImages(
          pruneImages,
          toRun,
          services,
          events,
          isResumed,
        );
  const fetching =
    prefetch === 'never'
      ? undefined
      : (await import('./images/prefetch-images.ts')).prefetchFor(prefetch, toRun, services);
  const lanes = Math.min(parallel === 'auto' ? Math.max(1, gpus.count) : parallel, toRun.length);
  const past = await pastDurations(campaignsFolder(resultsRoot), resultsRoot);
  const estimate = estimator({ jobs: toRun, past, lanes, sampling: options, clock, emit });
  const stopListening = events.listen((event) => {
    const job = event.type === 'run.started' ? jobs[event.position - 1] : undefined;
    if (job) estimate.begun(job);
  });
  return {
    services: fetching ? { ...services, prefetch: fetching } : services,
    async over(job, record) {
      estimate.over(job, record);
      // What a signal ended may be gone on with, and needs it then.
      if (record.failure?.class !== 'interrupted') await used?.over(job, record.status !== 'FAILURE');
    },
    async stop() {
      stopListening();
      used?.stop();
      await fetching?.stop();
      // Without it a later estimate is a little worse.
      if (estimate.durations.size > 0)
        await writeDurations(campaign.path, estimate.durations).catch(() => {});
    },
  };
}
