// Exit code 0 when the package that npm would publish has what users need, nothing else, and no dependencies.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

interface PackedFile {
  path: string;
  mode: number;
}

interface PackageFile {
  bin: Record<string, string>;
  dependencies?: object;
  optionalDependencies?: object;
  peerDependencies?: object;
  scripts?: Record<string, string>;
}

const packageFile: PackageFile = JSON.parse(readFileSync('package.json', 'utf8'));
const packed: { files: PackedFile[]; unpackedSize: number }[] = JSON.parse(
  execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }),
);
const files = packed[0]?.files ?? [];
const paths = new Set(files.map(({ path }) => path));
const bins = Object.values(packageFile.bin);

const problems: string[] = [];
for (const path of ['package.json', 'README.md', 'CHANGELOG.md', 'LICENSE', ...bins])
  if (!paths.has(path)) problems.push(`${path} is not in the package`);
for (const { path, mode } of files)
  if (bins.includes(path) && (mode & 0o111) === 0) problems.push(`${path} is not executable`);
const foreign = [...paths].filter((path) =>
  /(^|\/)(test|src|script|bench|node_modules|shared)\/|\.test\.|\.map$|(^|\/)\./.test(path),
);
if (foreign.length > 0)
  problems.push(
    `${foreign.length} files in the package that users have no use for: ${foreign.slice(0, 10).join(', ')}`,
  );
for (const kind of ['dependencies', 'optionalDependencies', 'peerDependencies'] as const)
  if (packageFile[kind] !== undefined)
    problems.push(`package.json has ${kind}: all that runs is in the bundle`);
for (const name of ['preinstall', 'install', 'postinstall'])
  if (packageFile.scripts?.[name] !== undefined)
    problems.push(`package.json has the script ${name}: an install runs nothing`);

const { messages, pkg } = await publint({ pkgDir: '.', strict: true, pack: 'npm' });
for (const message of messages) problems.push(formatMessage(message, pkg) ?? message.code);

const size = ((packed[0]?.unpackedSize ?? 0) / 1024 / 1024).toFixed(1);
console.log(`${paths.size} files, ${size} MiB unpacked`);
for (const problem of problems) console.log(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
