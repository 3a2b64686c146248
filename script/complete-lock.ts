// After `npm install`: adds to package-lock.json the packages for other systems that the registry in use doesn't carry.
// npm leaves those out of the lock file without a word, and `npm ci` then refuses it everywhere.
import { readFileSync, writeFileSync } from 'node:fs';

interface Locked {
  version?: string;
  cpu?: string[];
  dev?: boolean;
  libc?: string[];
  optional?: boolean;
  os?: string[];
  optionalDependencies?: Record<string, string>;
}

const file = 'package-lock.json';
const lock: { packages: Record<string, Locked> } = JSON.parse(readFileSync(file, 'utf8'));

/** The folders where Node.js looks for a package, from the inside out. */
function placesFor(name: string, from: string): string[] {
  const parents = from
    .split('/node_modules/')
    .map((_, depth, parts) => parts.slice(0, parts.length - depth).join('/node_modules/'));
  return [...parents.map((parent) => `${parent}/node_modules/${name}`), `node_modules/${name}`];
}

const systems = new Set([
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
]);

/** Where npm shall install a package, by its name: `…-linux-arm64-musl`. */
function systemOf(name: string): Pick<Locked, 'cpu' | 'libc' | 'os'> {
  const words = name.split(/[/-]/);
  const start = words.findIndex((word) => systems.has(word));
  if (start === -1)
    throw new Error(`${name} is not in the registry, and its name doesn't say which system it is for`);
  const [os = '', cpu = '', abi = ''] = words.slice(start);
  const libc = { gnu: 'glibc', musl: 'musl' }[abi];
  return { cpu: [cpu], ...(libc && { libc: [libc] }), os: [os] };
}

const added: [string, Locked][] = [];
for (const [path, { dev, optionalDependencies = {} }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    if (placesFor(name, path).some((place) => lock.packages[place] !== undefined)) continue;
    const { cpu, libc, os } = systemOf(name);
    added.push([`node_modules/${name}`, { version, cpu, dev, libc, optional: true, os }]);
  }
}
const sorted = Object.entries(lock.packages)
  .concat(added)
  .sort(([a], [b]) => (a < b ? -1 : 1));
writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, undefined, 2)}\n`);
console.log(`${added.length} packages added to ${file}`);
