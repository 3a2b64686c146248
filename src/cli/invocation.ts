import type { Program } from './option-spec.ts';
import type { Output } from './terminal/output.ts';

/** What a program was started with. */
export interface Invocation {
  program: Program;
  version: string;
  /** Without Node.js and the program. */
  argv: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  cwd: string;
  /** `context` of the package's project file. */
  projectContext?: Readonly<Record<string, unknown>>;
  /** `plugins` of the package's project file. */
  projectPlugins?: readonly string[];
  /** The user's cache folder for madengine, absolute. */
  cacheDir: string;
  stdout: Output;
  stderr: Output;
  /** Aborts with the signal's name as its reason. */
  signal: AbortSignal;
}
