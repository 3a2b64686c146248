/** A card's `metrics` and `checks` in one run: what they look for in its output, and what they make of its results. */
import { lstat, realpath } from 'node:fs/promises';
import { isAbsolute, join, sep } from 'node:path';
import type { Scrubber } from '../../foundation/secret.ts';
import type { ModelCard } from '../../package/card.ts';
import type { Check, MetricRule } from '../../package/result-rules.ts';
import type { PatternScan } from '../../record/output/pattern-scan.ts';
import type { CheckResult } from '../../record/record-schema.ts';
import type { Collected } from './collect-results.ts';

export interface ResultRules {
  metrics: readonly MetricRule[];
  checks: readonly Check[];
  /** To be fed with the model's output. */
  scan: PatternScan;
}

/** undefined for a card without any. Throws INVALID_FILE for rules that can't be read. */
export async function resultRulesOf(card: ModelCard, scrubber: Scrubber): Promise<ResultRules | undefined> {
  if (card.extra.metrics === undefined && card.extra.checks === undefined) return undefined;
  const [{ readResultRules }, { compilePattern }, { createPatternScan }] = await Promise.all([
    import('../../package/result-rules.ts'),
    import('../../package/result-pattern.ts'),
    import('../../record/output/pattern-scan.ts'),
  ]);
  const { metrics, checks } = readResultRules(card);
  const patterns = new Map<string, RegExp>();
  for (const text of [
    ...metrics.map(({ pattern }) => pattern),
    ...checks.flatMap((check) => [check.must_match, check.must_not_match]),
  ]) {
    const pattern = text === undefined ? undefined : compilePattern(text);
    if (text !== undefined && pattern) patterns.set(text, pattern);
  }
  return {
    metrics,
    checks,
    scan: createPatternScan({ patterns, scrub: (text) => scrubber.scrubPiece(text) }),
  };
}

export interface RunPlace {
  /** Folders on this machine in which a file of the run may lie, the first one first. */
  folders: readonly string[];
  /** A file older than this isn't the run's. */
  notBefore: Date;
}

export async function applyRules(
  collected: Collected,
  { metrics: declared, checks, scan }: ResultRules,
  place: RunPlace,
): Promise<Collected & { checks: CheckResult[] }> {
  const [{ declaredMetrics }, { runChecks }] = await Promise.all([
    import('../../record/output/declared-metrics.ts'),
    import('../../record/result-check.ts'),
  ]);
  const findings = scan.end();
  const { metrics, problem } = declaredMetrics(collected, declared, findings);
  const fileProblems = new Map<string, string | undefined>();
  for (const { file } of checks) {
    if (file !== undefined) fileProblems.set(file, await problemOfFile(file, place));
  }
  return { ...collected, metrics, problem, checks: runChecks(checks, { metrics, findings, fileProblems }) };
}

async function problemOfFile(file: string, { folders, notBefore }: RunPlace): Promise<string | undefined> {
  if (isAbsolute(file) || file.split('/').includes('..')) return "lies outside of the run's folder";
  let problem = 'was not written';
  for (const folder of folders) {
    const path = join(folder, file);
    const facts = await lstat(path).catch(() => undefined);
    if (!facts) continue;
    if (!facts.isFile() || !(await liesIn(path, folder))) problem = "is no regular file of the run's folder";
    else if (facts.size === 0) problem = 'is empty';
    // File systems that keep whole seconds only would make a new file older than the run.
    else if (facts.mtimeMs < Math.floor(notBefore.getTime() / 1000) * 1000) problem = 'is older than the run';
    else return undefined;
  }
  return problem;
}

async function liesIn(path: string, folder: string): Promise<boolean> {
  const [real, root] = await Promise.all([realpath(path), realpath(folder)]);
  return real.startsWith(root + sep);
}
