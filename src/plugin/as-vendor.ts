import type { Clock } from '../foundation/clock.ts';
import { toMadError } from '../foundation/error.ts';
import type { Vendor } from '../machine/device/detect.ts';
import type { GpuDevice, GpuFacts } from '../machine/device/gpu-facts.ts';
import type { MachineView } from '../machine/device/machine-view.ts';
import { isSecretName } from '../package/hook-process.ts';
import { callPlugin, type PluginSource, wrongAnswer } from './call.ts';
import type { DetectedGpus, Machine, VendorPlugin } from './definition.ts';

const detectLimitS = 120;

export function asVendor(
  plugin: VendorPlugin,
  source: PluginSource,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Vendor {
  return {
    name: plugin.name,
    programs: plugin.programs ?? [],
    files: plugin.files ?? [],
    load: async () => async (machine) => {
      try {
        const act = (): unknown => plugin.detect(seen(machine));
        const answer = await callPlugin(source, 'detect', act, { clock, signal, limitS: detectLimitS });
        return factsOf(plugin.name, answer, source);
      } catch (thrown) {
        signal.throwIfAborted();
        const notes = [toMadError(thrown).message];
        return { vendor: plugin.name, count: 0, architecture: '', devices: [], notes };
      }
    },
  };
}

function seen({ withTools: _, ...machine }: MachineView): Machine {
  return { ...machine, variable: (name) => (isSecretName(name) ? undefined : machine.variable(name)) };
}

function factsOf(vendor: string, answer: unknown, source: PluginSource): GpuFacts {
  if (typeof answer !== 'object' || answer === null) throw wrongAnswer(source, 'detect', 'an object', answer);
  const found = answer as { [K in keyof DetectedGpus]: unknown };
  const expect = (fits: boolean, what: string, value: unknown): void => {
    if (!fits) throw wrongAnswer(source, 'detect', what, value);
  };
  expect(isListOf(found.devices, isDevice), 'devices: a list of { index, name, deviceFiles }', found.devices);
  const devices = [...(found.devices as GpuDevice[])].sort((a, b) => a.index - b.index);
  const isCounted = devices.every(({ index }, position) => index === position);
  expect(isCounted, 'devices: indices 0, 1, 2 …', devices.map(({ index }) => index).join());
  const { containerOptions: options = [], visibleVariable: variable, notes = [] } = found;
  expect(isListOf(options, isOption), 'containerOptions: options such as --device=/dev/x', options);
  const isName = variable === undefined || (typeof variable === 'string' && /^[A-Za-z_]\w*$/.test(variable));
  expect(isName, 'visibleVariable: the name of a variable', variable);
  expect(isListOf(notes, isText), 'notes: a list of texts', notes);
  const { architecture = '', driver, toolkit } = found as Partial<DetectedGpus>;
  for (const text of [architecture, driver ?? ''])
    expect(isText(text), 'architecture and driver: text', text);
  return {
    vendor,
    count: devices.length,
    architecture,
    devices,
    containerOptions: options as string[],
    notes: (notes as string[]).map((note) => note.slice(0, 2000)),
    ...(typeof variable === 'string' ? { visibleVariable: variable } : {}),
    ...(driver === undefined ? {} : { driver }),
    ...(toolkit === undefined ? {} : { toolkit }),
  };
}

const isText = (value: unknown): value is string => typeof value === 'string' && !value.includes('\0');
const isListOf = (value: unknown, fits: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(fits);
const isOption = (value: unknown): boolean => isText(value) && value.startsWith('-');
const isPath = (value: unknown): boolean => isText(value) && /^\/[^\s:,]+$/.test(value);

function isDevice(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { index, name, deviceFiles = [] } = value as Record<string, unknown>;
  return Number.isSafeInteger(index) && isText(name) && isListOf(deviceFiles, isPath);
}
