// The walls of the house (docs/architecture.md): a room imports only rooms above it, and not those that its row excludes.
const rooms = [
  'foundation',
  'machine',
  'package',
  'context',
  'image',
  'manifest',
  'record',
  'stage',
  'run',
  'target',
  'plugin',
  'campaign',
  'cli',
];
const excluded = {
  package: ['machine/engine', 'machine/device'],
  image: ['machine/device'],
  record: ['machine'],
  stage: ['machine'],
};
const ours = (room) => `^src/${room}/`;

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: { pathNot: '^dist/' }, to: { circular: true } },
    {
      name: 'known-rooms-only',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/(${rooms.join('|')})/` },
      to: {},
    },
    ...rooms.slice(0, -1).map((room, position) => ({
      name: `${room}-imports-upwards-only`,
      severity: 'error',
      from: { path: ours(room) },
      to: { path: rooms.slice(position + 1).map(ours) },
    })),
    ...Object.entries(excluded).map(([room, others]) => ({
      name: `${room}-keeps-out`,
      severity: 'error',
      from: { path: ours(room) },
      to: { path: others.map(ours) },
    })),
    {
      name: 'tests-stay-outside',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.test\\.ts$' },
      to: { path: '\\.test\\.ts$|^test/' },
    },
    {
      name: 'no-development-dependency-outside-the-bundle',
      severity: 'error',
      from: { path: '^bin/' },
      to: { dependencyTypes: ['npm', 'npm-dev'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    parser: 'swc',
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.cjs', '.mjs', '.json'] },
  },
};
