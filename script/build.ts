/** Makes the published build: `dist/` with the types for plugins, and the licences of everything that is bundled into it. */
import { execFileSync } from 'node:child_process';
import { glob, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { builtinModulesByCall } from './lib/builtin-modules.ts';
import { withoutForwarding } from './lib/forwarding-files.ts';
import { bundledPackages, licenceDocument } from './lib/licences.ts';
import { loadGroups } from './lib/load-groups.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const outdir = join(root, 'dist');

const bundle = await rolldown({
  cwd: root,
  input: { main: 'src/cli/main.ts', plugin: 'src/plugin/api.ts' },
  platform: 'node',
  transform: { target: 'node22.18' },
  plugins: [builtinModulesByCall],
  // Files that are loaded together also export what others take from them.
  preserveEntrySignatures: 'allow-extension',
  // An `import()` of what a group has already is meant: without the group, it would wait until it is needed.
  checks: { ineffectiveDynamicImport: false },
});
const { output } = await bundle.generate({
  format: 'esm',
  chunkFileNames: 'chunk/[name]-[hash].js',
  codeSplitting: loadGroups(root),
  // Identifiers stay, so that stack traces name our functions; shorter ones would start no faster.
  minify: { compress: true, mangle: false, codegen: true },
  comments: { legal: false },
});
await bundle.close();
const chunks = output.filter((file) => file.type === 'chunk');
const files = withoutForwarding(chunks).map(({ fileName, code }) => ({ fileName, code: asciiOnly(code) }));
await mkdir(join(outdir, 'chunk'), { recursive: true });
for (const { fileName, code } of files) await writeFile(join(outdir, fileName), code);

const packages = bundledPackages(root, chunks);
await writeFile(join(outdir, 'THIRD-PARTY-LICENSES.md'), await licenceDocument(root, packages));

await writeTypes();

// Old chunks go last, so that a program that starts meanwhile finds all of its own.
const written = new Set(files.map(({ fileName }) => join('dist', fileName)));
for await (const file of glob('dist/**/*.js', { cwd: root })) {
  if (!written.has(file)) await rm(join(root, file));
}

/** One other character, and V8 takes twice the memory for a file and longer to compile its functions. */
function asciiOnly(code: string): string {
  return code.replaceAll(
    /[^\x00-\x7f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
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

const bytes = files.reduce((sum, { code }) => sum + Buffer.byteLength(code), 0);
console.log(
  `dist/: ${files.length} files, ${Math.round(bytes / 1024)} KiB, with ${packages.length} packages of others`,
);
