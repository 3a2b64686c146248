import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseSlices, withSlices } from './mig.ts';

test('drivers before 470 name slices by their GPU', () => {
  const list =
    'GPU 1: A100-PCIE-40GB (UUID: GPU-9de3d0e8-33f5)\n' +
    '  MIG 4g.20gb Device 0: (UUID: MIG-GPU-9de3d0e8-33f5/2/0)\n' +
    '  MIG 1c.3g.20gb Device 1: (UUID: MIG-GPU-9de3d0e8-33f5/3/0)\n';
  expect(parseSlices(list)).toEqual([
    { uuid: 'MIG-GPU-9de3d0e8-33f5/2/0', mig: { parent: 1, slice: 0, profile: '4g.20gb' } },
    { uuid: 'MIG-GPU-9de3d0e8-33f5/3/0', mig: { parent: 1, slice: 1, profile: '1c.3g.20gb' } },
  ]);
});

test('a GPU whose slices could not be listed is nobody’s, with a word why', () => {
  const notes: string[] = [];
  const gpus = [0, 1].map((index) => ({ device: { index, name: 'A100' }, isDivided: index === 0 }));
  expect(withSlices(gpus, 'Failed to initialize NVML\n', notes).map(({ index }) => index)).toEqual([1]);
  expect(notes).toEqual([expect.stringContaining('GPU 0 is in MIG mode')]);
});

test('whatever stands in the list, a slice belongs to a GPU that is there', () => {
  const line = fc.oneof(
    fc.constantFrom('GPU 0: A (UUID: GPU-a)', 'GPU 7: B', '  MIG 1g.5gb Device 0: (UUID: MIG-x)', '  MIG'),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const devices = withSlices(
        [{ device: { index: 0, name: 'A' }, isDivided: true }],
        lines.join('\n'),
        [],
      );
      expect(devices.every(({ mig, index }) => mig?.parent === 0 && index > 0)).toBe(true);
    }),
  );
});
