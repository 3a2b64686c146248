import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sampleMetric, sampleRecord } from '../../test/sample/record.ts';
import { junitXml } from './junit.ts';
import type { RunRecord } from './record-schema.ts';

const named = (name: string, changes: Partial<RunRecord> = {}): RunRecord =>
  sampleRecord({ ...changes, model: { ...sampleRecord().model, name, args: '' } });
const failure = {
  class: 'timeout',
  stage: 'run',
  message: 'no end within 60 s',
  evidence: 'step 3 <stuck>',
} as const;

/** Tags and texts of a document, with entities read; throws for what is not well-formed. */
function parsed(xml: string): { tag: string; attributes: Record<string, string>; text: string }[] {
  const elements: { tag: string; attributes: Record<string, string>; text: string }[] = [];
  const openTags: string[] = [];
  const token = /<\?xml[^>]*\?>|<\/([\w-]+)>|<([\w-]+)((?: [\w-]+="[^"<]*")*)(\/?)>|([^<]+)/y;
  for (let at = 0; at < xml.length; at = token.lastIndex) {
    token.lastIndex = at;
    const [whole, closes, opens, attributes = '', ends, text] = token.exec(xml) ?? [];
    if (whole === undefined) throw new Error(`not well-formed: ${xml.slice(at, at + 60)}`);
    if (closes !== undefined && openTags.pop() !== closes) throw new Error(`unexpected </${closes}>`);
    if (opens !== undefined) {
      const pairs = [...attributes.matchAll(/ ([\w-]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [
        name,
        plain(value),
      ]);
      elements.push({ tag: opens, attributes: Object.fromEntries(pairs), text: '' });
      if (ends === '') openTags.push(opens);
    }
    const last = elements.at(-1);
    if (text !== undefined && last && text.trim() !== '') last.text += plain(text);
  }
  if (openTags.length > 0) throw new Error(`open: ${openTags.join(' ')}`);
  return elements;
}

const plain = (text: string): string =>
  text.replace(/&(?:(amp|lt|gt|quot|apos)|#(\d+));|&/g, (whole, name?: string, code?: string) => {
    if (code !== undefined) return String.fromCodePoint(Number(code));
    const found = name === undefined ? undefined : { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }[name];
    if (found === undefined) throw new Error(`no entity: ${whole}`);
    return found;
  });

test('each run is a case, failures with class and line, known ones as skipped', () => {
  const records = [
    named('good', { metrics: [sampleMetric({ row: 'a', text: '1.50' })] }),
    named('bad', { status: 'FAILURE', metrics: [], failure }),
    named('old', { status: 'SKIPPED', metrics: [], reason: 'is deprecated' }),
    named('known', { status: 'FAILURE', metrics: [], failure, known: true, known_reason: 'issue 12' }),
    named('cured', { known: false, known_reason: 'issue 13' }),
  ];
  const elements = parsed(junitXml(records, 'c1'));
  expect(elements.find(({ tag }) => tag === 'testsuite')?.attributes).toEqual({
    name: 'madengine campaign c1',
    tests: '5',
    failures: '1',
    errors: '0',
    skipped: '2',
    time: '50.000',
    timestamp: '2026-01-02T03:04:05',
  });
  expect(elements.filter(({ tag }) => tag === 'testcase').map(({ attributes }) => attributes.name)).toEqual([
    'good',
    'bad',
    'old',
    'known',
    'cured',
  ]);
  expect(elements.filter(({ tag }) => tag === 'failure')).toEqual([
    {
      tag: 'failure',
      attributes: { message: 'no end within 60 s', type: 'timeout' },
      text: 'step 3 <stuck>',
    },
  ]);
  expect(elements.filter(({ tag }) => tag === 'skipped').map(({ attributes }) => attributes.message)).toEqual(
    ['is deprecated', 'known failure (issue 12): no end within 60 s'],
  );
  expect(elements.find(({ tag }) => tag === 'system-out')?.text).toContain('issue 13');
  expect(elements).toContainEqual({
    tag: 'property',
    attributes: { name: 'metric samples/sec of a', value: '1.50' },
    text: '',
  });
});

test('whatever stands in names, messages and lines, the document is well-formed and says it', () => {
  const text = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(text, text, text, (name, message, evidence) => {
      const record = named(name, {
        status: 'FAILURE',
        failure: { class: 'check', stage: 'run', message, evidence },
      });
      const xml = junitXml([record], 'c1');
      expect(xml).not.toMatch(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/);
      const found = parsed(xml).find(({ tag }) => tag === 'failure');
      const left = message.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '').toWellFormed();
      expect(found?.attributes.message).toBe(left);
    }),
  );
});
