/** The frame of every command that does something: clean up after dead ones, hold a campaign, close it whatever happens. */

import { mkdir, realpath, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { diskError, type ExitCode, exitCode, MadError, toMadError } from '../foundation/error.ts';
import type { Emit } from '../foundation/event.ts';
import { makeFolders } from '../foundation/file/make-folders.ts';
import { newId } from '../foundation/id.ts';
import type { ContainerSummary, Engine } from '../machine/engine/engine.ts';
import { type HostFacts, readHostFacts } from '../machine/host-facts.ts';
import { type CampaignFolder, createCampaign } from '../record/campaign/campaign-folder.ts';
import { type CampaignAsked, writeAsked } from '../record/campaign/campaign-inputs.ts';
import { openEventLog } from '../record/campaign/event-log.ts';
import { requirePerfCsv } from '../record/perf/perf-check.ts';
import type { RecordDraft } from '../record/record-draft.ts';
import type { RunRecord } from '../record/record-schema.ts';
import type { MayGoOn } from './again/take-over.ts';
import { type CleanUpOptions, cleanUpAfterDead } from './clean-up.ts';
import { exitCodeOfSignal } from './exit-code.ts';
import type { CampaignOutcome, Surroundings } from './options.ts';

export interface OpenCampaign {
  folder: CampaignFolder;
  emit: Emit;
  /** Monotonic seconds. */
  started: number;
  host: string;
  hostFacts: HostFacts;
  /** Absolute folder of `--output`. */
  resultsRoot: string;
  /** Absolute. */
  perfCsv: string;
  /** Folder for logins, build secrets and whatever else must not outlive the campaign, mode 700. */
  secretsDir: string;
  /** False once something outside could not be ended: the next start tries again. */
  settled: boolean;
  /** Results of earlier processes of this campaign, which its last event counts, too. */
  before: RunRecord[];
  /** Runs that an earlier process of it began, and whose containers are still there. */
  goingOn: readonly RecordDraft[];
  /** Owner of the results root, where the files of a container's root belong; undefined where that is root. */
  giveBackTo: { uid: number; gid: number } | undefined;
}

export interface CampaignFrame {
  command: string;
  /** `--output`, as typed. */
  output: string;
  engine: Engine;
  /** See `CleanUpOptions`. */
  listed?: Promise<ContainerSummary[]>;
  /** The campaign to go on with, in place of a new one; `mayGoOn` as `takeOver` has it. */
  resume?: { id: string; mayGoOn: MayGoOn };
  /** What was asked for, scrubbed: kept for `--resume`. */
  asked?: CampaignAsked;
}

/**
 * Opens a campaign, does what is to be done in it, and closes it. A signal's exit code wins; errors go on to the caller,
 * but for the one that the signal itself makes.
 */
export async function withCampaign(
  frame: CampaignFrame,
  around: Surroundings,
  act: (campaign: OpenCampaign) => Promise<ExitCode>,
): Promise<CampaignOutcome> {
  const campaign = await openCampaign(frame, around);
  const { signal } = around;
  const tell = tellEnding(campaign, frame.command, around);
  let code: ExitCode = exitCode.failure;
  try {
    code = await act(campaign);
    return { exitCode: signal.aborted ? exitCodeOfSignal(signal.reason) : code };
  } catch (thrown) {
    code = toMadError(thrown).exitCode;
    if (!isAbort(thrown, signal)) throw diskError(thrown, campaign.resultsRoot);
    return { exitCode: exitCodeOfSignal(signal.reason) };
  } finally {
    if (signal.aborted) code = exitCodeOfSignal(signal.reason);
    await closeCampaign(campaign, code).finally(() => tell(code));
  }
}

/** Secrets that could not be removed are left to the next start. */
async function closeCampaign(campaign: OpenCampaign, code: ExitCode): Promise<void> {
  const { folder, secretsDir } = campaign;
  const isGone = await rm(secretsDir, { recursive: true, force: true }).then(
    () => true,
    () => false,
  );
  await folder.close({ exitCode: code, settled: campaign.settled && isGone });
}

async function openCampaign(frame: CampaignFrame, around: Surroundings): Promise<OpenCampaign> {
  const { resultsRoot, perfCsv } = await resultsPlace(frame.output, around.cwd);
  requirePerfCsv(perfCsv);
  return openIn(resultsRoot, perfCsv, frame, around).catch((error: unknown) => {
    throw diskError(error, resultsRoot);
  });
}

async function openIn(
  resultsRoot: string,
  perfCsv: string,
  frame: CampaignFrame,
  around: Surroundings,
): Promise<OpenCampaign> {
  const { engine } = frame;
  const { clock, events } = around;
  const started = clock.monotonic();
  const hostFacts = await readHostFacts();
  const { host } = hostFacts;
  const { listed } = frame;
  const { runner } = around;
  const giveBackTo = ownerToGiveBackTo();
  const cleaning = { engine, runner, resultsRoot, host, clock, emit: events.emit, listed, giveBackTo };
  const { version } = around;
  const { resume } = frame;
  const { folder, goingOn } = resume
    ? await (await import('./again/take-over.ts')).takeOver(
        resume.id,
        { ...cleaning, version },
        resume.mayGoOn,
      )
    : { folder: await newCampaign(frame, { ...cleaning, perfCsv, version }, around), goingOn: [] };
  const { id } = folder;
  const secretsDir = join(folder.path, 'secrets');
  await Promise.all([
    frame.asked && writeAsked(folder.path, events.scrubData(frame.asked)),
    folder.journal.append({ act: 'secrets.dir', path: secretsDir }),
  ]);
  await mkdir(secretsDir, { mode: 0o700 });
  return {
    folder,
    emit: events.emit.within({ campaign: id }),
    started,
    host,
    hostFacts,
    resultsRoot,
    perfCsv,
    secretsDir,
    settled: true,
    before: [],
    goingOn,
    giveBackTo,
  };
}

async function newCampaign(
  frame: CampaignFrame,
  place: CleanUpOptions & { perfCsv: string; version: string },
  { argv, events }: Surroundings,
): Promise<CampaignFolder> {
  await cleanUpAfterDead(place);
  return createCampaign({
    resultsRoot: place.resultsRoot,
    perfCsv: basename(place.perfCsv),
    id: newId(),
    command: frame.command,
    argv: argv.map((word) => events.scrub(word)),
    version: place.version,
    host: place.host,
    clock: place.clock,
  });
}

/** The folder of `--output`, made where it is missing. Throws NOT_WRITABLE, INVALID_ARGUMENT when a folder is named. */
export async function resultsPlace(
  output: string,
  cwd: string,
): Promise<{ resultsRoot: string; perfCsv: string }> {
  const typed = await requireNoFolder(output, cwd);
  try {
    await makeFolders(dirname(typed));
  } catch (error) {
    throw new MadError('NOT_WRITABLE', `--output ${output}: ${(error as Error).message}`, {
      cause: error,
      hint: 'Name a folder that can be made, or make it first.',
    });
  }
  const resultsRoot = await realpath(dirname(typed));
  return { resultsRoot, perfCsv: join(resultsRoot, basename(typed)) };
}

/** The same of a campaign that is there already, or would be made: nothing is made here. */
export async function earlierResultsRoot(output: string, cwd: string): Promise<string> {
  return realFolder(dirname(await requireNoFolder(output, cwd)));
}

/** Also of a folder that is yet to be made. */
async function realFolder(path: string): Promise<string> {
  return realpath(path).catch(async () => {
    const parent = dirname(path);
    return parent === path ? path : join(await realFolder(parent), basename(path));
  });
}

async function requireNoFolder(output: string, cwd: string): Promise<string> {
  const typed = resolve(cwd, output);
  if (!(await stat(typed).catch(() => undefined))?.isDirectory()) return typed;
  throw new MadError('INVALID_ARGUMENT', `--output ${output} is a folder, and perf.csv is a file`, {
    hint: `Name a file in it: --output ${join(output, 'perf.csv')}`,
  });
}

/** Tells the start, keeps the event log and counts runs; the returned function tells the end. */
function tellEnding(
  { folder, emit, resultsRoot, before }: OpenCampaign,
  command: string,
  { events, clock }: Surroundings,
): (code: ExitCode) => void {
  const started = clock.monotonic();
  const counts = { SUCCESS: 0, FAILURE: 0, SKIPPED: 0 };
  let known = 0;
  const counted = command === 'build' ? 'build.ended' : 'run.ended';
  const log = openEventLog(folder.path);
  const stopListening = events.listen((event) => {
    if (event.type === 'run.ended' && event.known) known++;
    else if (event.type === counted && !('retried' in event && event.retried)) counts[event.status]++;
    else if (command === 'build' && event.type === 'push.ended' && event.status === 'FAILURE') {
      // A build that was to be pushed is good only when it was.
      counts.SUCCESS--;
      counts.FAILURE++;
    }
    log.listen(event);
  });
  emit({ type: 'campaign.started', command, results_root: resultsRoot, folder: folder.path });
  return (code) => {
    for (const record of before) {
      if (record.known) known++;
      else counts[record.status]++;
    }
    emit({
      type: 'campaign.ended',
      exit_code: code,
      succeeded: counts.SUCCESS,
      failed: counts.FAILURE,
      skipped: counts.SKIPPED,
      ...(known === 0 ? {} : { known_failures: known }),
      duration_s: Math.round((clock.monotonic() - started) * 1000) / 1000,
    });
    stopListening();
    const failed = log.close();
    if (!failed) return;
    const message = `the event log of this campaign is not complete: ${failed.message}`;
    emit({ type: 'notice', level: 'warning', code: 'EVENT_LOG', message });
  };
}

/** What an abort brings down is no news; anything else is, also then. */
function isAbort(thrown: unknown, signal: AbortSignal): boolean {
  if (!signal.aborted) return false;
  return thrown === signal.reason || (thrown instanceof Error && thrown.name === 'AbortError');
}

/** Containers run as root; on the host, everything is to belong to the person who started it. */
export function ownerToGiveBackTo(): { uid: number; gid: number } | undefined {
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  return uid === 0 ? undefined : { uid, gid };
}
