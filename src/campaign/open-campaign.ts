/** The frame of every command that does something: clean up after dead ones, hold a campaign, close it whatever happens. */

import { mkdir, realpath, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { type ExitCode, exitCode, toMadError } from '../foundation/error.ts';
import type { Emit } from '../foundation/event.ts';
import { newId } from '../foundation/id.ts';
import type { Engine } from '../machine/engine/engine.ts';
import { type HostFacts, readHostFacts } from '../machine/host-facts.ts';
import { type CampaignFolder, createCampaign } from '../record/campaign-folder.ts';
import { cleanUpAfterDead } from './clean-up.ts';
import { exitCodeOfSignal } from './exit-code.ts';
import type { CampaignOutcome, Surroundings } from './options.ts';

export interface OpenCampaign {
  folder: CampaignFolder;
  emit: Emit;
  host: string;
  hostFacts: HostFacts;
  /** Absolute folder of `--output`. */
  resultsRoot: string;
  /** Absolute. */
  perfCsv: string;
  /** Folder for logins and build secrets, mode 700; gone when the campaign ends. */
  secretsDir: string;
  /** Owner of the results root, where the files of a container's root belong; undefined where that is root. */
  giveBackTo: { uid: number; gid: number } | undefined;
}

export interface CampaignFrame {
  command: string;
  /** `--output`, as typed. */
  output: string;
  engine: Engine;
}

export async function withCampaign(
  frame: CampaignFrame,
  around: Surroundings,
  act: (campaign: OpenCampaign) => Promise<ExitCode>,
): Promise<CampaignOutcome> {
  const typed = resolve(around.cwd, frame.output);
  await mkdir(dirname(typed), { recursive: true });
  const resultsRoot = await realpath(dirname(typed));
  const perfCsv = join(resultsRoot, basename(typed));
  const hostFacts = await readHostFacts();
  const { host } = hostFacts;
  await cleanUpAfterDead({
    engine: frame.engine,
    resultsRoot,
    host,
    clock: around.clock,
    emit: around.events.emit,
  });
  const id = newId();
  const emit = around.events.emit.within({ campaign: id });
  const folder = await createCampaign({
    resultsRoot,
    perfCsv: basename(perfCsv),
    id,
    command: frame.command,
    argv: around.argv.map((word) => around.events.scrub(word)),
    version: around.version,
    host,
    clock: around.clock,
  });
  const secretsDir = join(folder.path, 'secrets');
  await folder.journal.append({ act: 'secrets.dir', path: secretsDir });
  await mkdir(secretsDir, { mode: 0o700 });
  const started = around.clock.monotonic();
  const counts = { succeeded: 0, failed: 0, skipped: 0 };
  const stopCounting = around.events.listen((event) => {
    if (event.type !== 'run.ended') return;
    if (event.status === 'SUCCESS') counts.succeeded++;
    else if (event.status === 'FAILURE') counts.failed++;
    else counts.skipped++;
  });
  emit({ type: 'campaign.started', command: frame.command, results_root: resultsRoot, folder: folder.path });
  let code: ExitCode = exitCode.failure;
  try {
    code = await act({
      folder,
      emit,
      host,
      hostFacts,
      resultsRoot,
      perfCsv,
      secretsDir,
      giveBackTo: ownerToGiveBackTo(),
    });
    if (around.signal.aborted) code = exitCodeOfSignal(around.signal.reason);
    return { exitCode: code };
  } catch (thrown) {
    if (around.signal.aborted) {
      code = exitCodeOfSignal(around.signal.reason);
      return { exitCode: code };
    }
    code = toMadError(thrown).exitCode;
    throw thrown;
  } finally {
    await rm(secretsDir, { recursive: true, force: true });
    await folder.close({ exitCode: code });
    stopCounting();
    emit({
      type: 'campaign.ended',
      exit_code: code,
      ...counts,
      duration_s: Math.round((around.clock.monotonic() - started) * 1000) / 1000,
    });
  }
}

/** Containers run as root; on the host, everything is to belong to the person who started it. */
function ownerToGiveBackTo(): { uid: number; gid: number } | undefined {
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  return uid === 0 ? undefined : { uid, gid };
}
