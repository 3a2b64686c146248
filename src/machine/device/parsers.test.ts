import fc from 'fast-check';
import { expect, test } from 'vitest';
import { currentClock, parseMetrics, parseRasCounts } from './amd-health.ts';
import {
  parseAmdSmiList,
  parseAmdSmiStatic,
  parseRocminfo,
  parseRocmSmiHardware,
  parseRocmSmiIds,
  parseRocmSmiProducts,
} from './amd-tools.ts';
import { parseDiscovery } from './intel.ts';
import { parseStats } from './intel-health.ts';
import { parseKernelLog } from './kernel-log.ts';
import { gfxName, parseProperties } from './kfd.ts';
import { parseList, parseQuery } from './nvidia.ts';
import { parseProcesses, parseReadings, parseReasons } from './nvidia-health.ts';
import { jsonIn } from './tool-output.ts';

test.each([
  [90010, 'gfx90a'],
  [90402, 'gfx942'],
  [90500, 'gfx950'],
  [100300, 'gfx1030'],
  [110001, 'gfx1101'],
  [120000, 'gfx1200'],
])('the driver means by %i the architecture %s', (version, name) => {
  expect(gfxName(version)).toBe(name);
});

test('rows of a tool read back whatever the names of GPUs are', () => {
  const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9 ()/-]{0,30}[A-Za-z0-9]$/);
  fc.assert(
    fc.property(fc.array(name, { maxLength: 8 }), (names) => {
      const query = names
        .map((text, index) => `${index}, GPU-${index}a, 550.1, 00000000:3B:00.0, [N/A], 81559, ${text}\n`)
        .join('');
      expect(parseQuery(query).map((gpu) => gpu.name)).toEqual(names);
      const list = names.map((text, index) => `GPU ${index}: ${text} (UUID: GPU-${index}a)\n`).join('');
      expect(parseList(list).map((gpu) => [gpu.index, gpu.name])).toEqual(
        names.map((text, index) => [index, text]),
      );
    }),
  );
});

test('the list of amd-smi is found behind junk with brackets of its own', () => {
  const indices = fc.uniqueArray(fc.nat(15), { minLength: 1 });
  fc.assert(
    fc.property(
      indices,
      fc.string({ unit: fc.constantFrom('[', ']', '{', 'W', '\n', '"'), maxLength: 10 }),
      (gpus, junk) => {
        const output =
          junk +
          JSON.stringify(
            gpus.map((gpu) => ({ gpu })),
            null,
            2,
          );
        expect(parseAmdSmiList(output).map(({ index }) => index)).toEqual(gpus);
      },
    ),
  );
});

test('values that could lead out of /dev/dri are not taken', () => {
  const output = JSON.stringify([{ gpu: 0, render: 'renderD128/../../sda', uuid: 'a b' }]);
  expect(parseAmdSmiList(output)).toEqual([{ index: 0 }]);
});

test('each GPU is one row of rocm-smi', () => {
  expect(parseRocmSmiIds('device,Device ID\ncard0,0x74a1\ncard1,0x74a1\n')).toEqual([
    { index: 0 },
    { index: 1 },
  ]);
});

test('no output makes a parser fail', () => {
  const parsers = [
    parseQuery,
    parseList,
    parseAmdSmiList,
    parseRocmSmiHardware,
    parseRocmSmiIds,
    parseRocminfo,
    parseDiscovery,
    parseProperties,
    parseAmdSmiStatic,
    parseRocmSmiProducts,
    parseMetrics,
    parseStats,
    parseReadings,
    parseReasons,
    parseProcesses,
    currentClock,
    jsonIn,
    (text: string) => parseRasCounts('umc', text),
    (text: string) => parseKernelLog(text, [{ index: 0, name: '', pciAddress: '0000:3b:00.0' }]),
  ];
  const output = fc.oneof(fc.string(), fc.json());
  fc.assert(fc.property(output, (text) => void parsers.map((parse) => parse(text))));
});
