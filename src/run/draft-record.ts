import type { GpuFacts } from '../machine/device/detect.ts';
import type { MigSlice } from '../machine/device/gpu-facts.ts';
import { withoutPassword } from '../package/card.ts';
import type { PackageSnapshot } from '../package/snapshot-schema.ts';
import type { RecordDraft } from '../record/record-draft.ts';
import type { RunRecord } from '../record/record-schema.ts';
import type { Job } from './job.ts';
import type { Provenance } from './provenance.ts';

export interface DraftOptions {
  campaign: string;
  run: string;
  job: Job;
  attempt: number;
  startedAt: Date;
  package: PackageSnapshot | undefined;
  host: string;
  hostFacts: string | null;
  context: string | null;
  buildNumber: string;
  pipeline: string;
  provenance: Provenance;
}

/**
 * Everything that is known before the run. The journal keeps it, so that a run whose controller died still gets a
 * whole record.
 */
export function draftRecord(options: DraftOptions): RecordDraft {
  const { job } = options;
  const { card, image } = job;
  return {
    schema: 'madengine.run/1',
    campaign: options.campaign,
    run: options.run,
    job: job.key,
    attempt: options.attempt,
    model: {
      name: card.name,
      args: card.args,
      tags: [...card.tags],
      card: { ...card, url: withoutPassword(card.url) },
    },
    image: {
      name: image.docker_image,
      dockerfile: image.dockerfile,
      base: image.base_docker,
      base_digest: image.docker_sha,
      id: image.image_id ?? null,
      registry_image: image.registry_image ?? null,
      digest: image.registry_digest ?? null,
      build_duration_s: image.build_duration,
    },
    package: options.package
      ? { digest: options.package.digest, commit: options.package.commit, dirty: options.package.dirty }
      : null,
    engine: null,
    placement: { host: options.host, target: 'local', gpus: [] },
    gpu: null,
    host_facts: options.hostFacts,
    context: options.context,
    started_at: options.startedAt.toISOString(),
    data: null,
    git_commit: null,
    build_number: options.buildNumber,
    pipeline: options.pipeline,
    ...options.provenance,
    warnings: [],
  };
}

/** The machine's GPUs as records hold them. */
export function gpuOfRecord(gpus: GpuFacts): RunRecord['gpu'] {
  const { vendor, architecture, count, driver, toolkit, devices } = gpus;
  const product = devices[0]?.name;
  return {
    vendor,
    architecture,
    count,
    ...(product ? { product } : {}),
    ...(driver ? { driver } : {}),
    ...(toolkit ? { toolkit } : {}),
  };
}

export const migOfRecord = ({
  parent,
  slice,
  profile,
}: MigSlice): { parent: number; slice: number; profile: string } => ({ parent, slice, profile });

/** The machine's GPUs one by one, as they stand with its other facts. */
export const gpusOfHost = (gpus: GpuFacts): object => ({
  ...gpuOfRecord(gpus),
  ...(gpus.rocmPath ? { rocm_path: gpus.rocmPath } : {}),
  devices: gpus.devices.map((device) => ({
    index: device.index,
    name: device.name,
    uuid: device.uuid,
    serial: device.serial,
    pci_address: device.pciAddress,
    firmware: device.firmware,
    ...(device.mig ? { mig: migOfRecord(device.mig) } : {}),
    render_node: device.renderNode,
    numa_node: device.numaNode,
    memory_bytes: device.memoryBytes,
  })),
});

/** A record of a run that got nowhere yet; what was seen is laid over it. */
export function emptyOutcome(endedAt: Date): Outcome {
  return {
    status: 'FAILURE',
    reason: null,
    failure: null,
    ended_at: endedAt.toISOString(),
    durations: { total_s: 0, pull_s: null, stages_s: null },
    exit_code: null,
    stages: [],
    parts: [],
    samples: [],
    metrics: [],
    artifacts: [],
    output: null,
  };
}

type Outcome = Omit<RunRecord, keyof RecordDraft>;
