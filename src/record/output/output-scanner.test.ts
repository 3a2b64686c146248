import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defaultBenignPatterns, defaultErrorPatterns, type ErrorPatterns } from './error-pattern.ts';
import { createOutputScanner, type ScannerOptions } from './output-scanner.ts';

const errors: ErrorPatterns = {
  enabled: true,
  patterns: defaultErrorPatterns,
  benign: defaultBenignPatterns,
};

function scan(output: string | Buffer, sizes: readonly number[] = [], options: Partial<ScannerOptions> = {}) {
  const scanner = createOutputScanner({ errors, ...options });
  const bytes = Buffer.from(output);
  const shared = Buffer.alloc(bytes.length);
  let at = 0;
  for (const size of [...sizes, bytes.length]) {
    // The same memory each time: what is kept must have been copied.
    const length = bytes.copy(shared, 0, at, Math.min(bytes.length, at + size));
    scanner.push(shared.subarray(0, length));
    shared.fill(0x23);
    at += length;
  }
  return scanner.end();
}

const typical = [
  'starting',
  '\x1b[32mstep 1\x1b[0m\r 50%\r100%\r',
  'RuntimeError: Metrics will not be exported',
  'Traceback (most recent call last):',
  '  File "run.py", line 3',
  'ValueError: bad value',
  'performance: \x1b[1m14164.5/s\x1b[0m samples/sec',
  'torch.cuda.OutOfMemoryError: HIP out of memory. Tried',
  'performance: 2 later',
  '',
].join('\n');

const found = {
  metric: { name: 'samples/sec', value: 14164.5, text: '14164.5' },
  firstError: {
    pattern: 'OutOfMemoryError',
    line: 'torch.cuda.OutOfMemoryError: HIP out of memory. Tried',
    class: 'out_of_memory',
  },
  bytes: Buffer.byteLength(typical),
};

test('finds metric and error wherever the border between two chunks falls', () => {
  for (let border = 0; border <= typical.length; border++) expect(scan(typical, [border])).toEqual(found);
});

test('finds them in chunks of one byte', () => {
  expect(scan(typical, Array(typical.length).fill(1))).toEqual(found);
});

test('chunks make no difference, for any output', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'performance: ',
      'performance\x1b[0m: ',
      'train_samples_per_second = ',
      '12',
      ' tok/s',
      '\n',
      '\r',
      'FAILED',
      'ValueError:',
      'FutureWarning',
      '\x1b[0m',
    ),
    fc.string({ maxLength: 5 }),
    fc.uint8Array({ maxLength: 4 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), fc.array(fc.nat(30)), (pieces, sizes) => {
      const output = Buffer.concat(pieces.map((part) => Buffer.from(part)));
      expect(scan(output, sizes)).toEqual(scan(output));
    }),
    { numRuns: 1000 },
  );
});

test('the first line with a number counts, and later ones do not', () => {
  expect(scan('performance: none\nperformance: 1 a\nperformance: 2 b\n').metric).toMatchObject({
    value: 1,
    name: 'a',
  });
});

test('a last line without an end counts too', () => {
  expect(scan('x\nperformance: 1 a').metric).toMatchObject({ value: 1 });
});

test('the metric is known before the end', () => {
  const scanner = createOutputScanner({ errors });
  scanner.push(Buffer.from('performance: 1 a'));
  expect(scanner.metric).toBeUndefined();
  scanner.push(Buffer.from('bc\n'));
  expect(scanner.metric).toEqual({ name: 'abc', value: 1, text: '1' });
});

test('a number without a metric is a missing metric that quotes its line, whatever follows', () => {
  const result = scan('performance: 12.5\nperformance: 2 tok/s\ntrain_samples_per_second = 3\n');
  expect(result.metric).toBeUndefined();
  expect(result.unreadLine).toBe('performance: 12.5');
});

test('the trainer line counts only without a performance line', () => {
  const trainer = '  train_samples_per_second = 3.5\n';
  expect(scan(`${trainer}performance: 2 tok/s\n`)).toMatchObject({ metric: { value: 2 } });
  expect(scan(`${trainer}performance: 2 tok/s\n`).fallback).toBeUndefined();
  expect(scan(`performance: good\n${trainer}`)).toMatchObject({
    metric: { name: 'samples_per_second', value: 3.5, text: '3.5' },
    fallback: true,
  });
});

test('a performance line that cannot be read is quoted when there is no metric', () => {
  expect(scan('performance: 1,234 tok/s\nperformance: bad\n').unreadLine).toBe('performance: 1,234 tok/s');
});

test('progress bars that only return the carriage hide nothing and are no part of the line', () => {
  expect(scan(' 10%|#  |\r 99%|## |\rperformance: 12 tok/s\r\n').metric).toMatchObject({ name: 'tok/s' });
  expect(scan(' 10%\r 20%\rFAILED at 3\rmore\n').firstError?.line).toBe('FAILED at 3');
});

test('a colour that ends before the colon hides neither metric nor error', () => {
  const text = '\x1b[1mperformance\x1b[0m\x1b[2m: 12.5\x1b[0m tok/s\n\x1b[35mValueError\x1b[0m: bad\n';
  const seen = {
    metric: { value: 12.5, name: 'tok/s' },
    firstError: { pattern: 'ValueError:', line: 'ValueError: bad' },
  };
  for (let border = 0; border <= text.length; border++) expect(scan(text, [border])).toMatchObject(seen);
  const others = scan('\x1b[1mperformance\x1b[0m of 3 x\nValueError\x1b[0m or not\nperformance: 2 x\n');
  expect(others).toMatchObject({ metric: { value: 2 } });
  expect(others.firstError).toBeUndefined();
  expect(scan('performance\x1b[0m: bad\n').unreadLine).toBe('performance: bad');
});

test('bytes that are no UTF-8 do not matter', () => {
  const line = Buffer.concat([
    Buffer.from([0xff, 0xfe, 0]),
    Buffer.from('performance: 12 tok/s'),
    Buffer.from([0xc3]),
  ]);
  expect(scan(line).metric).toMatchObject({ value: 12 });
});

test('an error beside the metric in one line is seen, and so is the metric', () => {
  expect(scan('2 FAILED, performance: 12 tok/s\n')).toMatchObject({
    metric: { value: 12 },
    firstError: { pattern: 'FAILED' },
  });
});

test('a benign text exempts its own line only', () => {
  const result = scan(
    'x.py:1: FutureWarning: ValueError: soon\n\x1b[33mE20250301 10:11:12.131415 77 tool.cpp:605] FAILED\nW20250301 10:11:12.131415 77 simple_timer.cpp:55] FAILED\nFAILED 2\n',
  );
  expect(result.firstError?.line).toBe('FAILED 2');
});

test('the error below a traceback is shown rather than its headline', () => {
  const result = scan('Traceback (most recent call last)\n  File "x"\nImportError: no y\nFAILED\n');
  expect(result.firstError).toEqual({
    pattern: 'ImportError:',
    line: 'ImportError: no y',
    class: 'error_pattern',
  });
  expect(scan('Traceback (most recent call last)\nKeyError\n').firstError?.pattern).toMatch('Traceback');
});

test('with the scan turned off errors are not seen', () => {
  const off = { errors: { ...errors, enabled: false } };
  expect(scan(typical, [], off)).toEqual({ metric: found.metric, bytes: found.bytes });
});

test("a user's pattern may hold anything, one character or other alphabets", () => {
  const own = (patterns: string[]) => ({ errors: { enabled: true, patterns, benign: [] } });
  expect(scan('all good\nsomething ß here\n', [], own(['ß'])).firstError?.line).toBe('something ß here');
  expect(scan('x (a|b)*\n', [], own(['(a|b)*'])).firstError?.pattern).toBe('(a|b)*');
  expect(scan('FAILED\n', [], own([])).firstError).toBeUndefined();
});

test("a user's pattern that overlaps with the metric's hides neither", () => {
  for (const pattern of ['my performance', 'performance:', 'performance: 1', 'e: 12', 'formance']) {
    const result = scan('my performance: 12 tok/s\n', [], {
      errors: { enabled: true, patterns: [pattern], benign: [] },
    });
    expect(result).toMatchObject({ metric: { value: 12 }, firstError: { pattern } });
  }
});

test('the name of a metric is scrubbed, its number is not', () => {
  const scrub = (text: string) => text.replaceAll('123', '***');
  expect(scan('performance: 123 of123\n', [], { scrub }).metric).toEqual({
    name: 'of***',
    value: 123,
    text: '123',
  });
});

test('quoted lines are scrubbed before they are shortened', () => {
  const secret = 'hunter2-hunter2';
  const scrub = (text: string) => text.replaceAll(secret, '******');
  const line = `${'x'.repeat(300)}${secret}${'y'.repeat(235)} FAILED ${'z'.repeat(300)}`;
  const quoted = scan(`${line}\n`, [], { scrub }).firstError?.line ?? '';
  expect(quoted).toContain('FAILED');
  expect(quoted.length).toBeLessThan(510);
  expect(quoted).not.toContain('hunter2');
});

test('a line of 50 MB without an end is read in the same memory, and hits in it are found', () => {
  const scanner = createOutputScanner({ errors });
  const filler = Buffer.alloc(256 * 1024, 'abcdefg ');
  const before = process.memoryUsage().arrayBuffers;
  for (let count = 0; count < 100; count++) scanner.push(filler);
  scanner.push(Buffer.from('performance: 12 tok/s '));
  for (let count = 0; count < 100; count++) scanner.push(filler);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * 1024 * 1024);
  scanner.push(Buffer.from(' FAILED '));
  const result = scanner.end();
  expect(result.metric).toMatchObject({ value: 12, name: 'tok/s' });
  expect(result.firstError?.line.length).toBeLessThan(510);
});

test('in a line without an end, hits are found wherever they lie, whole', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 200_000 }), fc.integer({ min: 1, max: 70_000 }), (at, size) => {
      const output = Buffer.alloc(220_000, 'x');
      output.write('performance: 123456789 tok/s/GPU ', at);
      output.write(' FutureWarning FAILED ', at + 100);
      const result = scan(output, Array(Math.ceil(output.length / size)).fill(size));
      expect(result.metric).toEqual({ name: 'tok/s/GPU', value: 123456789, text: '123456789' });
      expect(result.firstError).toBeUndefined();
    }),
    { numRuns: 60 },
  );
});

test('output that is nothing but hits is read in one pass', () => {
  const benign = Buffer.alloc(4_000_000, 'ValueError: FutureWarning ');
  expect(scan(benign).firstError).toBeUndefined();
  const unread = Buffer.alloc(4_000_000, 'performance:');
  expect(scan(unread).metric).toBeUndefined();
});

test('a line that says that a disk is full is kept for whoever asks for the cause, and is no error', () => {
  const { fullDiskLine, firstError, metric } = scan(
    'step 1\ncp: cannot write: No space left on device\nperformance: 1 x/s\n',
    [20, 5],
  );
  expect(fullDiskLine).toBe('cp: cannot write: No space left on device');
  expect(firstError).toBeUndefined();
  expect(metric?.name).toBe('x/s');
});
