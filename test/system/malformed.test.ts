import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { invoke } from '../../src/cli/main.ts';
import { removeImages } from './support/engine.ts';
import { temporaryFolder } from './support/folder.ts';
import { goodPackage, type MalformedInput, malformedInputs } from './support/malformed-input.ts';
import { runCli } from './support/program.ts';
import { readRecords, readRows } from './support/results.ts';

interface Answer {
  code: number;
  out: string;
  err: string;
}

const sink = () => {
  const stream = {
    text: '',
    isTTY: false,
    columns: 100,
    write: (text: string): void => {
      stream.text += text;
    },
  };
  return stream;
};

/** The program in this process: starting one for each case would take minutes. */
async function start(
  argv: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<Answer> {
  const stdout = sink();
  const stderr = sink();
  const home = join(dirname(cwd), 'home');
  const code = await invoke(
    {
      program: 'madengine-cli',
      version: '1.2.3',
      argv,
      env: {
        PATH: process.env.PATH,
        ...(process.env.DOCKER_HOST === undefined ? {} : { DOCKER_HOST: process.env.DOCKER_HOST }),
        HOME: home,
        TMPDIR: join(dirname(cwd), 'tmp'),
        ...env,
      },
      cwd,
      cacheDir: join(home, 'cache'),
      stdout,
      stderr,
      signal: new AbortController().signal,
    },
    () => {},
  );
  return { code, out: stdout.text, err: stderr.text };
}

async function packageWith(files: MalformedInput['files']): Promise<string> {
  const scratch = await temporaryFolder();
  const folder = join(scratch, 'mad');
  await Promise.all(['home', 'tmp'].map((name) => mkdir(join(scratch, name))));
  for (const [path, text] of Object.entries({ ...goodPackage, ...files })) {
    if (text === null) continue;
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  await chmod(join(folder, 'credential.json'), 0o600).catch(() => {});
  return folder;
}

/** Every path below a folder's parent, with what files hold. */
async function contentOf(folder: string): Promise<string[]> {
  const root = dirname(folder);
  const found = await readdir(root, { recursive: true, withFileTypes: true });
  const lines = found.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    const hash = entry.isFile()
      ? createHash('sha256')
          .update(await readFile(path))
          .digest('hex')
      : '';
    return `${path} ${hash}`;
  });
  return (await Promise.all(lines)).sort();
}

/** Everything that is wrong with an answer. */
function complaints(input: MalformedInput, { code, out, err }: Answer): string[] {
  const wrong: string[] = [];
  if (code !== (input.exitCode ?? 4)) wrong.push(`exit code ${code}`);
  const lines = err.split('\n');
  const first = lines.findIndex((line) => line.startsWith('Error: '));
  if (lines.filter((line) => /\[[A-Z_]{3,}\]$/.test(line)).length !== 1)
    wrong.push('not exactly one message');
  const message = lines.slice(Math.max(first, 0)).join('\n');
  const named = (name: string | RegExp): boolean =>
    typeof name === 'string' ? message.includes(name) : name.test(message);
  for (const name of input.names) if (!named(name)) wrong.push(`the message does not name ${name}`);
  const codeLine = lines.findIndex((line, index) => index >= first && /\[[A-Z_]+\]$/.test(line));
  if (codeLine === -1) wrong.push('no error code');
  if (!/^ {2}\S/.test(lines[codeLine + 1] ?? '')) wrong.push('no hint');
  if (message.includes('[INTERNAL]')) wrong.push('counts as a defect');
  if (/^\s+at (?:\S+ \()?(?:file:|node:|\/)/m.test(err) && input.exitCode !== 1) wrong.push('shows a stack');
  if (/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.test(out + err))
    wrong.push('lets control characters through');
  if (input.hides !== undefined && (out + err).includes(input.hides)) wrong.push('shows what it must not');
  if (message.length > 3000) wrong.push(`is ${message.length} characters long`);
  return wrong;
}

const inputs = malformedInputs();

test('there are more than two hundred of them, each with a title of its own', () => {
  expect(inputs.length).toBeGreaterThan(200);
  expect(new Set(inputs.map(({ title }) => title)).size).toBe(inputs.length);
});

test('the package that they spoil is a good one', async () => {
  const folder = await packageWith({});
  const tags = await start(['build', '--tags', 'dummy', '--dry-run'], folder);
  const manifest = await start(['run', '--manifest-file', 'manifest.json', '--dry-run'], folder);
  expect([tags.code, manifest.code], tags.err + manifest.err).toEqual([0, 0]);
});

test('each malformed input gets one message that says where and what to do, and nothing is written', async () => {
  const failed: string[] = [];
  for (const input of inputs) {
    const folder = await packageWith(input.files);
    const before = await contentOf(folder);
    const answer = await start(input.argv, folder, { ...input.env });
    const wrong = complaints(input, answer);
    const after = await contentOf(folder);
    const added = after.filter((line) => !before.includes(line));
    if (added.length > 0 || after.length !== before.length) wrong.push(`changes files: ${added.join(', ')}`);
    if (wrong.length > 0) failed.push(`${input.title}: ${wrong.join('; ')}\n${answer.err}`);
    await rm(dirname(folder), { recursive: true });
  }
  expect(failed.join('\n')).toBe('');
});

test('the installed program answers a sample of them as the sources do', async () => {
  for (const input of inputs.filter((_, index) => index % 75 === 0)) {
    const folder = await packageWith(input.files);
    const { exitCode, stdout, stderr } = await runCli(input.argv, { cwd: folder, env: input.env ?? {} });
    const answer = { code: exitCode ?? -1, out: stdout, err: stderr };
    expect(complaints(input, answer), `${input.title}\n${stderr}`).toEqual([]);
  }
});

const hostileNames = [
  'two words',
  "it's",
  '"quoted"',
  '$(touch pwned)',
  '`touch pwned`',
  ';touch pwned;',
  '${HOME}',
  '-rf',
  '*',
  '~',
  '& | > <',
  '\\n %s',
  'ünïcode 日本語 🚀',
];

/** BuildKit reads no Dockerfile with a backslash in its name. */
const dockerfileOf = (name: string): string => `docker/${name.replaceAll('\\', '_')}`;

test('names that a shell would take for commands stay names, from the card to the row', async () => {
  const cards = hostileNames.map((name) => ({
    name,
    dockerfile: dockerfileOf(name),
    scripts: `scripts/${name}/run.sh`,
    n_gpus: '0',
    args: "$(touch pwned) ';touch pwned' `touch pwned`",
    tags: ['hostile'],
  }));
  const files = hostileNames.flatMap((name): [string, string][] => [
    [`${dockerfileOf(name)}.ubuntu.Dockerfile`, `FROM ${inject('servers').baseImage}\n`],
    [`scripts/${name}/run.sh`, `printf '<%s>' "$@"\necho\necho "performance: 1 samples/s"\n`],
  ]);
  const folder = await packageWith({ ...Object.fromEntries(files), 'models.json': JSON.stringify(cards) });
  const { code, out, err } = await start(['run', '--tags', 'hostile'], folder);
  const manifest = JSON.parse(await readFile(join(folder, 'build_manifest.json'), 'utf8')) as {
    built_images: Record<string, { docker_image: string }>;
  };
  await removeImages(...Object.values(manifest.built_images).map((image) => image.docker_image));
  expect(code, out + err).toBe(0);
  const records = await readRecords(folder);
  expect(records.map(({ model }) => model.name).sort()).toEqual([...hostileNames].sort());
  expect((await readRows(join(folder, 'perf.csv'))).map((row) => row.model).sort()).toEqual(
    [...hostileNames].sort(),
  );
  const names = await readdir(dirname(folder), { recursive: true });
  expect(names.filter((name) => basename(name) === 'pwned')).toEqual([]);
  const logs = names.filter((name) => name.endsWith('.live.log') && name.includes('.run.'));
  expect(logs).toHaveLength(hostileNames.length);
  expect(await readFile(join(dirname(folder), logs[0] ?? ''), 'utf8')).toContain(
    '<$(touch><pwned)><;touch pwned><`touch><pwned`>',
  );
});
