import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Secret } from '../../foundation/secret.ts';
import type { NasNode } from './nas-nodes.ts';
import { listing, remoteShell, transfer, verification } from './rsync-argv.ts';

const node: NasNode = {
  name: 'n',
  host: 'nas-1',
  login: { user: 'me', port: 2222, keyFile: "/keys/it's mine", password: new Secret('p', 'open sesame') },
};

/** The words that rsync makes of `-e`: blanks separate, quotes keep together, a doubled quote is one (rsync(1), --rsh). */
function wordsOfRsync(command: string): string[] {
  const words: string[] = [];
  let quote = '';
  let word: string | undefined;
  for (let at = 0; at < command.length; at++) {
    const character = command.charAt(at);
    if (quote !== '' && character === quote) {
      if (command[at + 1] !== quote) quote = '';
      else {
        word = `${word ?? ''}${quote}`;
        at++;
      }
    } else if (quote === '' && (character === "'" || character === '"')) {
      quote = character;
      word ??= '';
    } else if (quote === '' && character === ' ') {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = `${word ?? ''}${character}`;
  }
  return word === undefined ? words : [...words, word];
}

test('rsync reads the words of its remote shell back as they were', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1 }), (words) => {
      expect(wordsOfRsync(remoteShell(words))).toEqual(words);
    }),
  );
});

test('no shell sees a path, wildcards stand for themselves, and a password is in no word', () => {
  const lines = [
    listing({ node, path: '/a b/[x]*' }),
    transfer({ node, path: '/a b/[x]*' }, true, '/into', { planned: true }),
    verification({ node, path: '/a' }, '/into'),
  ];
  for (const argv of lines) {
    expect(argv.slice(0, 2)).toEqual(['rsync', '-s']);
    expect(argv.join(' ')).not.toContain('sesame');
    expect(argv.join(' ')).toContain('StrictHostKeyChecking=yes');
  }
  expect(lines[0]?.at(-1)).toBe('nas-1:/a b/\\[x]\\*');
  expect(lines[1]?.slice(-2)).toEqual(['nas-1:/a b/\\[x]\\*/', '/into/']);
  expect(lines[1]).toEqual(expect.arrayContaining(['--dry-run', '--safe-links', '--recursive']));
});

test('a file is compared by content, and may be a link', () => {
  const argv = transfer({ node, path: '/a/f' }, false, '/into', { planned: false });
  expect(argv).toEqual(expect.arrayContaining(['--checksum', '--copy-links']));
  expect(argv).not.toContain('--recursive');
  expect(argv.slice(-2)).toEqual(['nas-1:/a/f', '/into/']);
});

test('an address of IPv6 stands in brackets', () => {
  expect(listing({ node: { ...node, host: 'fe80::1' }, path: '/a' }).at(-1)).toBe('[fe80::1]:/a');
});
