import { join } from 'node:path';
import { type HookAnswer, type HookOptions, runHook } from './hook-process.ts';

/** What the child runs; text, because a bundle has no file of its own for it. Arguments: the hook, the answer's file. */
const program = `
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
const [hook, answer] = process.argv.slice(1);
const named = (from) => from?.listModels ?? from?.list_models;
const exported = await import(pathToFileURL(hook).href);
const main = exported.default;
const source = typeof main === 'function' || Array.isArray(main) ? main : (named(main) ?? named(exported) ?? main);
if (source === undefined) {
  console.error('It has to export a list of model cards, or a function that returns one, as default or listModels.');
  process.exit(1);
}
const models = await (typeof source === 'function' ? source() : source);
writeFileSync(answer, JSON.stringify({ models }));
process.exit(0);
`;

/** Runs `scripts/<dir>/get_models_json.mjs`, `.js` or `.ts` (`hook`, relative to the package). Throws HOOK_FAILED. */
export function runScriptHook(hook: string, options: HookOptions): Promise<HookAnswer> {
  return runHook(
    hook,
    (answer) => [
      process.execPath,
      '--input-type=module',
      '--eval',
      program,
      '--',
      join(options.root, hook),
      answer,
    ],
    {},
    options,
  );
}
