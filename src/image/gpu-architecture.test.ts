import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { fitsTarget, madeFor, parseTargetArchitectures } from './gpu-architecture.ts';

test('target architectures are repeated or separated by commas, and each counts once', () => {
  expect(parseTargetArchitectures(['gfx90a, gfx942', 'gfx90a', ''])).toEqual(['gfx90a', 'gfx942']);
});

test.each([
  ['mi100', 'gfx908'],
  ['MI250', 'gfx90a'],
  ['mi300a', 'gfx940'],
  ['mi300x', 'gfx942'],
  ['sm_90', 'sm_90'],
  ['gfx90a:sramecc+:xnack-', 'gfx90a:sramecc+:xnack-'],
])('%s means %s', (typed, architecture) => {
  expect(parseTargetArchitectures([typed])).toEqual([architecture]);
});

test('whatever is typed, either an architecture that a file name can hold comes out, or a usage error', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (typed) => {
      try {
        for (const one of parseTargetArchitectures(typed)) expect(one).not.toMatch(/[/\s$'"\0]/);
      } catch (error) {
        expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
      }
    }),
  );
});

test('a Dockerfile that declares the build argument, or says nothing, takes any architecture', () => {
  const lists = new Map([['PYTORCH_ROCM_ARCH', 'gfx90a']]);
  expect(madeFor(['MAD_SYSTEM_GPU_ARCHITECTURE'], lists)).toBeUndefined();
  expect(madeFor([], new Map())).toBeUndefined();
  expect(fitsTarget(undefined, 'gfx1100')).toBe(true);
});

test('a Dockerfile with lists of architectures takes those that stand in all of them', () => {
  const values = new Map([
    ['PYTORCH_ROCM_ARCH', 'gfx90a;gfx942'],
    ['GPU_TARGETS', 'gfx942,gfx1100'],
  ]);
  const targets = madeFor([], values);
  expect(targets).toEqual(['gfx942']);
  expect(fitsTarget(targets, 'gfx942:xnack-')).toBe(true);
  expect(fitsTarget(targets, 'gfx90a')).toBe(false);
});
