import type { CommandRunner } from '../command/command.ts';
import type { ClientTitle } from './client-error.ts';
import type { BuildSpec, EngineCapabilities, ImageInfo, RegistryAccess } from './engine.ts';

export type InspectImage = (image: string) => Promise<ImageInfo | undefined>;

/** In what docker and podman differ. */
export interface Dialect {
  kind: 'docker' | 'podman';
  title: ClientTitle;
  program: string;
  /** Throws ENGINE_UNAVAILABLE. */
  capabilities(runner: CommandRunner, purpose?: 'run'): Promise<EngineCapabilities>;
  /** Makes a client use the logins of that folder alone: words before the subcommand and after it. */
  access(
    runner: CommandRunner,
    access: Required<RegistryAccess>,
  ): Promise<{ before: readonly string[]; after: readonly string[] }>;
  /** Docker's options for containers in this client's words. */
  options(words: readonly string[]): readonly string[];
  /** Where `version --format` has that of the engine. */
  version: string;
  /** The registry's name at login. */
  loginName(registry: string): readonly string[];
  /** Words for a registry that speaks plain HTTP on this machine, given its name or that of an image in it. */
  loopback(name: string): readonly string[];
  remove: readonly string[];
  /** Words of a push, as a plan shows them. */
  push: readonly string[];
  /** Pushes with the words that it gives to `transfer`; returns text that holds the digest. */
  pushed(transfer: (words: readonly string[]) => Promise<string>): Promise<string>;
  /** A value of `--filter` as one word. */
  filter(value: string): string;
  /** The builder up to its `build` word, and what it needs in its environment. */
  builder(capabilities: EngineCapabilities): {
    words: readonly string[];
    env: Readonly<Record<string, string>>;
  };
  /** The word that asks for newer bases where `spec.pull` does, and a line for the build's output when it is left out. */
  pullWord(
    spec: Pick<BuildSpec, 'buildArgs'>,
    dockerfile: string,
    inspect: InspectImage,
  ): Promise<{ word: string | undefined; note?: string }>;
}
