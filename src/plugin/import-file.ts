/** Brings a plugin's file into this process: `.mjs` as it is, `.ts` without its types, which Node.js takes out itself. */
import * as nodeModule from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Clock } from '../foundation/clock.ts';
import { MadError } from '../foundation/error.ts';
import { errnoOf } from '../foundation/file/errno.ts';
import { type CommandRunner, runCommand } from '../machine/command/command.ts';
import { shippedFolder } from '../package/shipped-folder.ts';
import { callPlugin, wordsOf } from './call.ts';

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
  const { href: url } = pathToFileURL(path);
  const source = { kind: 'plugin', name: '', file, url };
  const load = async (): Promise<unknown> => {
    try {
      const exported: { default?: unknown } = await import(/* @vite-ignore */ url);
      return { exported: exported.default };
    } catch (thrown) {
      if (thrown instanceof SyntaxError) throw await syntaxError(thrown, path, file, runner);
      throw loadError(thrown, file, url);
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

const importable =
  'A plugin may import modules of Node.js, files beside it (with their ending), madengine/plugin, and packages that are installed beside it.';

function loadError(thrown: unknown, file: string, url: string): MadError {
  const words = wordsOf(thrown);
  const unusable = (hint: string): MadError =>
    new MadError('INVALID_FILE', `${words}${placeOf(thrown, url, file)}`, { cause: thrown, hint });
  switch (errnoOf(thrown)) {
    case 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX':
      return unusable(
        'Node.js only takes types out: use no enum, no namespace with values, no parameter property.',
      );
    case 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING':
      return unusable(
        'Node.js reads no TypeScript below node_modules: put the file elsewhere, or make .mjs of it.',
      );
    case 'ERR_UNKNOWN_FILE_EXTENSION':
      return unusable('This Node.js reads no TypeScript: start a newer one, or make .mjs of the file.');
    case 'ERR_MODULE_NOT_FOUND':
    case 'ERR_PACKAGE_PATH_NOT_EXPORTED':
    case 'ERR_UNSUPPORTED_DIR_IMPORT':
      return unusable(importable);
  }
  const message = `${words}${placeOf(thrown, url, file)}`;
  return new MadError('PLUGIN_FAILED', message, { cause: thrown, hint: 'Mend the plugin, or leave it out.' });
}

/** Where a mistake is in the syntax of the file itself, only a check by Node.js says. */
async function syntaxError(
  thrown: SyntaxError,
  path: string,
  file: string,
  runner: CommandRunner,
): Promise<MadError> {
  const { stderr } = await runCommand(runner, {
    argv: [process.execPath, '--check', path],
    timeoutMs: 10_000,
  });
  const line = stderr.startsWith(`${path}:`) ? /^\d+/.exec(stderr.slice(path.length + 1))?.[0] : undefined;
  const place = line === undefined ? '' : ` (${file}:${line})`;
  return new MadError('INVALID_FILE', `${wordsOf(thrown)}${place}`, {
    cause: thrown,
    hint: 'Correct the file.',
  });
}

/** ` (plugins/a.mjs:3)`, from the stack. */
function placeOf(thrown: unknown, url: string, file: string): string {
  try {
    const stack = thrown instanceof Error ? String(thrown.stack) : '';
    const at = stack.indexOf(`${url}:`);
    const line = at < 0 ? undefined : /^\d+/.exec(stack.slice(at + url.length + 1))?.[0];
    return line === undefined ? '' : ` (${file}:${line})`;
  } catch {
    return '';
  }
}
