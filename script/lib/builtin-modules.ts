import { builtinModules } from 'node:module';
import type { Plugin } from 'rolldown';

const names = new Set([...builtinModules, ...builtinModules.map((name) => `node:${name}`), 'node:sqlite']);

/** Id of a module whose only content is the result of the call: what `require` gives to bundled CommonJS packages. */
const asCall = '\0builtin:';
const asExports = '\0builtin-exports:';
const unused = '\0unused-builtin';

/**
 * Takes Node.js's own modules by `process.getBuiltinModule` instead of by `import`. An import asks every export for its
 * value, and with it loads what nobody needs (`node:util` alone: 5 ms, a third of what `--help` takes over an empty
 * program). It also serves bundled CommonJS packages, which have no `require` in an ES module.
 */
export const builtinModulesByCall: Plugin = {
  name: 'builtin-modules-by-call',
  resolveId(path, importer = '', { kind }) {
    if (!names.has(path)) return null;
    // commander starts programs only for subcommands in files of their own; loading this takes 3.5 ms.
    if (path === 'node:child_process' && /\/node_modules\/commander\//.test(importer)) return unused;
    if (kind === 'require-call') return asCall + path;
    // Each package has a module of its own, or the start would ask for what any other package needs.
    const [, owner = ''] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(importer) ?? [];
    return { id: `${asExports}${owner}:${path}`, moduleSideEffects: false };
  },
  load(id) {
    if (id === unused) return 'module.exports = {};';
    if (id.startsWith(asCall)) return `module.exports = ${call(id.slice(asCall.length))};`;
    const [, path] = id.startsWith(asExports) ? (/^[^:]*:[^:]*:(.*)$/s.exec(id) ?? []) : [];
    return path === undefined ? null : exportsOf(path);
  },
};

const call = (path: string): string => `process.getBuiltinModule(${JSON.stringify(path)})`;

/**
 * An ES module with each export by itself: those that nobody uses go with the bundle's other dead code, so that nothing is
 * asked for their values. (What a bundler makes of a CommonJS module for its importers copies all of them for each.)
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
