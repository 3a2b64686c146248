/**
 * The stage that notes what a model runs on. The work is done by `capture/environment.sh` of the npm package, which lies
 * in the run's control folder.
 */
import { programVariables } from './program.ts';
import type { Stage, Word } from './stage.ts';

export const captureModes = ['lite', 'full'] as const;
export type CaptureMode = (typeof captureModes)[number];

/** Names in the control folder; the index tells how each section went. */
export const captureFiles = { script: 'environment.sh', folder: 'environment', index: 'index.tsv' } as const;

/** Seconds after which what is still being asked is killed. */
export const captureLimitS = 20;

export interface CaptureStageOptions {
  mode: CaptureMode;
  /** Names of variables whose values the script masks, besides those that sound secret. */
  secretNames: readonly string[];
}

/** Its exit code is 0 whatever happens: no model fails of it. */
export function environmentStage({ mode, secretNames }: CaptureStageOptions): Stage {
  const script: Word = [{ variable: programVariables.control }, { text: `/${captureFiles.script}` }];
  const folder: Word = [{ variable: programVariables.control }, { text: `/${captureFiles.folder}` }];
  return {
    name: 'environment',
    title: mode,
    cwd: '',
    prefix: '',
    words: [
      literal('sh'),
      literal('-c'),
      literal('sh "$@"; exit 0'),
      literal('environment'),
      script,
      folder,
      literal(mode),
      literal(String(captureLimitS)),
      ...secretNames.map(literal),
    ],
    always: false,
  };
}

const literal = (text: string): Word => [{ text }];
