import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MadError } from '../foundation/error.ts';
import { options } from './options.ts';
import { type ParsedCommand, parseCommandLine, withProjectValues } from './parse.ts';
import { parseProjectFile } from './project-file.ts';

function typed(argv: string[], env: Record<string, string> = {}): ParsedCommand {
  const style = { columns: 100, heading: (text: string) => text };
  const parsed = parseCommandLine({ program: 'madengine-cli', argv, env, style });
  if (parsed.kind !== 'command') throw new Error('no command');
  return parsed;
}

function effective(file: unknown, argv: string[], env: Record<string, string> = {}): ParsedCommand {
  const parsed = typed(argv, env);
  return withProjectValues(parsed, parseProjectFile(file, parsed.command, options).options);
}

function failure(file: unknown): MadError {
  try {
    parseProjectFile(file, 'run', options);
  } catch (error) {
    if (error instanceof MadError) return error;
    throw error;
  }
  throw new Error('was accepted');
}

test('option wins over environment, that over the project file, that over the default', () => {
  const file = { options: { engine: 'host', timeout: 60, jobs: 3 } };
  const { values, origins } = effective(file, ['run', '--timeout', '5'], { MAD_ENGINE: 'podman' });
  expect(values).toMatchObject({ timeout: 5, engine: 'podman', jobs: 3, output: 'perf.csv' });
  expect(origins).toMatchObject({
    timeout: 'option',
    engine: 'environment',
    jobs: 'project file',
    output: 'default',
  });
});

test("a command's own values win over the common ones, which reach only the commands that know them", () => {
  const file = { options: { timeout: 60, jobs: 3 }, commands: { run: { jobs: 4 }, build: { jobs: 5 } } };
  expect(effective(file, ['run']).values).toMatchObject({ timeout: 60, jobs: 4 });
  expect(effective(file, ['build']).values).toMatchObject({ timeout: -1, jobs: 5 });
});

test('a flag that the file turns on is turned off by --no- before its name', () => {
  const file = { options: { 'live-output': true } };
  expect(effective(file, ['run']).values['live-output']).toBe(true);
  const off = effective(file, ['run', '--no-live-output']);
  expect([off.values['live-output'], off.origins['live-output']]).toEqual([false, 'option']);
});

test('what was typed takes away what it cannot go together with', () => {
  const file = { options: { 'batch-manifest': 'batch.json' } };
  expect(effective(file, ['build']).values['batch-manifest']).toBe('batch.json');
  expect(effective(file, ['build', '--tags', 'a']).values['batch-manifest']).toBeUndefined();
});

test.each([
  [[], 'the whole file: expected an object, found a list'],
  [{ option: {} }, 'key "option": unknown key'],
  [{ options: { registery: 'x' } }, 'options, key "registery": unknown key'],
  [{ options: { help: true } }, 'options, key "help": unknown key'],
  [{ commands: { bild: {} } }, 'commands, key "bild": unknown key'],
  [{ commands: { discover: { timeout: 1 } } }, 'commands.discover, key "timeout": unknown key'],
  [
    { commands: { build: { jobs: 0 } } },
    'key commands.build.jobs: expected a whole number of at least 1, found 0',
  ],
  [{ options: { jobs: '2' } }, 'key options.jobs: expected a whole number, found "2"'],
  [{ options: { parallel: 'car' } }, 'key options.parallel: expected a whole number or "auto", found "car"'],
  [
    { options: { parallel: 0 } },
    'key options.parallel: expected a whole number of at least 1 or auto, found 0',
  ],
  [{ options: { precision: '0%' } }, 'key options.precision: expected a percentage, such as 2%, found "0%"'],
  [{ options: { tags: [1] } }, 'key options.tags: expected a list of texts, found a list'],
  [
    { options: { engine: 'dokcer' } },
    'key options.engine: expected one of docker, podman, host, found "dokcer"',
  ],
  [{ options: { verbose: 'yes' } }, 'key options.verbose: expected true or false, found "yes"'],
  [{ context: 'x' }, 'key context: expected an object, found "x"'],
])('%j is refused with the path of its key', (file, message) => {
  const error = failure(file);
  expect([error.code, error.exitCode]).toEqual(['INVALID_FILE', 4]);
  expect(error.message).toContain(`madengine.config.json, ${message}`);
  expect(error.hint).toMatch(/\S/);
});

test('a number may be the word that its option knows, and a percentage is written either way', () => {
  const { values } = effective({ options: { parallel: 'auto', repeat: 5, precision: '1.5%' } }, ['run']);
  expect([values.parallel, values.repeat, values.precision]).toEqual(['auto', 5, 1.5]);
  expect(effective({ options: { precision: 3 } }, ['run']).values.precision).toBe(3);
});

test('the nearest name is the hint', () => {
  expect(failure({ options: { registery: 'x' } }).hint).toBe('Did you mean "registry"?');
});

test('no JSON brings anything but a MadError', () => {
  const near = fc.record(
    {
      options: fc.dictionary(fc.constantFrom(...options.map(({ name }) => name)), fc.jsonValue()),
      commands: fc.dictionary(fc.constantFrom('run', 'build', 'x', '__proto__'), fc.jsonValue()),
      context: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(near, fc.jsonValue()), (data) => {
      try {
        parseProjectFile(data, 'run', options);
      } catch (error) {
        expect(error).toBeInstanceOf(MadError);
      }
    }),
  );
});

test('plugins have a key of their own, and none among the options', () => {
  expect(parseProjectFile({ plugins: ['a.mjs', 'b.ts'] }, 'run', options).plugins).toEqual(['a.mjs', 'b.ts']);
  expect(parseProjectFile({}, 'run', options).plugins).toEqual([]);
  expect(failure({ plugins: 'a.mjs' }).message).toContain('key plugins: expected a list of texts');
  expect(failure({ options: { plugin: ['a.mjs'] } }).message).toContain('"plugin": unknown key');
});
