import type { MoreNames } from '../context/known-keys.ts';
import type { Secret } from '../foundation/secret.ts';
import type { Vendor } from '../machine/device/detect.ts';
import type { ToolOfPlugin } from '../package/tools-config.ts';
import type { Report } from '../record/report.ts';
import type { DataProvider } from '../run/data/provider.ts';
import type { Launcher } from '../stage/launcher/launcher.ts';
import type { Target } from '../target/target.ts';

/** What the plugins of a campaign add, each in the shape that ours have. */
export interface PluginSet {
  vendors: readonly Vendor[];
  providers: ReadonlyMap<string, DataProvider>;
  tools: ReadonlyMap<string, ToolOfPlugin>;
  launchers: ReadonlyMap<string, Launcher>;
  targets: ReadonlyMap<string, Target>;
  reports: ReadonlyMap<string, Report>;
  /** For the context. */
  names: MoreNames;
  /** Values of variables that plugins asked for and that are to be scrubbed. */
  secrets: readonly Secret[];
  loaded: readonly LoadedPlugin[];
  /** `loaded` in words. */
  shown: string;
}

export interface LoadedPlugin {
  kind: string;
  name: string;
  /** As typed. */
  file: string;
  /** Of the file, in hex; of what it imports, nothing is known. */
  sha256: string;
}
