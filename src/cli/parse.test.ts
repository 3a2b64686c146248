import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MadError } from '../foundation/error.ts';
import { commands } from './commands.ts';
import { belongsTo, commandNames, namesOf, type OptionSpec, type Program, programs } from './option-spec.ts';
import { options } from './options.ts';
import { type ParsedCommand, parseCommandLine } from './parse.ts';

const style = { columns: 100, heading: (text: string) => text };
const parse = (argv: string[], program: Program = 'madengine-cli', env: Record<string, string> = {}) =>
  parseCommandLine({ program, argv, env, style });

function command(argv: string[], program?: Program, env?: Record<string, string>): ParsedCommand {
  const parsed = parse(argv, program, env);
  if (parsed.kind !== 'command') throw new Error(`expected a command, got ${parsed.kind}`);
  return parsed;
}

function errorOf(
  argv: string[],
  program: Program = 'madengine-cli',
  env = {},
  table?: OptionSpec[],
): MadError {
  try {
    parseCommandLine({ program, argv, env, style, ...(table ? { table } : {}) });
  } catch (error) {
    if (error instanceof MadError) return error;
    throw error;
  }
  throw new Error('expected an error');
}

describe('values', () => {
  test('tags are taken several at once, repeated, and with commas as typed', () => {
    expect(command(['run', '--tags', 'a', 'b,c', '--live-output', '-t', 'd']).values.tags).toEqual([
      'a',
      'b,c',
      'd',
    ]);
  });

  test('what is not given has its default and says so', () => {
    const { values, origins } = command(['run', '--tags', 'a']);
    expect(values).toMatchObject({
      output: 'perf.csv',
      timeout: -1,
      jobs: 1,
      engine: 'docker',
      package: 'none',
    });
    expect(values.registry).toBeUndefined();
    expect(origins).toMatchObject({ tags: 'option', output: 'default' });
  });

  test('an empty value counts as not given', () => {
    const { values, origins } = command(['run', '--registry', '', '--output=', '--tags', 'a']);
    expect(values.registry).toBeUndefined();
    expect(values.output).toBe('perf.csv');
    expect(origins.output).toBe('default');
  });

  test('a value may start with a dash', () => {
    expect(command(['run', '--timeout', '-1']).values.timeout).toBe(-1);
    expect(command(['run', '-c', '-not an option-']).values['additional-context']).toBe('-not an option-');
  });

  test('the environment gives what the command line does not, and loses against it', () => {
    const env = { MAD_ENGINE: 'podman' };
    expect(command(['run'], 'madengine', env).values.engine).toBe('podman');
    expect(command(['run'], 'madengine', env).origins.engine).toBe('environment');
    expect(command(['run', '--engine', 'host'], 'madengine', env).values.engine).toBe('host');
  });

  test('global options are taken before and behind the command, also among joined letters', () => {
    for (const argv of [
      ['-v', 'run'],
      ['run', '-v'],
      ['--verbose', 'run'],
      ['run', '-lv'],
      ['run', '-vl'],
    ]) {
      expect(command(argv).values.verbose, argv.join(' ')).toBe(true);
    }
    expect(command(['--json', 'discover', '--tags', 'a']).values).toMatchObject({ json: true, tags: ['a'] });
  });

  test('-m is the manifest that each command is about', () => {
    expect(command(['run', '-m', 'x.json']).values['manifest-file']).toBe('x.json');
    expect(command(['build', '-m', 'x.json']).values['manifest-output']).toBe('x.json');
  });

  test('the traditional program takes the traditional names', () => {
    expect(command(['run', '--ignore-deprecated-flag'], 'madengine').values['ignore-deprecated']).toBe(true);
    expect(errorOf(['run', '--ignore-deprecated-flag']).hint).toContain('--ignore-deprecated');
  });

  test('a flag that is on unless it is turned off, also by the value that its traditional name takes', () => {
    const value = (argv: string[], program: Program = 'madengine') =>
      command(['run', ...argv], program).values['sys-env-details'];
    expect([value([]), value(['--sys-env-details']), value(['--no-sys-env-details'])]).toEqual([
      true,
      true,
      false,
    ]);
    expect(value(['--generate-sys-env-details'])).toBe(true);
    expect(value(['--generate-sys-env-details', 'False', '--live-output'])).toBe(false);
    expect(value(['--generate-sys-env-details=true'])).toBe(true);
    expect(errorOf(['run', '--generate-sys-env-details', 'maybe'], 'madengine').message).toContain(
      'must be true or false, but is "maybe"',
    );
    expect(errorOf(['run', '--generate-sys-env-details']).message).toContain('Unknown option');
  });

  test('any text is kept as typed', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }).filter((text) => !text.startsWith('-')),
        (text) => {
          expect(command(['build', `--registry=${text}`]).values.registry).toBe(text);
          expect(command(['build', '--registry', text]).values.registry).toBe(text);
          expect(command(['build', '--tags', 'a', text]).values.tags).toEqual(['a', text]);
        },
      ),
    );
  });
});

describe('version and help', () => {
  test('the version is asked for with --version and -V anywhere, and with -v alone in the traditional program', () => {
    for (const argv of [['--version'], ['-V'], ['run', '--version'], ['--json', '-V']]) {
      expect(parse(argv).kind, argv.join(' ')).toBe('version');
    }
    expect(parse(['-v'], 'madengine').kind).toBe('version');
    expect(parse(['-v', 'run'], 'madengine').kind).toBe('command');
    expect(errorOf(['-v']).message).toContain('No command');
  });

  test.each(programs)(
    '%s shows all its commands without arguments, and with --help, -h and help',
    (program) => {
      for (const argv of [[], ['--help'], ['-h'], ['help']]) {
        const parsed = parse(argv, program);
        if (parsed.kind !== 'help') throw new Error(parsed.kind);
        for (const name of commandNames)
          expect(parsed.text).toMatch(new RegExp(`^  ${name.split(' ')[0]} `, 'm'));
      }
    },
  );

  const everyHelp = programs.flatMap((program) => commandNames.map((name) => [program, name] as const));
  test.each(everyHelp)(
    'the help of %s %s names each of its options, with value, default and example',
    (program, name) => {
      const parsed = parse([...name.split(' '), '--help'], program);
      if (parsed.kind !== 'help') throw new Error(parsed.kind);
      const flat = parsed.text.replace(/\s+/g, ' ');
      for (const option of options as readonly OptionSpec[]) {
        const line = new RegExp(`^  (?:-\\w, )?--${option.name}(?: [<[]|  |$)`, 'm');
        if (!belongsTo(option, name)) {
          expect(parsed.text).not.toMatch(line);
          continue;
        }
        expect(parsed.text).toMatch(line);
        expect(flat).toContain(option.help);
        if (option.default !== undefined) expect(flat).toContain(`default: ${option.default}`);
        for (const choice of option.choices ?? []) expect(flat).toContain(choice);
        for (const alias of namesOf(option, program)) expect(flat).toContain(`--${alias}`);
      }
      for (const example of commands[name].examples)
        expect(parsed.text).toContain(`${program} ${name} ${example}`.trim());
      expect(parse(['help', ...name.split(' ')], program)).toEqual(parsed);
      for (const line of parsed.text.split('\n'))
        if (!line.includes(` ${name} -`)) expect(line.length).toBeLessThanOrEqual(100);
    },
  );
});

describe('usage errors', () => {
  const cases: [string[], RegExp, RegExp][] = [
    [
      ['run', '--tag', 'x'],
      /Unknown option --tag for madengine-cli run/,
      /Did you mean --tags\?.*run --tags dummy/,
    ],
    [['bild'], /Unknown command "bild"/, /Did you mean "build"/],
    [['rnu'], /Unknown command "rnu"/, /Did you mean "run"/],
    [['nonsense'], /Unknown command "nonsense"/, /run, build, discover/],
    [['generate', 'k8s', '--namespace', 'x'], /"generate" is not in this version/, /--manifest-file/],
    [['runner', 'ssh', '-i', 'nodes.yml'], /"runner" is not in this version/, /on each node/],
    [['report', 'to-html', '--help'], /"report" is not in this version/, /perf\.csv/],
    [['database', 'create-table'], /"database" is not in this version/, /perf\.csv/],
    [['build', '--build-on-compute'], /--build-on-compute is not in this version/, /--registry/],
    [['help', 'runner'], /"runner" is not in this version/, /on each node/],
    [
      ['--tags', 'x'],
      /Unknown option --tags before the command/,
      /behind the command: madengine-cli run --tags/,
    ],
    [['build', '--timeout', '3'], /Unknown option --timeout for madengine-cli build/, /belongs to "run"/],
    [['run', 'dummy'], /Unexpected argument "dummy"/, /madengine-cli run --tags dummy/],
    [['run', '--registry'], /--registry needs a value/, /--registry localhost:5000/],
    [['run', '--tags'], /--tags needs a value/, /--tags dummy/],
    [
      ['run', '--registry', '--live-output'],
      /--registry needs a value, but the option --live-output/,
      /localhost:5000/,
    ],
    [['run', '-r', '-l'], /--registry needs a value, but the option -l/, /localhost:5000/],
    [['run', '--live-output=yes'], /--live-output takes no value/, /without/],
    [
      ['run', '--timeout', '-2'],
      /--timeout must be a whole number of at least -1, but is "-2"/,
      /--timeout 3600/,
    ],
    [['run', '--timeout', 'soon'], /--timeout must be a whole number/, /--timeout 3600/],
    [['run', '--timeout', '1e3'], /--timeout must be a whole number/, /--timeout 3600/],
    [
      ['run', '--parallel', 'all'],
      /--parallel must be a whole number of at least 1 or auto/,
      /--parallel auto/,
    ],
    [['run', '--precision', 'high'], /--precision must be a percentage/, /--precision 1%/],
    [['run', '--precision', '0%'], /--precision must be a percentage/, /--precision 1%/],
    [['run', '--jobs', '0'], /--jobs must be a whole number of at least 1/, /--jobs 4/],
    [['run', '--engine', 'dokcer'], /--engine must be one of docker, podman, host/, /container/],
    [['run', '-x'], /Unknown option -x/, /--help/],
    [['help', 'rn'], /Unknown command "rn"/, /Did you mean "run"/],
  ];
  test.each(cases)('%j says what is wrong and what to do', (argv, message, hint) => {
    const error = errorOf(argv);
    expect(error.message).toMatch(message);
    expect(error.hint?.replace(/\n/g, ' ')).toMatch(hint);
    expect(error.exitCode).toBe(4);
  });

  test('a bad value of the environment names the variable', () => {
    const error = errorOf(['run'], 'madengine-cli', { MAD_ENGINE: 'lxc' });
    expect(error.code).toBe('INVALID_ENVIRONMENT');
    expect(error.message).toContain('MAD_ENGINE');
    expect(error.exitCode).toBe(4);
  });

  test('options that exclude each other are refused together', () => {
    const table: OptionSpec[] = [
      { name: 'one', kind: 'flag', commands: ['run'], conflicts: ['two'], help: 'One', group: 'Run' },
      { name: 'two', kind: 'text', commands: ['run'], help: 'Two', group: 'Run' },
    ];
    expect(errorOf(['run', '--two', 'x', '--one'], 'madengine', {}, table).message).toContain(
      '--one and --two',
    );
  });

  test('whatever is typed gives a command, help, the version or a usage error', () => {
    const words = fc.oneof(
      fc.string(),
      fc.constantFrom(
        ...commandNames.flatMap((name) => name.split(' ')),
        'help',
        '--',
        '-',
        '--=',
        '-t',
        '--tags',
        '--json',
        '-m',
        '--timeout',
        '=',
        '__proto__',
      ),
    );
    fc.assert(
      fc.property(fc.array(words), fc.constantFrom(...programs), (argv, program) => {
        try {
          expect(['command', 'help', 'version']).toContain(parse(argv, program).kind);
        } catch (error) {
          expect(error).toBeInstanceOf(MadError);
          expect((error as MadError).exitCode).toBe(4);
        }
      }),
    );
  });
});

describe('groups of commands', () => {
  test('the word of a group alone is the command that it stands for', () => {
    expect(command(['runs']).command).toBe('runs list');
    expect(command(['runs', '--json']).values.json).toBe(true);
    expect(command(['runs', '--output', 'x/perf.csv']).values.output).toBe('x/perf.csv');
  });

  test('global flags stand before, between or behind the words', () => {
    for (const argv of [
      ['--json', 'runs', 'show', 'abc'],
      ['runs', '--json', 'show', 'abc'],
      ['runs', 'show', 'abc', '--json'],
      ['runs', 'show', '--json', 'abc'],
    ]) {
      const parsed = command(argv);
      expect(parsed).toMatchObject({ command: 'runs show', operands: ['abc'], values: { json: true } });
    }
  });

  test('its help lists its commands', () => {
    for (const argv of [
      ['runs', '--help'],
      ['help', 'runs'],
    ]) {
      const parsed = parse(argv);
      if (parsed.kind !== 'help') throw new Error(parsed.kind);
      expect(parsed.text).toMatch(/^ {2}show /m);
    }
  });

  test('an unknown command of it, and a word too many, are told', () => {
    expect(errorOf(['runs', 'shwo'])).toMatchObject({ hint: expect.stringContaining('"show"') });
    expect(errorOf(['runs', 'show', 'a', 'b']).message).toBe('Unexpected argument "b".');
  });
});

describe('the table', () => {
  const table: readonly OptionSpec[] = options;

  test('no two options of a command share a name or a letter', () => {
    for (const program of programs) {
      for (const name of commandNames) {
        const mine = table.filter((option) => belongsTo(option, name));
        const names = mine.flatMap((option) => namesOf(option, program));
        const letters = mine
          .filter((option) => option.short && (option.shortIn?.includes(name) ?? true))
          .map((option) => option.short);
        expect(new Set(names).size).toBe(names.length);
        expect(new Set(letters).size).toBe(letters.length);
      }
    }
  });

  test('every example is a command line that works', () => {
    for (const option of table.filter(({ example }) => example)) {
      const name = commandNames.find((one) => belongsTo(option, one)) ?? 'run';
      const parsed = command([...name.split(' '), ...words(option.example ?? '')]);
      expect(parsed.origins[option.name]).toBe('option');
    }
    for (const name of commandNames) {
      for (const example of commands[name].examples)
        expect(command([...name.split(' '), ...words(example)]).command).toBe(name);
    }
  });

  test('every option with a value says what the value is', () => {
    for (const option of table)
      if (option.kind !== 'flag') expect(option.metavar ?? option.choices).toBeDefined();
  });
});

const words = (line: string): string[] =>
  (line.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replace(/^'|'$/g, ''));
