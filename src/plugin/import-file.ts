/** Brings a plugin's file into this process: `.mjs` as it is, `.ts` without its types, which Node.js takes out itself. */
import * as nodeModule from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Clock } from '../foundation/clock.ts';
import { MadError } from '../foundation/error.ts';
import { errnoOf } from '../foundation/file/errno.ts';
import { type CommandRunner, runCommand } from '../machine/command/command.ts';
import { shippedFolder } from '../package/shipped-folder.ts';
import { callPlugin, placeIn, wordsOf } from './call.ts';

/** Seconds for what stands at the top of a file. */
const loadLimitS = 30;

const ourName = 'madengine/plugin';

/** The default export, wrapped: it may be something with a `then`. Throws INVALID_FILE for what is no usable module, PLUGIN_FAILED for what its own code throws. */
export async function importPlugin(
  path: string,
  file: string,
  { clock, signal, runner }: { clock: Clock; signal: AbortSignal; runner: CommandRunner },
): Promise<{ exported: unknown }> {
  offerOurs();
  keepOutputClean();
  const { href: url } = pathToFileURL(path);
  const source = { kind: 'plugin', name: '', file, url };
  const load = async (): Promise<unknown> => {
    try {
      const exported: { default?: unknown } = await import(/* @vite-ignore */ url);
      return { exported: exported.default };
    } catch (thrown) {
      throw await loadError(thrown, { path, file, url }, runner);
    }
  };
  const loaded = await callPlugin(source, 'loading', load, { clock, signal, limitS: loadLimitS }).catch(
    (error: unknown) => {
      if (!(error instanceof MadError)) throw error;
      const why = error.cause instanceof MadError ? error.cause.message : 'it does not come to its end';
      throw new MadError(error.code, `the plugin ${file} can't be loaded: ${why}`, {
        cause: error,
        ...(error.hint === undefined ? {} : { hint: error.hint }),
      });
    },
  );
  return loaded as { exported: unknown };
}

let offered = false;

/** Plugins find `madengine/plugin` wherever they lie, and it is that of the program that runs them. */
function offerOurs(): void {
  if (offered) return;
  offered = true;
  const url = import.meta.url.endsWith('.ts')
    ? new URL('./api.ts', import.meta.url).href
    : pathToFileURL(join(shippedFolder('dist'), 'plugin.js')).href;
  // Absent before Node.js 23.5; there it has to be installed beside the plugin.
  nodeModule.registerHooks?.({
    resolve: (specifier, context, next) =>
      specifier === ourName ? { url, format: 'module', shortCircuit: true } : next(specifier, context),
  });
}

/** Standard output is for events and answers: what a plugin prints goes where notices go. */
function keepOutputClean(): void {
  Object.assign(console, {
    log: console.error,
    info: console.error,
    debug: console.error,
    dir: console.error,
  });
}

/** What to do about an error of Node.js, by its code. */
const hints: Readonly<Record<string, string>> = {
  ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX:
    'Node.js only takes types out: use no enum, no namespace with values, no parameter property.',
  ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING:
    'Node.js reads no TypeScript below node_modules: put the file elsewhere, or make .mjs of it.',
  ERR_UNKNOWN_FILE_EXTENSION:
    'This Node.js reads no TypeScript: start a newer one, or make .mjs of the file.',
  ...Object.fromEntries(
    ['ERR_MODULE_NOT_FOUND', 'ERR_PACKAGE_PATH_NOT_EXPORTED', 'ERR_UNSUPPORTED_DIR_IMPORT'].map((code) => [
      code,
      'A plugin may import modules of Node.js, files beside it (with their ending), madengine/plugin, and packages that are installed beside it.',
    ]),
  ),
};

async function loadError(
  thrown: unknown,
  { path, file, url }: Record<'path' | 'file' | 'url', string>,
  runner: CommandRunner,
): Promise<MadError> {
  const isSyntax = thrown instanceof SyntaxError;
  const line = placeIn(thrown, url) ?? (isSyntax ? await lineOfMistake(path, runner) : undefined);
  const message = `${wordsOf(thrown)}${line === undefined ? '' : ` (${file}:${line})`}`;
  const hint = hints[errnoOf(thrown) ?? ''] ?? (isSyntax ? 'Correct the file.' : undefined);
  return hint === undefined
    ? new MadError('PLUGIN_FAILED', message, { cause: thrown, hint: 'Mend the plugin, or leave it out.' })
    : new MadError('INVALID_FILE', message, { cause: thrown, hint });
}

/** Where a mistake is in the syntax of the file itself, only a check by Node.js says. */
async function lineOfMistake(path: string, runner: CommandRunner): Promise<string | undefined> {
  const check = { argv: [process.execPath, '--check', path], timeoutMs: 10_000 } as const;
  const { stderr } = await runCommand(runner, check);
  return stderr.startsWith(`${path}:`) ? /^\d+/.exec(stderr.slice(path.length + 1))?.[0] : undefined;
}
