/** Makes the published build: `dist/` with the types for plugins, and the licences of everything that is bundled into it. */
import { execFileSync } from 'node:child_process';
import { glob, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { builtinModulesByCall } from './lib/builtin-modules.ts';
import { bundledPackages, licenceDocument } from './lib/licences.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const outdir = join(root, 'dist');

// What esbuild found wrong, it has written itself.
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: { main: 'src/cli/main.ts', plugin: 'src/plugin/api.ts' },
  outdir,
  chunkNames: 'chunk/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22.18',
  // Identifiers stay, so that stack traces name our functions; shorter ones would start no faster.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  plugins: [builtinModulesByCall],
  metafile: true,
  logLevel: 'warning',
}).catch(() => process.exit(1));

const packages = bundledPackages(metafile);
await writeFile(join(outdir, 'THIRD-PARTY-LICENSES.md'), await licenceDocument(root, packages));

await writeTypes();

// Old chunks go last, so that a program that starts meanwhile finds all of its own.
const written = new Set(Object.keys(metafile.outputs));
for await (const file of glob('dist/**/*.js', { cwd: root })) {
  if (!written.has(file)) await rm(join(root, file));
}

/** What `madengine/plugin` is to TypeScript: the declarations of its file and of what that takes from others. */
async function writeTypes(): Promise<void> {
  const folder = join(outdir, 'types');
  await rm(folder, { recursive: true, force: true });
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.types.json'], {
    cwd: root,
    stdio: 'inherit',
  });
  for await (const file of glob('**/*.d.ts', { cwd: folder })) {
    const path = join(folder, file);
    // The sources name their files; their users have no sources.
    const text = (await readFile(path, 'utf8')).replaceAll(/(from '\.[^']*)\.ts'/g, "$1.js'");
    await writeFile(path, text);
  }
}

const bytes = Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
const files = Object.keys(metafile.outputs).length;
console.log(
  `dist/: ${files} files, ${Math.round(bytes / 1024)} KiB, with ${packages.length} packages of others`,
);
