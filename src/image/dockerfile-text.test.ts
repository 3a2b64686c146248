import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readDockerfileText, substituted } from './dockerfile-text.ts';

test('arguments, bases, secret mounts and outside contexts are found', () => {
  const facts = readDockerfileText(`# syntax comment
ARG BASE_DOCKER=rocm/pytorch:latest
arg A="two words" B C=\${BASE_DOCKER}
FROM --platform=linux/amd64 \${BASE_DOCKER} AS Build
ENV MAD_SYSTEM_GPU_ARCHITECTURE=gfx942 X="1"
ENV OLD some words
RUN --mount=type=secret,id=TOKEN,required=true \\
    # a comment within
    --mount=type=secret,target=/run/secrets/other \\
    --mount=type=bind,from=assets,target=/a \\
    echo hello FROM nowhere
FROM build
COPY --from=tools /x /y
COPY --from=build /x /y
COPY --from=0 /x /y
`);
  expect(facts.declaredArgs).toEqual(['BASE_DOCKER', 'A', 'B', 'C']);
  expect(Object.fromEntries(facts.defaults)).toEqual({
    BASE_DOCKER: 'rocm/pytorch:latest',
    A: 'two words',
    C: '$' + '{BASE_DOCKER}',
    MAD_SYSTEM_GPU_ARCHITECTURE: 'gfx942',
    X: '1',
    OLD: 'some words',
  });
  expect(facts.bases).toEqual(['$' + '{BASE_DOCKER}']);
  expect(facts.secretIds).toEqual(['TOKEN', 'other']);
  expect(facts.outsideNames).toEqual(['$' + '{BASE_DOCKER}', 'assets', 'tools']);
});

test('here-documents and shell arithmetic are no instructions', () => {
  const facts = readDockerfileText(
    [
      'FROM a',
      'RUN <<EOF',
      'FROM b',
      'ARG C',
      'EOF',
      'RUN cat <<-"END" > /x',
      '\tARG D',
      '\tEND',
      'RUN echo $((1<<N))',
      'ARG E',
    ].join('\n'),
  );
  expect(facts.bases).toEqual(['a']);
  expect(facts.declaredArgs).toEqual(['E']);
});

test('another escape character, Windows line ends and a byte order mark are understood', () => {
  const facts = readDockerfileText('\uFEFF# escape=`\r\nARG A=1 `\r\n    B=2\r\nFROM x\r\n');
  expect(facts.declaredArgs).toEqual(['A', 'B']);
  expect(facts.bases).toEqual(['x']);
});

test.each([
  ['$A/$B', 'one/'],
  ['#{A}:#{B:-two}', 'one:two'],
  ['#{A:+set}#{B:+set}', 'set'],
  ['#{B:-#{A}}', 'one'],
  ['no variable', 'no variable'],
])('%s (with $ for #) is filled in to %s', (text, expected) => {
  const dollars = text.replaceAll('#', '$');
  expect(substituted(dollars, (name) => (name === 'A' ? 'one' : undefined))).toBe(expected);
});

test('any text is read without an error', () => {
  const lines = fc.array(
    fc.oneof(
      fc.string(),
      fc.constantFrom('FROM x AS y', 'RUN a \\', 'RUN <<E', 'E', 'ARG', 'ARG A="', 'COPY --from=', '#'),
    ),
  );
  fc.assert(fc.property(lines, (all) => void readDockerfileText(all.join('\n'))));
});
