/**
 * A reporter for vitest that writes what `script/test` sums up. Vitest's own JSON leaves out why a test was skipped, and counts
 * a file that could not be loaded as no test at all.
 */
import { writeFileSync } from 'node:fs';
import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node';

export interface Tally {
  passed: number;
  /** Names of failed tests, and of files and hooks that failed around tests. */
  failed: string[];
  skipped: { name: string; reason: string }[];
}

const path = process.env.MADENGINE_TALLY ?? '';

function nameOf(entity: TestCase | TestSuite | TestModule): string {
  return entity.type === 'module'
    ? entity.relativeModuleId
    : `${entity.module.relativeModuleId} > ${entity.fullName}`;
}

/** Vitest calls a test skipped, too, when a hook before it failed. */
function wasMeant(test: TestCase, note: string | undefined): boolean {
  return note !== undefined || test.options.mode === 'skip' || test.options.mode === 'todo';
}

function tallyOf(modules: readonly TestModule[]): Tally {
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const around = modules.flatMap((module) => [module, ...module.children.allSuites()]);
  const tally: Tally = { passed: 0, failed: [], skipped: [] };
  for (const test of tests) {
    const result = test.result();
    if (result.state === 'passed') tally.passed += 1;
    else if (result.state === 'skipped' && wasMeant(test, result.note))
      tally.skipped.push({ name: nameOf(test), reason: result.note ?? `marked ${test.options.mode}` });
    else tally.failed.push(result.state === 'failed' ? nameOf(test) : `${nameOf(test)} (did not run)`);
  }
  tally.failed.push(...around.filter((entity) => entity.errors().length > 0).map(nameOf));
  return tally;
}

export default class VitestTally implements Reporter {
  onTestRunEnd: NonNullable<Reporter['onTestRunEnd']> = (modules, unhandledErrors, reason) => {
    const tally = tallyOf(modules);
    tally.failed.push(...unhandledErrors.map((error) => `outside of any test: ${error.message}`));
    if (reason === 'interrupted') tally.failed.push('the run was interrupted');
    writeFileSync(path, JSON.stringify(tally));
  };
}
