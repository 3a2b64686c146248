import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const module = JSON.stringify(new URL('./sqlite.ts', import.meta.url).href);

const stderrOf = async (script: string): Promise<string> =>
  (await run(process.execPath, ['--input-type=module', '-e', script])).stderr;

test('node:sqlite loads without the warning of Node.js', async () => {
  const script = `const { loadSqlite } = await import(${module}); new (loadSqlite().DatabaseSync)(':memory:').close();`;
  expect(await stderrOf(script)).not.toContain('SQLite');
});

test('other warnings still come through afterwards', async () => {
  const script = `const { loadSqlite } = await import(${module}); loadSqlite(); process.emitWarning('careful', 'ExperimentalWarning');`;
  expect(await stderrOf(script)).toContain('careful');
});
