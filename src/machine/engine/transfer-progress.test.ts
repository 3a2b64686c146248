import fc from 'fast-check';
import { expect, test } from 'vitest';
import { transferProgress } from './transfer-progress.ts';

/** Lines as Docker 20.10 prints them without a terminal. */
const pull = `latest: Pulling from x
4f4fb700ef54: Pulling fs layer
aaaaaaaaaaaa: Already exists
4f4fb700ef54: Download complete
4f4fb700ef54: Pull complete
Digest: sha256:00
`;

function counts(chunks: readonly string[]): string[] {
  const told: string[] = [];
  const take = transferProgress((done, total) => told.push(`${done}/${total}`));
  for (const chunk of chunks) take(Buffer.from(chunk));
  return told;
}

test('layers are counted as they come and finish', () => {
  expect(counts(pull.split(/(?<=\n)/))).toEqual(['0/1', '1/2', '2/2']);
});

test("podman's layers are done when it copies the configuration", () => {
  const blobs = ['ab', 'cd'].map((id) => `Copying blob sha256:${id.repeat(32)}\n`);
  expect(counts([...blobs, `Copying config ${'ef'.repeat(32)}\n`])).toEqual(['0/1', '0/2', '2/2']);
});

test('where the output is cut makes no difference to the end', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(pull.length), { maxLength: 8 }), (cuts) => {
      const borders = [0, ...cuts.sort((a, b) => a - b), pull.length];
      const chunks = borders.slice(1).map((end, index) => pull.slice(borders[index], end));
      expect(counts(chunks).at(-1)).toBe('2/2');
    }),
  );
});
