/** Which run of a campaign notes the environment of an image, and which ones refer to what another one noted. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MadError } from '../../foundation/error.ts';
import type { Scrubber } from '../../foundation/secret.ts';
import { shippedFolder } from '../../package/shipped-folder.ts';
import { type CaptureMode, captureFiles } from '../../stage/environment-stage.ts';
import { type KeptEnvironment, keepEnvironment } from './keep-environment.ts';

/** Something to look at: an image on this machine, with GPUs or without. */
interface Subject {
  /** Of the run that looks. */
  control: string;
  /** Tried once it ended properly, or when its run is over. */
  kept?: Promise<KeptEnvironment | undefined>;
}

export interface EnvironmentCapture {
  /** Whether this run is to look itself; else it refers to what another one saw. */
  readonly isOwn: boolean;
  /** Puts the script where the stage expects it. */
  prepare(): Promise<void>;
  /** `ended`: the stage ran to its end. Never rejects: what went wrong stands in `problems`. */
  collect(ended: boolean): Promise<{ kept?: KeptEnvironment; problems: string[] }>;
  /** A run that never came to look leaves it to the next; harmless after `collect`. */
  letGo(): void;
}

export interface EnvironmentCaptures {
  begin(subject: string, control: string): EnvironmentCapture;
}

export interface CapturesOptions {
  mode: CaptureMode;
  /** The campaign's folder. */
  campaign: string;
  scrubber: Scrubber;
}

export function environmentCaptures({ mode, campaign, scrubber }: CapturesOptions): EnvironmentCaptures {
  const subjects = new Map<string, Subject>();
  const script = readScript();
  // Told by the run that needs it.
  script.catch(() => {});
  const keep = (subject: Subject, onlyWhole: boolean): Promise<KeptEnvironment | undefined> =>
    keepEnvironment({ control: subject.control, campaign, mode, scrubber, onlyWhole });

  /** What another run saw; where that still goes on, what it has seen so far if it is through with it. */
  const referTo = async (subject: Subject) => {
    const kept = await (subject.kept ?? keep(subject, true));
    if (kept && !subject.kept) subject.kept = Promise.resolve(kept);
    return kept
      ? { kept, problems: [] }
      : { problems: ['another run was still looking at it, or could not'] };
  };
  return {
    begin(key, control) {
      const known = subjects.get(key);
      if (known) {
        return {
          isOwn: false,
          prepare: async () => {},
          collect: () => referTo(known).catch((error: Error) => ({ problems: [error.message] })),
          letGo: () => {},
        };
      }
      const own: Subject = { control };
      subjects.set(key, own);
      const letGo = (): void => {
        if (!own.kept) subjects.delete(key);
      };
      return {
        isOwn: true,
        async prepare() {
          await writeFile(join(control, captureFiles.script), await script, { mode: 0o600 });
        },
        async collect(ended) {
          if (!ended) {
            letGo();
            return { problems: [] };
          }
          own.kept ??= keep(own, false);
          try {
            const kept = await own.kept;
            return kept
              ? { kept, problems: [...kept.problems] }
              : { problems: ['nothing was noted, or the run removed it'] };
          } catch (error) {
            own.kept = Promise.resolve(undefined);
            return { problems: [(error as Error).message] };
          }
        },
        letGo,
      };
    },
  };
}

async function readScript(): Promise<string> {
  const path = join(shippedFolder('capture'), captureFiles.script);
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new MadError('FILE_NOT_FOUND', `${path} is not in the installed package`, {
      cause,
      hint: 'Install madengine anew.',
    });
  });
}
