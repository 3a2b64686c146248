import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { MadError } from '../error.ts';
import { findJsonError } from './json-error.ts';
import { parseJson, readJsonFile } from './json-file.ts';

const failure = (text: string): MadError => {
  try {
    parseJson(text, 'models.json');
  } catch (error) {
    if (error instanceof MadError) return error;
    throw error;
  }
  throw new Error('was accepted');
};

test('a byte order mark is passed over', () => {
  expect(parseJson('\uFEFF{"a": 1}', 'x.json')).toEqual({ a: 1 });
});

test.each([
  ['{"a": 1,\n  "b" 2}', 'models.json:2:7: not valid JSON: "2" stands where a colon should'],
  ['[1,\n 2,\n]', 'models.json:3:1: not valid JSON: a comma before ]'],
  ['{"a": 1,}', 'models.json:1:9: not valid JSON: a comma before }'],
  ["{'a': 1}", 'models.json:1:2: not valid JSON: "\'" stands where a name in double quotes should'],
  ['[True]', 'models.json:1:2: not valid JSON: "True" stands where a value should'],
  ['[1] x', 'models.json:1:5: not valid JSON: "x" stands where the end of the file should'],
  ['[1 2]', 'models.json:1:4: not valid JSON: "2" stands where a comma or ] should'],
  ['[1}', 'models.json:1:3: not valid JSON: "}" stands where ] should'],
  ['{"a": "b', 'models.json:1:9: not valid JSON: the file ends within a text'],
  ['{"a": "b\n"}', 'models.json:1:9: not valid JSON: the line ends within a text'],
  ['["\\q"]', 'models.json:1:3: not valid JSON: \\q is no escape of JSON'],
  ['[[1]', 'models.json:1:5: not valid JSON: the file ends within an array'],
  ['', 'models.json:1:1: not valid JSON: the file is empty'],
])('the message for %j says where and what', (text, message) => {
  expect(failure(text).message).toBe(message);
  expect(failure(text).code).toBe('INVALID_FILE');
});

test('the hint names the way JSON writes what Python writes otherwise', () => {
  expect(failure('[None]').hint).toBe('Write null.');
  expect(failure("['a']").hint).toBe('JSON knows double quotes only.');
});

test('an error is found exactly where the parser of Node.js finds one', () => {
  const mutated = fc
    .tuple(fc.json(), fc.nat(), fc.nat(), fc.string({ maxLength: 3 }))
    .map(([json, from, length, insert]) => {
      const start = from % (json.length + 1);
      return json.slice(0, start) + insert + json.slice(start + (length % 3));
    });
  const accepted = (text: string): boolean => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };
  fc.assert(
    fc.property(mutated, (text) => (findJsonError(text) === undefined) === accepted(text)),
    { numRuns: 2000 },
  );
});

test('nesting a million deep is no problem for the one who looks for the error', () => {
  expect(findJsonError('['.repeat(1_000_000))?.problem).toBe('the file ends within an array');
});

test('a missing file and a folder are told apart', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'json-file-'));
  try {
    await writeFile(join(folder, 'a.json'), '[1]');
    expect(await readJsonFile(join(folder, 'a.json'))).toEqual([1]);
    await expect(readJsonFile(join(folder, 'b.json'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    await expect(readJsonFile(join(folder, 'a.json', 'b.json'))).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
    });
    await expect(readJsonFile(folder)).rejects.toMatchObject({ code: 'INVALID_FILE' });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a named pipe, which nobody may ever write into, is refused; what a shell pipes in is read', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'madengine-pipe-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  await expect(readJsonFile(pipe)).rejects.toMatchObject({
    code: 'INVALID_FILE',
    message: `${pipe} cannot be read: it is a named pipe`,
  });
  const reader = `import { readJsonFile } from ${JSON.stringify(new URL('./json-file.ts', import.meta.url))};
    console.log(JSON.stringify(await readJsonFile('/dev/stdin')));`;
  const line = 'echo "[1]" | "$1" --input-type=module --eval "$2"';
  expect(execFileSync('sh', ['-c', line, 'sh', process.execPath, reader], { encoding: 'utf8' })).toBe(
    '[1]\n',
  );
});
