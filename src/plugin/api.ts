/** `madengine/plugin`: what a plugin's author needs, and nothing else. docs/plugins.md tells of it by task. */
export type { NamedHost } from '../context/launch-values.ts';
export { type ErrorCode, MadError } from '../foundation/error.ts';
export { Secret } from '../foundation/secret.ts';
export type { CommandResult } from '../machine/command/command.ts';
export type { GpuDevice, GpuToolkit } from '../machine/device/gpu-facts.ts';
export type { DataSource } from '../package/data-source.ts';
export { type Launch, type Launched, option, word } from '../stage/launcher/launcher.ts';
export { quote } from '../stage/quote.ts';
export type { Word, WordPiece } from '../stage/stage.ts';
export type * from './definition.ts';
export type { RunRecord } from './run-record.ts';
