import { builtinModules } from 'node:module';
import type { Plugin } from 'esbuild';

/**
 * Takes Node.js's own modules by `process.getBuiltinModule` instead of by `import`. An import asks every export for its
 * value, and with it loads what nobody needs (`node:util` alone: 5 ms, a third of what `--help` takes over an empty
 * program). It also serves bundled CommonJS packages, which have no `require` in an ES module.
 */
export const builtinModulesByCall: Plugin = {
  name: 'builtin-modules-by-call',
  setup(build) {
    const names = new Set([
      ...builtinModules,
      ...builtinModules.map((name) => `node:${name}`),
      'node:sqlite',
    ]);
    build.onResolve({ filter: /^[a-z][a-z0-9_/:]*$/ }, ({ path, importer }) => {
      if (!names.has(path)) return undefined;
      // commander starts programs only for subcommands in files of their own; loading this takes 3.5 ms.
      const unused = path === 'node:child_process' && /\/node_modules\/commander\//.test(importer);
      return { path: unused ? 'unused' : path, namespace: 'builtin' };
    });
    build.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: source(path),
      loader: 'js',
    }));
  },
};

function source(path: string): string {
  if (path === 'unused') return '';
  const builtin = `process.getBuiltinModule(${JSON.stringify(path)})`;
  if (!/^(?:node:)?util$/.test(path)) return `module.exports = ${builtin};`;
  // Even to look at the descriptor of `util.diff` loads it, and esbuild looks at all; getters stand between.
  return `const util = ${builtin};
    for (const key of Object.getOwnPropertyNames(util))
      Object.defineProperty(exports, key, { enumerable: true, get: () => util[key] });`;
}
