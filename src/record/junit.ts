/** Records as JUnit XML, in the form that CI servers read: one suite for the campaign, one case for each run. */
import type { RunRecord } from './record-schema.ts';
import type { Report } from './report.ts';
import { labelOf } from './run-summary.ts';

export const junit: Report = {
  name: 'junit',
  title: 'JUnit report',
  render: ({ records, id }) => junitXml(records, id),
};

export function junitXml(records: readonly RunRecord[], campaign: string): string {
  const total = records.reduce((sum, record) => sum + record.durations.total_s, 0);
  const counts = {
    tests: records.length,
    failures: records.filter(({ status, known }) => status === 'FAILURE' && !known).length,
    errors: 0,
    skipped: records.filter(({ status, known }) => status === 'SKIPPED' || known === true).length,
    time: seconds(total),
  };
  const started = records[0]?.started_at ?? '';
  const suite = {
    name: `madengine campaign ${campaign}`,
    ...counts,
    timestamp: started.replace(/\.\d+Z$/, ''),
  };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    open('testsuites', { name: 'madengine', ...counts }),
    `  ${open('testsuite', suite)}`,
    ...records.flatMap(testCase),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function testCase(record: RunRecord): string[] {
  const attributes = {
    name: labelOf(record),
    classname: record.image.name,
    time: seconds(record.durations.total_s),
  };
  return [
    `    ${open('testcase', attributes)}`,
    '      <properties>',
    ...properties(record).map(([name, value]) => `        ${open('property', { name, value }, '/')}`),
    '      </properties>',
    ...outcome(record).map((line) => `      ${line}`),
    '    </testcase>',
  ];
}

function properties(record: RunRecord): [string, string][] {
  const metrics = record.metrics.map(({ name, row, text }): [string, string] => [
    row === null ? `metric ${name}` : `metric ${name} of ${row}`,
    text,
  ]);
  return [['run_id', record.run], ['machine_name', record.placement?.host ?? ''], ...metrics];
}

function outcome({ status, reason, failure, known, known_reason }: RunRecord): string[] {
  if (status === 'SKIPPED') return [open('skipped', { message: reason ?? '' }, '/')];
  const message = failure?.message ?? 'failed';
  if (known === true) {
    return [open('skipped', { message: `known failure (${known_reason ?? ''}): ${message}` }, '/')];
  }
  if (known === false)
    return [`<system-out>passed, though it is known to fail: ${escaped(known_reason ?? '')}</system-out>`];
  if (status === 'SUCCESS') return [];
  const start = open('failure', { message, type: failure?.class ?? 'missing_metric' });
  return [`${start}${escaped(failure?.evidence ?? '')}</failure>`];
}

function open(tag: string, attributes: Readonly<Record<string, string | number>>, end = ''): string {
  const pairs = Object.entries(attributes).map(([name, value]) => ` ${name}="${escaped(String(value))}"`);
  return `<${tag}${pairs.join('')}${end}>`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  // A parser makes blanks of these in attributes, and a line feed of a carriage return everywhere.
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

/** XML 1.0 has no way at all to write most control characters: they are left out. */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '')
    .replaceAll(/[&<>"'\t\n\r]/g, (character) => entities[character] ?? '');
}

const seconds = (value: number): string => value.toFixed(3);
