import { expect, test } from 'vitest';
import { isLocalOnly, parseImageInspect } from './image-info.ts';

const inspected = (more: object = {}) =>
  JSON.stringify([{ Id: 'sha256:ab', Config: { Env: ['A=b=c', 'D'] }, ...more }]);

test('identity, environment and size are read, absent parts are empty', () => {
  expect(parseImageInspect('x', inspected({ RepoDigests: null, Architecture: 'amd64', Size: 7 }))).toEqual({
    id: 'sha256:ab',
    repoDigests: [],
    tags: [],
    env: { A: 'b=c', D: '' },
    architecture: 'amd64',
    bytes: 7,
  });
});

test("podman's id gets its algorithm", () => {
  expect(parseImageInspect('x', '[{"Id":"ab","Config":null}]').id).toBe('sha256:ab');
});

test.each(['', '[]', '{}', 'nonsense'])('%j is refused', (output) => {
  expect(() => parseImageInspect('x', output)).toThrow('unknown form');
});

test.each([
  ['base:1', [], true],
  ['base:1', ['base@sha256:0'], false],
  ['docker.io/library/base', ['base@sha256:0'], false],
  ['base:1', ['localhost:5000/base@sha256:0'], true],
  ['localhost:5000/base:1', ['localhost:5000/base@sha256:0'], false],
])('whether %s with %j exists only here: %s', (image, repoDigests, expected) => {
  const info = { ...parseImageInspect('x', inspected()), repoDigests };
  expect(isLocalOnly(image, info)).toBe(expected);
});
