/** Files of a NAS node, brought by rsync over OpenSSH from this machine: no image needs either, and none sees a secret. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { MadError } from '../../foundation/error.ts';
import { retry } from '../../foundation/retry.ts';
import { type CommandResult, runCommand } from '../../machine/command/command.ts';
import { sshPasswordEnvironment } from '../../machine/ssh/ssh-words.ts';
import { type NasNode, type NasPlace, nasPlace } from './nas-nodes.ts';
import type { DataAround, DataProvider, DataSource, Fetched, OnProgress } from './provider.ts';
import {
  incomingFolder,
  listing,
  partialFolder,
  type RsyncSource,
  transfer,
  verification,
} from './rsync-argv.ts';
import { NasError, nasError, nodeText, type RsyncFailure, rsyncFailure } from './rsync-failure.ts';
import { type RsyncOutput, type RsyncTotals, rsyncOutput } from './rsync-output.ts';
import { tidyCopy } from './tidy-copy.ts';

/** A node that is asked for one line. */
const longestListingMs = 60_000;

export const nas: DataProvider = {
  kind: 'nas',
  async check(source, around) {
    try {
      const place = nasPlace(source.path, around.credentials, around.packageDir);
      const seen = await look(place, around);
      if (seen.some(({ failure }) => failure === undefined)) return undefined;
      return { why: reasons(seen), passes: mayPass(seen) };
    } catch (error) {
      if (!(error instanceof MadError)) throw error;
      return { why: `${error.message}. ${error.hint ?? ''}`.trim(), passes: error.passes ?? false };
    }
  },
  fetch,
};

/** What one node answered: whether the path is a folder there, or why it can't be had. */
interface Seen {
  node: NasNode;
  isFolder: boolean;
  failure: RsyncFailure | undefined;
}

/** All nodes at once; in their order. */
const look = (place: NasPlace, around: DataAround): Promise<Seen[]> =>
  Promise.all(place.nodes.map((node) => lookAt({ node, path: place.path }, around)));

async function lookAt(source: RsyncSource, around: DataAround): Promise<Seen> {
  const { node, path } = source;
  const result = await rsync(listing(source), node, around, { timeoutMs: longestListingMs });
  const failure = rsyncFailure(result, node, path);
  const isFolder = /^d[rwxsStT-]{9}/m.test(result.stdout);
  if (failure === undefined && !isFolder && !/^-[rwxsStT-]{9}/m.test(result.stdout)) {
    const why = `has no file or folder at ${path}`;
    return {
      node,
      isFolder,
      failure: { code: 'COMMAND_FAILED', why, hint: 'Check the path.', passes: false },
    };
  }
  return { node, isFolder, failure };
}

const mayPass = (seen: readonly Seen[]): boolean => seen.some(({ failure }) => failure?.passes === true);

const reasons = (seen: readonly Seen[]): string =>
  seen
    .flatMap(({ node, failure }) => (failure ? [`${nodeText(node)} ${failure.why}. ${failure.hint}`] : []))
    .join(' ');

async function fetch(
  source: DataSource,
  into: string,
  around: DataAround,
  onProgress: OnProgress,
): Promise<Fetched> {
  const { clock, emit, signal } = around;
  const place = nasPlace(source.path, around.credentials, around.packageDir);
  // What an rsync that was killed left there is neither whole nor found again by another one.
  await rm(join(into, incomingFolder), { recursive: true, force: true });
  await mkdir(join(into, incomingFolder), { mode: 0o700 });
  const policy = {
    attempts: 5,
    firstDelayMs: 1000,
    maxDelayMs: 30_000,
    retryable: (error: unknown) => error instanceof NasError && error.passes === true,
    onRetry(error: unknown, attempt: number, delayMs: number) {
      const why = error instanceof NasError ? error.brief : String(error);
      const message = `data ${source.name}: ${why} at try ${attempt}; again in ${delayMs / 1000} s`;
      emit({ type: 'notice', level: 'warning', code: 'DATA_RETRIED', message });
    },
  };
  let reusedBytes: number | undefined;
  const { links, specials } = await retry(
    async () => {
      const { node, isFolder } = await firstGood(place, source, around);
      const from = { node, path: place.path };
      // Later tries find what this call itself brought.
      const isFirst = reusedBytes === undefined;
      const mended = isFirst && isFolder ? await mendWhatIsThere(from, into, around) : 0;
      const copying = { from, isFolder, into };
      const plan = await planned(copying, around);
      reusedBytes ??= plan.missingFiles === plan.files ? 0 : plan.bytes - plan.missing - mended;
      const done = await transferred(copying, plan, around, onProgress);
      if (isFirst) reusedBytes += done.matched;
      return done;
    },
    policy,
    clock,
    signal,
  );
  const { links: linksHere, ...copied } = await tidyCopy(into, [incomingFolder, partialFolder]);
  tellLeftOut(Math.max(0, links - linksHere), specials, source.name, around);
  return { ...copied, reusedBytes: Math.min(reusedBytes ?? 0, copied.bytes) };
}

async function firstGood(place: NasPlace, { name }: DataSource, around: DataAround): Promise<Seen> {
  const seen = await look(place, around);
  const good = seen.find(({ failure }) => failure === undefined);
  if (!good) {
    stopIfAborted(around);
    const brief = `no node has ${place.path}`;
    throw new NasError('COMMAND_FAILED', `${brief}: ${reasons(seen)}`, { passes: mayPass(seen), brief });
  }
  const skipped = seen.slice(0, seen.indexOf(good));
  if (skipped.length > 0) {
    const message = `data ${name} comes from ${nodeText(good.node)}. ${reasons(skipped)}`;
    around.emit({ type: 'notice', level: 'warning', code: 'NAS_NODE_PASSED_OVER', message });
  }
  return good;
}

/**
 * Size and time alone are trusted only for what this very transfer brought: what lay there before is compared by
 * content. Returns the bytes that it had to bring again.
 */
async function mendWhatIsThere(from: RsyncSource, into: string, around: DataAround): Promise<number> {
  const entries = await readdir(into, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(into, join(entry.parentPath, entry.name)))
    .filter((path) => !path.split('/').includes(partialFolder));
  if (files.length === 0) return 0;
  const stdin = files.map((path) => `${path}\0`).join('');
  const { missing, matched } = await must(verification(from, into), from, around, { stdin });
  return missing - matched;
}

interface Copying {
  from: RsyncSource;
  isFolder: boolean;
  /** Folder on this machine. */
  into: string;
}

async function planned({ from, isFolder, into }: Copying, around: DataAround): Promise<RsyncTotals> {
  const totals = await must(transfer(from, isFolder, into, { planned: true }), from, around);
  if (totals.files === 0) {
    const why = `has no file in ${from.path}`;
    throw nasError(
      { code: 'COMMAND_FAILED', why, hint: 'Check the path in data.json.', passes: false },
      from.node,
    );
  }
  return totals;
}

async function transferred(
  { from, isFolder, into }: Copying,
  plan: RsyncTotals,
  around: DataAround,
  onProgress: OnProgress,
): Promise<Copied> {
  const before = plan.bytes - plan.missing;
  onProgress(before, plan.bytes);
  const onBytes = (bytes: number): void => onProgress(Math.min(before + bytes, plan.bytes), plan.bytes);
  const done = await must(transfer(from, isFolder, into, { planned: false }), from, around, { onBytes });
  onProgress(done.bytes, done.bytes);
  return done;
}

interface Copied extends RsyncTotals {
  specials: number;
}

interface RsyncOptions {
  timeoutMs?: number;
  stdin?: string;
  onBytes?(bytes: number): void;
}

/** Throws a NasError, or INTERRUPTED. */
async function must(
  argv: [string, ...string[]],
  { node, path }: RsyncSource,
  around: DataAround,
  { onBytes, ...options }: RsyncOptions = {},
): Promise<Copied> {
  const output: RsyncOutput = rsyncOutput(onBytes ?? (() => {}));
  const result = await rsync(argv, node, around, { ...options, onStdout: (chunk) => output.push(chunk) });
  stopIfAborted(around);
  const failure = rsyncFailure(result, node, path);
  if (failure) throw nasError(failure, node);
  output.push('\n');
  const totals = output.totals();
  if (totals) return { ...totals, specials: output.specials() };
  const hint = 'madengine needs rsync 3.1 or newer on this machine.';
  throw nasError(
    { code: 'COMMAND_FAILED', why: 'was copied from by an rsync that gives no totals', hint, passes: false },
    node,
  );
}

async function rsync(
  argv: [string, ...string[]],
  { login }: NasNode,
  { runner, secretsDir, signal }: DataAround,
  options: { timeoutMs?: number; stdin?: string; onStdout?(chunk: Buffer): void } = {},
): Promise<CommandResult> {
  const { env, secretEnv } = await sshPasswordEnvironment(login.password, secretsDir);
  try {
    // Its words are looked at.
    return await runCommand(runner, { argv, env: { LC_ALL: 'C', ...env }, secretEnv, signal, ...options });
  } catch (error) {
    if (!(error instanceof MadError) || error.code !== 'COMMAND_NOT_FOUND') throw error;
    throw new MadError(
      'COMMAND_NOT_FOUND',
      'rsync is not installed on this machine, and NAS data comes by it',
      {
        hint: 'Install rsync (3.1 or newer).',
        cause: error,
      },
    );
  }
}

function stopIfAborted({ signal }: DataAround): void {
  if (signal.aborted) throw new MadError('INTERRUPTED', `ended by ${String(signal.reason)}`);
}

function tellLeftOut(links: number, specials: number, name: string, { emit }: DataAround): void {
  const left = [
    ...(links > 0 ? [`links that lead out of it: ${links}`] : []),
    ...(specials > 0 ? [`devices, pipes or sockets: ${specials}`] : []),
  ];
  if (left.length === 0) return;
  const message = `data ${name} comes without some of its entries (${left.join(', ')})`;
  emit({ type: 'notice', level: 'warning', code: 'DATA_LEFT_OUT', message });
}
