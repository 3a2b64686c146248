import { join } from 'node:path';
import { MadError } from '../foundation/error.ts';
import { type HookAnswer, type HookOptions, runHook } from './hook-process.ts';
import { shippedFolder } from './shipped-folder.ts';

/**
 * Runs `scripts/<dir>/get_models_json.py` (`hook`, relative to the package). Without `names` it lists all its models;
 * with names, these after their `update_model` ran. Throws PYTHON_NOT_FOUND or HOOK_FAILED.
 */
export async function runPythonHook(
  hook: string,
  options: HookOptions,
  names: readonly string[] = [],
): Promise<HookAnswer> {
  const python = (await options.runner.which('python3')) ?? (await options.runner.which('python'));
  if (python === undefined) {
    throw new MadError('PYTHON_NOT_FOUND', `${hook} needs Python 3, and there is no python3 on PATH.`, {
      hint: 'Install it (Debian, Ubuntu: apt-get install python3; RHEL, Rocky: dnf install python3), or write the cards to models.json or get_models_json.mjs.',
    });
  }
  const ours = shippedFolder('python');
  return runHook(
    hook,
    (answer) => [python, join(ours, 'run_hook.py'), join(options.root, hook), answer, ...names],
    {
      PYTHONPATH: ours,
      PYTHONUTF8: '1',
      // A package stays free of __pycache__.
      PYTHONDONTWRITEBYTECODE: '1',
    },
    options,
  );
}
