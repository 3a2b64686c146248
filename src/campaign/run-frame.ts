/** What every campaign that runs models begins with. */
import { resolve } from 'node:path';
import type { Engine } from '../machine/engine/engine.ts';
import { type KnownFailure, readKnownFailures } from '../record/known-failure.ts';
import { goesOn, type Resumed } from './again/resumed.ts';
import type { EngineAhead } from './engine-ahead.ts';
import type { CampaignFrame } from './open-campaign.ts';
import type { RunOptions, Surroundings } from './options.ts';

export interface RunExtras {
  /** The engine of the options, where it was opened already. */
  ahead?: EngineAhead | undefined;
  /** The campaign to go on with, in place of a new one. */
  resume?: Resumed | undefined;
}

export async function knownFailuresOf(
  { knownFailures }: RunOptions,
  { cwd }: Surroundings,
): Promise<readonly KnownFailure[]> {
  return knownFailures === undefined ? [] : readKnownFailures(resolve(cwd, knownFailures));
}

/** The frame of a campaign that runs models. */
export function frameOf(
  options: RunOptions,
  engine: Engine,
  around: Surroundings,
  { ahead, resume }: RunExtras,
): CampaignFrame {
  const { projectContext } = around;
  const asked = {
    cwd: around.cwd,
    options: { ...options },
    ...(projectContext === undefined ? {} : { project_context: { ...projectContext } }),
  };
  return {
    ...{ command: 'run', output: options.output, engine, asked },
    ...(ahead && { listed: ahead.listed }),
    ...(resume && { resume: { id: resume.id, mayGoOn: goesOn(resume) } }),
  };
}
