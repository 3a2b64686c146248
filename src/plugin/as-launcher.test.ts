import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MadError } from '../foundation/error.ts';
import { type Launch, runnerText } from '../stage/launcher/launcher.ts';
import { asLauncher } from './as-launcher.ts';

const source = { kind: 'launcher', name: 'mine', file: 'p.mjs', url: 'file:///p.mjs' };
const launch = { nodes: 1, blocks: {}, hosts: [] } as unknown as Launch;
const answering = (answer: unknown) =>
  asLauncher({ api: 1, kind: 'launcher', name: 'mine', launch: () => answer as never }, source);

test('words and variables come through', () => {
  const answer = {
    runner: [[{ text: 'run' }], [{ text: '--rank=' }, { variable: 'RANK' }]],
    env: { A: [{ text: 'b c' }] },
  };
  expect(answering(answer).launch(launch)).toEqual({ ...answer, files: {} });
});

test('a plugin can not change what others are told', () => {
  const given = { ...launch, hosts: [{ name: 'a' }] };
  asLauncher(
    {
      ...{ api: 1, kind: 'launcher', name: 'mine' },
      launch(own) {
        (own.hosts as unknown[]).pop();
        return { runner: [], env: {} };
      },
    },
    source,
  ).launch(given);
  expect(given.hosts).toHaveLength(1);
});

test('whatever it answers, the text of the runner splits into its words in a shell and means nothing else', () => {
  const piece = fc.oneof(fc.record({ text: fc.string() }), fc.record({ variable: fc.string() }));
  const word = fc.array(piece, { maxLength: 3 });
  const answer = fc.oneof(
    fc.anything(),
    fc.record({ runner: fc.oneof(fc.array(word), fc.anything()), env: fc.dictionary(fc.string(), word) }),
  );
  fc.assert(
    fc.property(answer, (given) => {
      try {
        const { runner } = answering(given).launch(launch);
        const text = runnerText(runner).replaceAll(/\$\{[A-Za-z_]\w*\}/g, '');
        expect(text).not.toMatch(/["'`$\\*?[\]\n]/);
      } catch (error) {
        expect(error).toBeInstanceOf(MadError);
      }
    }),
  );
});
