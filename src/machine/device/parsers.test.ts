import fc from 'fast-check';
import { expect, test } from 'vitest';
import { uniqueIdIn } from './amd.ts';
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

test('lines of a log that are JSON themselves are not the answer', () => {
  const log = '{"level":"warn","gpus":[{"id":1}]}\n[{"level":"info"}]\n';
  expect(parseAmdSmiList(`${log}[{"gpu":1}]`)).toEqual([{ index: 1 }]);
  // Where the GPU sits in the processor, amd-smi tells of both.
  expect(parseAmdSmiList('[{"cpu":0}]\n{"cpu_data":[{"cpu":0}],"gpu_data":[{"gpu":1}]}')).toEqual([
    { index: 1 },
  ]);
  expect(parseMetrics(`${log}{"gpu_data":[{"gpu":1}]}`).has(1)).toBe(true);
  expect(parseDiscovery(`${log}{"device_list":[{"device_id":1,"device_name":"Max"}]}`)).toEqual([
    { index: 1, name: 'Max' },
  ]);
});

test('names of GPUs are plain text, whatever a tool prints', () => {
  const name = '\u001b[31mH100\u202e';
  const clean = '[31mH100';
  expect(parseQuery(`0, GPU-a, 550, , , , ${name}`)).toMatchObject([{ name: clean }]);
  expect(parseList(`GPU 0: ${name} (UUID: GPU-a)`)).toMatchObject([{ name: clean }]);
  expect(parseRocminfo(`  Name:   gfx942\n  Marketing Name: ${name}\n`)).toMatchObject({ name: clean });
});

test.each([
  ['abff74a1-0000-1000-80d1-3c23a9580558', 'abd13c23a9580558'],
  ['00000000-0000-1000-8000-000000000000', undefined],
  ['GPU-abd13c23a9580558', undefined],
])('of the UUID %s of amd-smi, ROCr knows %s', (uuid, id) => {
  expect(uniqueIdIn(uuid)).toBe(id);
});

test.each([
  ['6.12.12', '6.12.12'],
  ['Linuxversion6.8.0-79-generic(buildd@lcy02-amd64-049)(x86_64-linux-gnu-gcc-13)', '6.8.0-79-generic'],
  ['N/A', undefined],
])('the version %s of a driver of AMD is %s', (version, driver) => {
  expect(parseAmdSmiStatic(JSON.stringify([{ gpu: 0, driver: { version } }]))[0]?.driver).toBe(driver);
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
