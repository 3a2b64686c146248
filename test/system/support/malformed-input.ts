/** Makes malformed inputs: every file that people write and every option, each wrong in one way. */
import { belongsTo, commandNames, namesOf, type OptionSpec } from '../../../src/cli/option-spec.ts';
import { options } from '../../../src/cli/options.ts';

export interface MalformedInput {
  title: string;
  /** Over those of the good package, by path; null takes a file away. */
  files: Readonly<Record<string, string | null>>;
  argv: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** Default: 4. */
  exitCode?: number;
  /** What the message has to name: file or option, key, place. */
  names: readonly (string | RegExp)[];
  /** What must be nowhere in the output. */
  hides?: string;
}

const goodCard = {
  name: 'dummy',
  dockerfile: 'docker/dummy',
  scripts: 'scripts/dummy/run.sh',
  n_gpus: '0',
  owner: 'tests@example.com',
  training_precision: 'fp32',
  tags: ['smoke'],
  args: '',
};
const goodCredential = { dockerhub: { username: 'me', password: 'correct-horse' } };
const goodProject = { options: { jobs: 1 }, context: { guest_os: 'UBUNTU' } };
const goodManifest = {
  built_images: { 'ci-dummy': { docker_image: 'ci-dummy', dockerfile: 'docker/dummy.ubuntu.Dockerfile' } },
  built_models: { 'ci-dummy': goodCard },
  context: { guest_os: 'UBUNTU' },
};
const goodBatch = [{ model_name: 'dummy', build_new: true }];
const json = (value: unknown): string => JSON.stringify(value, null, 2);

/** A package in which nothing is wrong. */
export const goodPackage: Readonly<Record<string, string>> = {
  'models.json': json([goodCard]),
  'docker/dummy.ubuntu.Dockerfile': "# CONTEXT {'guest_os': 'UBUNTU'}\nFROM madengine-base:busybox\n",
  'scripts/dummy/run.sh': 'echo "performance: 1 samples/s"\n',
  'manifest.json': json(goodManifest),
  'batch.json': json(goodBatch),
  'context.json': '{"guest_os": "UBUNTU"}',
};

const build = ['build', '--tags', 'dummy', '--dry-run'];
const run = ['run', '--manifest-file', 'manifest.json', '--dry-run'];
const batch = ['build', '--batch-manifest', 'batch.json', '--dry-run'];
const contextFile = [...build, '--additional-context-file', 'context.json'];

/** A JSON file, how a command comes to read it, and a text of it in which nothing is wrong. */
interface JsonFile {
  file: string;
  good: string;
  argv: readonly string[];
  /** Python literals are understood, too. */
  python?: boolean;
  /** What is in it is never shown. */
  hides?: string;
}

const jsonFiles: readonly JsonFile[] = [
  { file: 'models.json', good: json([goodCard]), argv: ['discover'] },
  {
    file: 'scripts/more/models.json',
    good: json([{ ...goodCard, name: 'm', dockerfile: '../../docker/dummy', scripts: 'run.sh' }]),
    argv: ['discover'],
  },
  { file: 'credential.json', good: json(goodCredential), argv: build, hides: 'correct-horse' },
  { file: 'madengine.config.json', good: json(goodProject), argv: build },
  { file: 'manifest.json', good: json(goodManifest), argv: run },
  { file: 'batch.json', good: json(goodBatch), argv: batch },
  {
    file: 'context.json',
    good: '{"guest_os": "UBUNTU", "docker_env_vars": {"A": "1"}}',
    argv: contextFile,
    python: true,
  },
];

/** Ways to write no JSON; the ones that Python reads are not among those that `python` asks for. */
const brokenTexts: readonly { how: string; python: boolean; text: (good: string) => string }[] = [
  { how: 'is cut off', python: true, text: (good) => good.slice(0, Math.floor(good.length * 0.7)) },
  { how: 'has a second document behind it', python: true, text: (good) => `${good}\n${good}` },
  { how: 'lacks a colon', python: true, text: (good) => good.replace(':', ' ') },
  { how: 'lacks a comma or has one bracket too many', python: true, text: (good) => `${good}]` },
  { how: 'has a word without quotes', python: true, text: (good) => good.replace(/:\s*"[^"]*"/, ': oops') },
  { how: 'has a text that does not end', python: true, text: (good) => good.replace(/"(\s*[,}\]])/, '$1') },
  { how: 'is binary', python: true, text: () => '\u0000\u0001\u0002PK' },
  { how: 'has merge marks', python: true, text: (good) => `<<<<<<< HEAD\n${good}\n>>>>>>> b\n` },
  { how: 'is YAML', python: true, text: () => 'name: dummy\ntags:\n  - a\n' },
  { how: 'has single quotes', python: false, text: (good) => good.replaceAll('"', "'") },
  { how: 'has a comma too many', python: false, text: (good) => good.replace(/(\s*[}\]]\s*)$/, ',$1') },
  { how: 'has a comment', python: false, text: (good) => `// mine\n${good}` },
  { how: 'has a bad escape', python: false, text: (good) => good.replace(/:\s*"/, ': "\\q') },
  { how: 'is empty', python: false, text: () => '' },
];

const place = /(?::\d+:\d+|line \d+, column \d+)/;

function brokenJson(): MalformedInput[] {
  return jsonFiles.flatMap(({ file, good, argv, python, hides }) =>
    brokenTexts
      .filter((broken) => !python || broken.python)
      .map(({ how, text }) => ({
        title: `${file} ${how}`,
        files: { [file]: text(good) },
        argv,
        names: [file, place],
        ...(hides === undefined ? {} : { hides }),
      })),
  );
}

/** The whole document is of a wrong kind. */
function wrongDocuments(): MalformedInput[] {
  return jsonFiles.flatMap(({ file, good, argv }) => {
    const wrong = good.startsWith('[') ? ['{}', '"text"', '5', 'null'] : ['[]', '"text"', '5', 'null'];
    return wrong.map((text) => ({
      title: `${file} holds ${text}`,
      files: { [file]: text },
      argv,
      names: [file, /expected/],
    }));
  });
}

const wrongFields: readonly (readonly [string, unknown])[] = [
  ['name', undefined],
  ['name', 5],
  ['name', ''],
  ['name', '../up'],
  ['name', 'a:b'],
  ['name', 'a\nb'],
  ['name', '\u001b[31mred'],
  ['name', 'x'.repeat(5000)],
  ['dockerfile', undefined],
  ['dockerfile', ['a']],
  ['dockerfile', '../../etc/passwd'],
  ['dockerfile', '/etc/passwd'],
  ['dockerfile', 'docker/a\u0000b'],
  ['dockercontext', '..'],
  ['dockercontext', 7],
  ['scripts', undefined],
  ['scripts', false],
  ['scripts', 'scripts/../../x.sh'],
  ['url', {}],
  ['cred', 5],
  ['data', ['a']],
  ['n_gpus', 'many'],
  ['n_gpus', -2],
  ['n_gpus', 1.5],
  ['n_gpus', true],
  ['owner', 5],
  ['training_precision', []],
  ['tags', 5],
  ['tags', [1]],
  ['tags', ['a:b']],
  ['tags', ['a\nb']],
  ['args', ['--x']],
  ['timeout', 'soon'],
  ['timeout', -5],
  ['timeout', {}],
  ['multiple_results', '../out.csv'],
  ['multiple_results', 5],
  ['skip_gpu_arch', 5],
  ['additional_docker_run_options', {}],
  ['is_deprecated', 'yes'],
  ['exclusive', 1],
  ['distributed', 'torchrun'],
  ['distributed.lancher', 'torchrun'],
  ['slurm.nodes', 'two'],
  ['env_vars', []],
  ['log_error_patterns', []],
  ['log_error_benign_patterns', 'x'],
];

/** Each field of a card, wrong, from each place that cards come from. */
function wrongCards(): MalformedInput[] {
  const cardWith = (path: string, value: unknown): unknown => {
    const [key = '', inner] = path.split('.');
    return { ...goodCard, [key]: inner === undefined ? value : { [inner]: value } };
  };
  const inRoot = wrongFields.map(
    ([path, value]): MalformedInput => ({
      title: `a card's ${path} is ${JSON.stringify(value)?.slice(0, 40)}`,
      files: { 'models.json': json([goodCard, cardWith(path, value)]) },
      argv: ['discover'],
      names: ['models.json', 'model 2', path.split('.')[0] ?? path],
    }),
  );
  const inHook = wrongFields
    .filter((_, index) => index % 6 === 0)
    .map(
      ([path, value]): MalformedInput => ({
        title: `a hook's card has ${path} ${JSON.stringify(value)?.slice(0, 40)}`,
        files: {
          'scripts/more/get_models_json.mjs': `export const list_models = () => [${JSON.stringify(cardWith(path, value))}];\n`,
        },
        argv: ['discover'],
        names: ['scripts/more/get_models_json.mjs', path.split('.')[0] ?? path],
      }),
    );
  return [...inRoot, ...inHook];
}

/** Cards that are right one by one, and wrong together or with the rest of the package. */
function wrongPackages(): MalformedInput[] {
  const hook = (text: string): Record<string, string> => ({ 'scripts/more/get_models_json.mjs': text });
  const hookName = 'scripts/more/get_models_json.mjs';
  const python = (text: string): Record<string, string> => ({ 'scripts/more/get_models_json.py': text });
  return [
    {
      title: 'there is no package',
      files: { 'models.json': null },
      argv: ['discover'],
      names: ['models.json'],
    },
    {
      title: 'a name stands twice',
      files: { 'models.json': json([goodCard, goodCard]) },
      argv: ['discover'],
      names: ['models.json', '"dummy"', 'model 2'],
    },
    {
      title: 'a folder has two sources of cards',
      files: { 'scripts/more/models.json': '[]', ...hook('') },
      argv: ['discover'],
      names: ['scripts/more', 'get_models_json.mjs'],
    },
    {
      title: 'a hook is no JavaScript',
      files: hook('export const ='),
      argv: ['discover'],
      exitCode: 1,
      names: [hookName],
    },
    {
      title: 'a hook lists nothing',
      files: hook('export const x = 1;'),
      argv: ['discover'],
      exitCode: 1,
      names: [hookName, 'export'],
    },
    {
      title: 'a hook throws',
      files: hook('export const list_models = () => { throw new Error("oops"); };'),
      argv: ['discover'],
      exitCode: 1,
      names: [hookName, 'oops'],
    },
    {
      title: 'a hook gives one card',
      files: hook('export const list_models = () => ({ name: "x" });'),
      argv: ['discover'],
      exitCode: 1,
      names: [hookName, 'list'],
    },
    {
      title: 'a hook gives texts',
      files: hook('export const list_models = () => ["x"];'),
      argv: ['discover'],
      names: [hookName, 'model 1'],
    },
    {
      title: 'a hook ends the process',
      files: hook('process.exit(0);'),
      argv: ['discover'],
      exitCode: 1,
      names: [hookName],
    },
    {
      title: 'a Python hook has a mistake',
      files: python('def list_models(:\n'),
      argv: ['discover'],
      exitCode: 1,
      names: ['scripts/more/get_models_json.py', 'SyntaxError'],
    },
    {
      title: 'a Python hook gives a number',
      files: python('def list_models():\n    return 5\n'),
      argv: ['discover'],
      exitCode: 1,
      names: ['scripts/more/get_models_json.py', 'iterable'],
    },
    {
      title: 'a Python hook gives a card with a wrong field',
      files: python(
        "from madengine.tools.discover_models import CustomModel\n\ndef list_models():\n    return [CustomModel(name='x', dockerfile='../../docker/dummy', scripts='run.sh', n_gpus='lots')]\n",
      ),
      argv: ['discover'],
      names: ['scripts/more/get_models_json.py', 'n_gpus'],
    },
    {
      title: 'a tag fits no model',
      files: {},
      argv: ['build', '--tags', 'dumy', '--dry-run'],
      exitCode: 1,
      names: ['dumy'],
    },
    {
      title: 'a tag has an argument without a name',
      files: {},
      argv: ['build', '--tags', 'dummy:=5', '--dry-run'],
      names: ['Tag', 'dummy:=5'],
    },
    {
      title: 'the build context is missing',
      files: { 'models.json': json([{ ...goodCard, dockercontext: 'nowhere' }]) },
      argv: build,
      names: ['dummy', 'nowhere'],
    },
  ];
}

function wrongContextLines(): MalformedInput[] {
  const lines = [
    '{',
    "{'a': }",
    "{'a' 1}",
    '{a: 1}',
    '[1]',
    '5',
    "{'a': 1} x",
    "{'a': 'b}",
    '{"a": 1e}',
    '{[1]: 2}',
    "{'a': $(touch pwned)}",
  ];
  const file = 'docker/dummy.ubuntu.Dockerfile';
  return lines.map((line) => ({
    title: `a CONTEXT line is ${line}`,
    files: { [file]: `# CONTEXT ${line}\nFROM madengine-base:busybox\n` },
    argv: build,
    names: [file, 'line 1'],
  }));
}

const wrongContexts: readonly (readonly [string, string])[] = [
  ['gpu_vendor', '"FOO"'],
  ['gpu_vendor', '5'],
  ['guest_os', '"WINDOWS"'],
  ['guest_os', '[]'],
  ['host_os', '{}'],
  ['docker_build_arg', '"A=1"'],
  ['docker_build_arg.A', '{"A": []}'],
  ['docker_build_arg.A B', '{"A B": "1"}'],
  ['docker_build_arg.A', '{"A": 12345678901234567890}'],
  ['docker_env_vars', '[]'],
  ['docker_env_vars.MY-VAR', '{"MY-VAR": "1"}'],
  ['docker_env_vars.X', '{"X": {}}'],
  ['env_vars', '5'],
  ['docker_mounts.data', '{"data": "/x"}'],
  ['docker_mounts./data', '{"/data": 5}'],
  ['docker_gpus', '"0;1"'],
  ['docker_gpus', '[0, 1]'],
  ['docker_cpus', '"all"'],
  ['gpu_renderDs', '["a"]'],
  ['n_gpus', '"many"'],
  ['gpu_count', '-3'],
  ['tools', '{"name": "x"}'],
  ['tools[0].name', '[{}]'],
  ['pre_scripts', '"a.sh"'],
  ['pre_scripts[0].path', '[{"path": 5}]'],
  ['post_scripts[0].path', '[{"args": "x"}]'],
  ['encapsulate_script', '["time"]'],
  ['model_args', '5'],
  ['MAD_CONTAINER_IMAGE', '[]'],
  ['timeout', '"1h"'],
  ['timeout', '-1'],
  ['timeout_multiplier', '0'],
  ['timeout_multiplier', '"2"'],
  ['debug', '"yes"'],
  ['log_error_pattern_scan', '[]'],
  ['log_error_patterns', '[]'],
  ['log_error_benign_patterns', '[5]'],
  ['multi_node_args', '"x"'],
  ['data', '[]'],
  ['distributed', '5'],
  ['slurm', '"x"'],
  ['k8s', '[]'],
  ['kubernetes', '5'],
  ['vllm', '"x"'],
  ['deployment_config', '5'],
];

/** Each known key, wrong, from each place that a context comes from in turn. */
function wrongContextValues(): MalformedInput[] {
  return wrongContexts.map(([path, value], index): MalformedInput => {
    const key = path.split(/[.[]/)[0] ?? path;
    const text = `{${JSON.stringify(key)}: ${value}}`;
    const places: { from: string; files: MalformedInput['files']; argv: readonly string[] }[] = [
      { from: '--additional-context', files: {}, argv: [...build, '--additional-context', text] },
      { from: '--additional-context-file', files: { 'context.json': text }, argv: contextFile },
      {
        from: 'manifest',
        files: { 'manifest.json': json({ ...goodManifest, context: JSON.parse(text) }) },
        argv: run,
      },
      { from: 'project file', files: { 'madengine.config.json': `{"context": ${text}}` }, argv: build },
    ];
    const { from, files, argv } = places[index % places.length] ?? { from: '', files: {}, argv: [] };
    return { title: `${path} of a context (${from}) is ${value}`, files, argv, names: [path, from] };
  });
}

function brokenContextTexts(): MalformedInput[] {
  const texts = [
    '{',
    '{gpu_vendor: AMD}',
    "{'a': 1",
    '[1]',
    '5',
    'context.json',
    '{"a": 1}}',
    "{'a': open('x')}",
    '{"a": 1',
    "{'a': f'x'}",
    '{"a": lambda: 0}',
    '[[[[',
    `${'['.repeat(5000)}`,
    '{"a": $(touch pwned)}',
    '{"\\N{DASH}": 1}',
    "{'a': '\\N{DASH}'}",
  ];
  return texts.map((text) => ({
    title: `--additional-context is ${text.slice(0, 30)}`,
    files: {},
    argv: [...build, '--additional-context', text],
    names: ['--additional-context', /column \d+|expected/],
  }));
}

function wrongManifests(): MalformedInput[] {
  const image = goodManifest.built_images['ci-dummy'];
  const wrong: [string, object][] = [
    ['built_images', { ...goodManifest, built_images: [] }],
    ['built_images', { built_models: {} }],
    ['built_images["ci-dummy"]', { ...goodManifest, built_images: { 'ci-dummy': 'x' } }],
    ['docker_image', { ...goodManifest, built_images: { 'ci-dummy': {} } }],
    ['docker_image', { ...goodManifest, built_images: { 'ci-dummy': { ...image, docker_image: 5 } } }],
    ['registry_image', { ...goodManifest, built_images: { 'ci-dummy': { ...image, registry_image: [] } } }],
    [
      'build_duration',
      { ...goodManifest, built_images: { 'ci-dummy': { ...image, build_duration: 'long' } } },
    ],
    ['built_models', { ...goodManifest, built_models: [] }],
    ['name', { ...goodManifest, built_models: { 'ci-dummy': {} } }],
    ['name', { ...goodManifest, built_models: { 'ci-dummy': { ...goodCard, name: '../x' } } }],
    ['scripts', { ...goodManifest, built_models: { 'ci-dummy': { ...goodCard, scripts: '../../etc' } } }],
    ['scripts', { ...goodManifest, built_models: { 'ci-dummy': { ...goodCard, scripts: '/etc/passwd' } } }],
    ['args', { ...goodManifest, built_models: { 'ci-dummy': { ...goodCard, args: 'a\nb' } } }],
    ['context', { ...goodManifest, context: 'AMD' }],
    ['registry', { ...goodManifest, registry: 5 }],
    ['push_failures', { ...goodManifest, push_failures: 'x' }],
    ['failed_builds', { ...goodManifest, failed_builds: [5] }],
    ['credentials_required', { ...goodManifest, credentials_required: 'x' }],
    ['schema', { ...goodManifest, schema: 'madengine.manifest/99' }],
    ['package', { ...goodManifest, package: 5 }],
    ['package', { ...goodManifest, package: { digest: 5 } }],
  ];
  const hostile = ['--privileged', '-v/:/x', 'a b', 'x\ny', '$(touch pwned)', '../x', 'a@b', "';x", ''];
  for (const name of hostile) {
    wrong.push(['docker_image', { ...goodManifest, built_images: { 'ci-dummy': { docker_image: name } } }]);
    wrong.push([
      'registry_image',
      { ...goodManifest, built_images: { 'ci-dummy': { ...image, registry_image: name || '-' } } },
    ]);
  }
  return wrong.map(([key, manifest], index) => ({
    title: `a manifest's ${key} is wrong (${index + 1})`,
    files: { 'manifest.json': json(manifest) },
    argv: run,
    names: [/manifest/i, key],
  }));
}

function wrongBatches(): MalformedInput[] {
  const wrong: readonly (readonly [string, unknown])[] = [
    ['model_name', [{}]],
    ['model_name', [{ model_name: 5 }]],
    ['model_name', [{ model_name: '' }]],
    ['model_name', [{ model_name: '../x' }]],
    ['build_new', [{ model_name: 'dummy', build_new: 'yes' }]],
    ['registry', [{ model_name: 'dummy', registry: 5 }]],
    ['registry_image', [{ model_name: 'dummy', registry_image: [] }]],
    ['buildnew', [{ model_name: 'dummy', buildnew: true }]],
    ['[1]', [{ model_name: 'dummy' }, 'dummy']],
    ['[1].model_name', [{ model_name: 'dummy' }, { model_name: 'dummy' }]],
    ['entry', []],
  ];
  return wrong.map(([key, content]) => ({
    title: `a batch manifest is ${JSON.stringify(content)}`,
    files: { 'batch.json': json(content) },
    argv: batch,
    names: ['batch.json', key],
  }));
}

function wrongProjects(): MalformedInput[] {
  const wrong: readonly (readonly [string, object])[] = [
    ['option', { option: {} }],
    ['options', { options: [] }],
    ['options.jobs', { options: { jobs: 'two' } }],
    ['options.timeout', { options: { timeout: 1.5 } }],
    ['options.registry', { options: { registry: '' } }],
    ['options.engine', { options: { engine: 'lxc' } }],
    ['options.live-output', { options: { 'live-output': 1 } }],
    ['registery', { options: { registery: 'x' } }],
    ['commands.run', { commands: { run: 5 } }],
    ['bild', { commands: { bild: {} } }],
    ['timeout', { commands: { build: { timeout: 5 } } }],
    ['commands.run.timeout', { commands: { run: { timeout: -2 } } }],
    ['context', { context: [] }],
    ['__proto__', JSON.parse('{"options": {"__proto__": {}}}')],
  ];
  return wrong.map(([key, content]) => ({
    title: `the project file is ${JSON.stringify(content)}`,
    files: { 'madengine.config.json': json(content) },
    argv: build,
    names: ['madengine.config.json', key],
  }));
}

function wrongCredentials(): MalformedInput[] {
  const secret = 'never-show-this';
  const inFile = [{ dockerhub: secret }, { dockerhub: [secret] }, { dockerhub: 5 }, { dockerhub: true }].map(
    (content): MalformedInput => ({
      title: `credential.json is ${JSON.stringify(content)}`,
      files: { 'credential.json': json(content) },
      argv: build,
      names: ['credential.json', 'dockerhub'],
      hides: secret,
    }),
  );
  const variables = ['MAD_MINIO', 'MAD_AWS_S3', 'NAS_NODES', 'PUBLIC_GITHUB_ROCM_KEY'];
  const values = [`{"token": "${secret}"`, '5', `"${secret}"`];
  const inEnvironment = variables.flatMap((name) =>
    values.map(
      (value): MalformedInput => ({
        title: `${name} is ${value}`,
        files: {},
        argv: build,
        env: { [name]: value },
        names: [name],
        hides: secret,
      }),
    ),
  );
  return [...inFile, ...inEnvironment];
}

const table: readonly OptionSpec[] = options;

/** Every option of every command, without its value, with a wrong one, or where it can't stand. */
function wrongOptions(): MalformedInput[] {
  const made: MalformedInput[] = [];
  const add = (
    title: string,
    argv: string[],
    names: (string | RegExp)[],
    env?: Record<string, string>,
  ): void => {
    made.push({ title, files: {}, argv, names, ...(env ? { env } : {}) });
  };
  for (const command of commandNames) {
    for (const option of table) {
      const name = `--${option.name}`;
      if (!belongsTo(option, command)) {
        add(`${command} ${name} is no option of it`, [...command.split(' '), name, 'x'], [name, command]);
        continue;
      }
      if (option.kind === 'flag') {
        add(`${command} ${name}=x gives a flag a value`, [...command.split(' '), `${name}=x`], [name]);
      } else if (option.bare === undefined) {
        add(`${command} ${name} has no value`, [...command.split(' '), name], [name]);
        add(`${command} ${name} is followed by an option`, [...command.split(' '), name, '--json'], [name]);
      }
      if (option.kind === 'number') {
        for (const value of ['x', '1.5', '1e3', '99999999999999999999', '-7', '5s']) {
          add(`${command} ${name} ${value}`, [...command.split(' '), `${name}=${value}`], [name, value]);
        }
      }
      if (option.choices)
        add(
          `${command} ${name} nothing-of-these`,
          [...command.split(' '), name, 'nothing-of-these'],
          [name, 'nothing-of-these'],
        );
      if (option.env && option.choices)
        add(`${command} with a wrong ${option.env}`, command.split(' '), [option.env], {
          [option.env]: 'nothing-of-these',
        });
      const excluded = (option.conflicts ?? []).filter((other) =>
        table.some((each) => each.name === other && belongsTo(each, command)),
      );
      for (const other of excluded) {
        const valued = (one: string): string[] => {
          const spec = table.find((each) => each.name === one);
          return spec?.kind === 'flag' ? [`--${one}`] : [`--${one}`, spec?.choices?.[0] ?? 'x'];
        };
        add(
          `${command} ${name} with --${other}`,
          [...command.split(' '), ...valued(option.name), ...valued(other)],
          [name, `--${other}`],
        );
      }
      for (const alias of namesOf(option, 'madengine-cli')) {
        add(
          `${command} --${alias}x is a typing mistake`,
          [...command.split(' '), `--${alias}x`],
          [`--${alias}x`],
        );
      }
    }
  }
  return made;
}

function wrongCommandLines(): MalformedInput[] {
  const bare = (argv: string[], ...names: (string | RegExp)[]): MalformedInput => ({
    title: `madengine-cli ${argv.join(' ')}`,
    files: {},
    argv,
    names,
  });
  return [
    bare(['bild'], 'bild'),
    bare(['$(touch pwned)'], 'touch'),
    bare(['help', 'nothing'], 'nothing'),
    bare(['run', 'dummy'], 'dummy'),
    bare(['run'], 'tags', 'manifest'),
    bare(['build'], 'tags'),
    bare(['run', '--tags', ''], 'tags'),
    bare(['build', '--tags', ',,'], 'tags'),
    bare(['run', '--manifest-file', 'nowhere.json'], 'nowhere.json'),
    bare(['run', '--manifest-file', 'scripts'], 'scripts'),
    bare(['build', '--batch-manifest', 'nowhere.json'], 'nowhere.json'),
    bare(['run', '--manifest-file', 'manifest.json', '--output', 'scripts'], '--output', 'scripts'),
    bare(['run', '--manifest-file', 'manifest.json', '--output', 'models.json'], '--output', 'models.json'),
    {
      ...bare(['build', '--tags', 'dummy', '--manifest-output', 'scripts'], '--manifest-output'),
      exitCode: 1,
    },
    {
      ...bare(['build', '--tags', 'dummy', '--summary-output', 'no/x.json'], '--summary-output'),
      exitCode: 1,
    },
    {
      ...bare(['run', '--manifest-file', 'manifest.json', '--output', 'models.json/x'], '--output'),
      exitCode: 1,
    },
    bare(
      [...build, '--additional-context-file', 'nowhere.json'],
      '--additional-context-file',
      'nowhere.json',
    ),
    bare([...build, '--additional-context-file', 'scripts'], '--additional-context-file', 'scripts'),
    bare(['build', '--tags', 'dummy', '--engine', 'host'], '--engine'),
    bare(['build', '--tags', 'dummy', '--package', 'registry'], '--package', '--registry'),
    bare([...build, '--registry', 'a b'], '--registry'),
    bare([...build, '--registry', 'host/UPPER path'], '--registry'),
    bare([...build, '--use-image', 'Not An Image'], '--use-image'),
    bare([...build, '--target-archs', '../x'], '--target-archs'),
  ];
}

export const malformedInputs = (): MalformedInput[] => [
  ...brokenJson(),
  ...wrongDocuments(),
  ...wrongCards(),
  ...wrongPackages(),
  ...wrongContextLines(),
  ...wrongContextValues(),
  ...brokenContextTexts(),
  ...wrongManifests(),
  ...wrongBatches(),
  ...wrongProjects(),
  ...wrongCredentials(),
  ...wrongOptions(),
  ...wrongCommandLines(),
];
