/** Makes the published build: `dist/`, and the licences of everything that is bundled into it. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundledPackages, licenceDocument } from './lib/licences.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const outdir = join(root, 'dist');

await rm(outdir, { recursive: true, force: true });
// What esbuild found wrong, it has written itself.
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: { main: 'src/cli/main.ts' },
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
  // CommonJS packages among the bundled ones ask for Node.js's own modules this way.
  banner: {
    js: "import{createRequire as createRequire_}from'node:module';const require=createRequire_(import.meta.url);",
  },
  metafile: true,
  logLevel: 'warning',
}).catch(() => process.exit(1));

const packages = bundledPackages(metafile);
await writeFile(join(outdir, 'THIRD-PARTY-LICENSES.md'), await licenceDocument(root, packages));

const bytes = Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
const files = Object.keys(metafile.outputs).length;
console.log(
  `dist/: ${files} files, ${Math.round(bytes / 1024)} KiB, with ${packages.length} packages of others`,
);
