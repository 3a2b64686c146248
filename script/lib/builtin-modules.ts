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
    build.onResolve({ filter: /^[a-z][a-z0-9_/:]*$/ }, ({ path, importer, kind }) => {
      if (!names.has(path)) return undefined;
      // commander starts programs only for subcommands in files of their own; loading this takes 3.5 ms.
      const unused = path === 'node:child_process' && /\/node_modules\/commander\//.test(importer);
      if (unused) return { path: 'unused', namespace: 'builtin' };
      return { path, namespace: kind === 'require-call' ? 'builtin' : 'builtin-exports', sideEffects: false };
    });
    build.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: path === 'unused' ? '' : `module.exports = ${call(path)};`,
      loader: 'js',
    }));
    build.onLoad({ filter: /.*/, namespace: 'builtin-exports' }, ({ path }) => ({
      contents: exportsOf(path),
      loader: 'js',
    }));
  },
};

const call = (path: string): string => `process.getBuiltinModule(${JSON.stringify(path)})`;

/**
 * An ES module with each export by itself: those that nobody uses go with the bundle's other dead code, so that nothing is
 * asked for their values. (What esbuild makes of a CommonJS module for its importers copies all of them for each.)
 */
function exportsOf(path: string): string {
  const builtin: object = process.getBuiltinModule(path) ?? {};
  const names = Object.getOwnPropertyNames(builtin).filter(
    (name) => /^[A-Za-z_]\w*$/.test(name) && name !== 'default',
  );
  return [
    `const builtin = ${call(path)};`,
    'const get = (name) => builtin[name];',
    ...names.map((name, index) => `const _${index} = /* @__PURE__ */ get('${name}');`),
    `export { builtin as default, ${names.map((name, index) => `_${index} as ${name}`).join(', ')} };`,
  ].join('\n');
}
