import { newId } from '../foundation/id.ts';
import { withReserve } from '../record/campaign/reserve.ts';
import type { RecordDraft } from '../record/record-draft.ts';
import { draftRecord, gpuOfRecord } from './draft-record.ts';
import type { Job } from './job.ts';
import type { RunServices } from './run-services.ts';

/** A run with an id, noted in the journal: from here on it has a record, whatever happens. `attempt` counts from 1. */
export async function beginRun(job: Job, services: RunServices, attempt: number): Promise<RecordDraft> {
  const { campaign, clock, scrubber } = services;
  const draft = draftRecord({
    campaign: campaign.id,
    run: newId(),
    job,
    attempt,
    startedAt: clock.now(),
    package: services.package,
    host: services.host,
    hostFacts: services.hostFacts,
    context: services.contextHash,
    buildNumber: services.buildNumber,
    pipeline: services.pipeline,
    provenance: services.provenance,
  });
  const { target = 'local' } = services.settings;
  draft.placement = { host: services.host, target, gpus: [] };
  draft.engine = { kind: services.engine.kind, version: '' };
  draft.gpu = gpuOfRecord(services.gpus);
  const clean = scrubber.scrubData(draft);
  await withReserve(services.reserve, () =>
    campaign.journal.append({ act: 'run.started', run: draft.run, draft: clean }),
  );
  return draft;
}
