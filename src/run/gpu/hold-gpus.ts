/** A job's hold on its GPUs: leased before it starts, looked at before and after, set aside when they broke. */
import { existsSync } from 'node:fs';
import { MadError } from '../../foundation/error.ts';
import type { GpuDevice } from '../../machine/device/gpu-facts.ts';
import {
  compareHealth,
  type HealthReading,
  type HealthVerdict,
  warningsBefore,
} from '../../machine/device/gpu-health.ts';
import { type Lease, leaseFolder, leaseGpus } from '../../machine/device/lease.ts';
import { toolTimeoutMs } from '../../machine/device/machine-view.ts';
import { readHealth } from '../../machine/device/read-health.ts';
import { usualRocmPath } from '../../machine/device/rocm-path.ts';
import type { RunRecord } from '../../record/record-schema.ts';
import { migOfRecord } from '../draft-record.ts';
import type { Job } from '../job.ts';
import type { JobPlan } from '../plan-job.ts';
import { type Progress, type RunServices, unkillable, type Verdict } from '../run-services.ts';
import { gpusAsked, gpuWish, withRenderNodes } from './choose-gpus.ts';

export interface WithGpusOptions {
  job: Job;
  /** With the GPUs that the job gets when all are free. */
  plan: JobPlan;
  /** Reference of the image. */
  image: string;
  replan(gpus: readonly number[]): Promise<JobPlan>;
  /** Its program runs already: what the GPUs do is its own doing. */
  isRunning?: boolean;
  services: RunServices;
  progress: Progress;
}

export type Act = (plan: JobPlan) => Promise<Verdict>;

export async function holdGpus(options: WithGpusOptions, act: Act): Promise<Verdict> {
  const { services, progress } = options;
  const lease = await takeLease(options);
  progress.gpus = lease.gpus;
  const { slot } = services;
  if (slot?.keepsLease) Object.assign(slot, { lease, gpus: lease.gpus });
  let isFree = true;
  try {
    await services.devices.endOrphans();
    const gone = options.isRunning ? undefined : refuseGone(lease, options);
    if (gone) return gone;
    const [before, plan] = await Promise.all([look(lease, options), planWith(lease, options)]);
    warn(sliceWarnings(lease, services), options);
    const unfit = options.isRunning ? [] : warningsBefore(before);
    if (services.settings.strict && unfit.length > 0) {
      progress.gpu_health = healthOfRecord(lease, services, before, undefined);
      return refused(unfit);
    }
    warn(unfit, options);
    const verdict = await act(plan).catch((error: unknown) => ({ thrown: error }));
    isFree = !progress.warnings.some((words) => words.startsWith(unkillable));
    if (!isFree) setAside(lease.gpus, 'a run on it could not be ended', services);
    if (!isFree && slot) slot.isStuck = true;
    const after = await lookAfter(lease, options);
    progress.gpu_health = healthOfRecord(lease, services, before, after);
    const device = after && judgeDevices(compareHealth(before, after), options);
    if (device) return device;
    if ('thrown' in verdict) throw verdict.thrown;
    return verdict;
  } finally {
    // What could not be ended may still use them; the lease then ends with this process.
    if (isFree && !slot?.keepsLease) lease.release();
  }
}

/** Waits for its turn. Where leases can't be had at all, the job runs all the same, and everybody is told. */
async function takeLease({ job, plan, services, progress }: WithGpusOptions): Promise<Lease> {
  const { context, clock, signal, emit } = services;
  const wish = gpuWish(job.card, context, withRenderNodes(services.gpus, context), services.devices.setAside);
  if (gpusAsked(job.card, context) < 0 && services.devices.setAside.size > 0) {
    progress.warnings.push(`it asks for all GPUs, and got ${wish.count}: others were set aside`);
  }
  const { slot } = services;
  if (slot?.lease) return slot.lease;
  const isOwn = ({ index }: GpuDevice): number => Number(slot?.gpus.includes(index) ?? false);
  const candidates = wish.candidates.toSorted((a, b) => isOwn(b) - isOwn(a));
  try {
    return await leaseGpus({
      count: wish.count,
      candidates,
      folder: leaseFolder(),
      clock,
      signal,
      onWait: (holders) => {
        const message = `${job.card.name} waits for ${wish.count} of its GPUs: ${holders.join(', ')}`;
        emit({ type: 'notice', level: 'info', code: 'GPU_BUSY', message });
      },
    });
  } catch (error) {
    if (signal.aborted || !(error instanceof MadError) || error.code !== 'NOT_WRITABLE') throw error;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    const message = `GPUs are not kept from other programs: ${error.message}`;
    emit({ type: 'notice', level: 'warning', code: 'NO_GPU_LEASE', message, ...hint });
    progress.warnings.push(message);
    return { gpus: plan.gpus, release: () => {} };
  }
}

/** A GPU may fall off its bus after it was found; what is left of its file tells, before an engine says so less clearly. */
function refuseGone({ gpus }: Lease, { services }: WithGpusOptions): Verdict | undefined {
  if (services.engine.kind === 'host') return undefined;
  const missing = new Map<number, string>();
  for (const { index, renderNode, deviceFiles } of withRenderNodes(services.gpus, services.context).devices) {
    const files = deviceFiles ?? (renderNode === undefined ? [] : [renderNode]);
    const gone = gpus.includes(index) ? files.find((file) => !existsSync(file)) : undefined;
    if (gone !== undefined) missing.set(index, gone);
  }
  const [first] = missing;
  if (!first) return undefined;
  for (const [gpu, file] of missing) setAside([gpu], goneWords(gpu, file), services);
  const message = goneWords(...first);
  return { status: 'FAILURE', failure: { class: 'device', stage: null, message }, reason: null };
}

const goneWords = (gpu: number, file: string): string =>
  `GPU ${gpu} is not there any more: its ${file} is missing`;

/** `--strict`: numbers of such a GPU are not to be had. */
function refused(unfit: readonly string[]): Verdict {
  const message = `refused by --strict: ${unfit.join('; ')}`;
  return { status: 'FAILURE', failure: { class: 'device', stage: null, message }, reason: null };
}

async function look(lease: Lease, { services, progress }: WithGpusOptions): Promise<HealthReading> {
  const { devices, gpus, signal, emit } = services;
  const known = new Set(devices.hung);
  const { env, hung } = devices;
  const reading = await readHealth(devices.runner, gpus, lease.gpus, { env, signal, hung });
  for (const tool of reading.unanswered) {
    const words = `the GPUs were looked at without ${tool}, which gave no answer within ${toolTimeoutMs / 1000} s`;
    if (!progress.warnings.includes(words)) progress.warnings.push(words);
    if (known.has(tool)) continue;
    const message = `${words}; it is not asked again in this campaign`;
    emit({ type: 'notice', level: 'warning', code: 'GPU_HEALTH', message });
  }
  return reading;
}

/** A look that a signal cut short says nothing of the GPUs. */
async function lookAfter(lease: Lease, options: WithGpusOptions): Promise<HealthReading | undefined> {
  const { signal } = options.services;
  if (signal.aborted) return undefined;
  const after = await look(lease, options);
  return signal.aborted ? undefined : after;
}

async function planWith(lease: Lease, options: WithGpusOptions): Promise<JobPlan> {
  const [plan, rocm] = await Promise.all([
    lease.gpus.join() === options.plan.gpus.join() ? options.plan : options.replan(lease.gpus),
    rocmOfImage(options),
  ]);
  return { ...plan, container: { ...plan.container, env: { ...rocm, ...plan.container.env } } };
}

/** Where ROCm lies in the container: the image says so, or it is the usual place; this machine's own has nothing to do with it. */
async function rocmOfImage({ image, services }: WithGpusOptions): Promise<Record<string, string>> {
  const { engine, gpus } = services;
  if (gpus.vendor !== 'AMD') return {};
  if (engine.kind === 'host') return gpus.rocmPath === undefined ? {} : { ROCM_PATH: gpus.rocmPath };
  const env = (await engine.inspect(image))?.env ?? {};
  return { ROCM_PATH: env.ROCM_PATH || env.ROCM_HOME || usualRocmPath };
}

/** CUDA's own limit, says NVIDIA's guide: https://docs.nvidia.com/datacenter/tesla/mig-user-guide/. */
function sliceWarnings({ gpus: leased }: Lease, { gpus }: RunServices): string[] {
  if (leased.length < 2) return [];
  const hasSlice = gpus.devices.some(({ index, mig }) => mig !== undefined && leased.includes(index));
  return hasSlice
    ? [
        `it got ${leased.length} devices with MIG slices among them, and CUDA shows a process one slice and nothing else`,
      ]
    : [];
}

function warn(warnings: readonly string[], { services, progress, job }: WithGpusOptions): void {
  for (const words of warnings) {
    progress.warnings.push(words);
    const message = `${job.card.name}: ${words}`;
    services.emit({ type: 'notice', level: 'warning', code: 'GPU_HEALTH', message });
  }
}

function setAside(numbers: readonly number[], reason: string, { devices, gpus, emit }: RunServices): void {
  for (const gpu of withSiblings(numbers, gpus.devices)) {
    if (devices.setAside.has(gpu)) continue;
    devices.setAside.set(gpu, reason);
    const message = `GPU ${gpu} is set aside for the rest of this campaign: ${reason}`;
    emit({ type: 'notice', level: 'warning', code: 'GPU_SET_ASIDE', message });
  }
}

/** The slices of one GPU share its hardware. */
function withSiblings(numbers: readonly number[], devices: readonly GpuDevice[]): number[] {
  const parents = new Set(
    devices.flatMap(({ index, mig }) => (mig && numbers.includes(index) ? [mig.parent] : [])),
  );
  const siblings = devices.filter(({ mig }) => mig && parents.has(mig.parent)).map(({ index }) => index);
  return [...new Set([...numbers, ...siblings])];
}

/** A device that broke during a run explains whatever the run made of it, a good result too. */
function judgeDevices(health: HealthVerdict, options: WithGpusOptions): Verdict | undefined {
  warn(health.warnings, options);
  const [first] = health.broken;
  for (const { gpu, message } of health.broken) setAside([gpu], message, options.services);
  if (!first) return undefined;
  const failure = { class: 'device' as const, stage: null, message: first.message, evidence: first.evidence };
  return { status: 'FAILURE', failure, reason: null };
}

function healthOfRecord(
  lease: Lease,
  { gpus }: RunServices,
  before: HealthReading,
  after: HealthReading | undefined,
): RunRecord['gpu_health'] {
  return lease.gpus.map((gpu) => {
    const device = gpus.devices.find(({ index }) => index === gpu);
    return {
      gpu,
      ...(device?.uuid ? { uuid: device.uuid } : {}),
      ...(device?.name ? { name: device.name } : {}),
      ...(device?.serial ? { serial: device.serial } : {}),
      ...(device?.firmware ? { firmware: device.firmware } : {}),
      ...(device?.mig ? { mig: migOfRecord(device.mig) } : {}),
      before: before.gpus.get(gpu) ?? null,
      after: after?.gpus.get(gpu) ?? null,
    };
  });
}
