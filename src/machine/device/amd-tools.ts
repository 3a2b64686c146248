/** Reads what AMD's tools print; which versions print what stands in `test/fixture/device/README.md`. */
import {
  bytesOf,
  jsonIn,
  known,
  listWith,
  objectOf,
  objectsIn,
  pciAddress,
  said,
  wholeNumber,
} from './tool-output.ts';

/** A GPU as a tool lists it. */
export interface ListedGpu {
  index: number;
  name?: string;
  uuid?: string;
  uniqueId?: string;
  serial?: string;
  node?: number;
  gpuId?: number;
  renderNode?: string;
  pciAddress?: string;
  memoryBytes?: number;
  driver?: string;
}

/** `amd-smi list --json`, a list of objects; warnings may stand before it, network cards among the GPUs. */
export function parseAmdSmiList(output: string): ListedGpu[] {
  return objectsIn(jsonIn(output, listWith('gpu'))).flatMap((entry) => {
    const index = wholeNumber(entry.gpu);
    if (index === undefined) return [];
    const render = /^renderD\d+$/.exec(said(entry.render) ?? '')?.[0];
    const uuid = said(entry.uuid);
    return [
      known<ListedGpu>({
        index,
        node: wholeNumber(entry.node_id),
        gpuId: wholeNumber(entry.kfd_id),
        renderNode: render === undefined ? undefined : `/dev/dri/${render}`,
        uuid: uuid !== undefined && /^[\w-]+$/.test(uuid) ? uuid : undefined,
        uniqueId: /^GPU-([0-9a-f]{1,16})$/i.exec(said(entry.hip_uuid) ?? '')?.[1]?.toLowerCase(),
        pciAddress: pciAddress(entry.bdf),
      }),
    ];
  });
}

/** `amd-smi static --asic --board --vram --driver --json`. */
export function parseAmdSmiStatic(output: string): ListedGpu[] {
  return objectsIn(jsonIn(output, listWith('gpu'))).flatMap((entry) => {
    const index = wholeNumber(entry.gpu);
    if (index === undefined) return [];
    const asic = objectOf(entry.asic);
    const board = objectOf(entry.board);
    const driver = objectOf(entry.driver);
    return [
      known<ListedGpu>({
        index,
        name: productName(asic.market_name) ?? productName(board.product_name),
        serial: said(board.product_serial) ?? said(asic.asic_serial),
        memoryBytes: bytesOf(objectOf(entry.vram).size),
        // ROCm 6.0 and 6.1 call it so.
        driver: driverVersion(said(driver.version) ?? said(driver.driver_version)),
      }),
    ];
  });
}

/** The kernel's own driver has the kernel's version, with its whole banner: `Linuxversion6.8.0-79-generic(buildd@…`. */
const driverVersion = (text: string | undefined): string | undefined =>
  /^Linux\s*version\s*([\w.+-]+)/.exec(text ?? '')?.[1] ?? text;

/** A number is no name: where the tool has no list of products, it prints the vendor's id. */
function productName(value: unknown): string | undefined {
  const name = said(value);
  return name === undefined || /^0x[0-9a-f]+$/i.test(name) ? undefined : name;
}

/**
 * `rocm-smi --showhw`: a table whose columns stand two blanks apart. Since ROCm 6 it has the node, before that only
 * device and bus, and the device's number may look like a node's.
 */
export function parseRocmSmiHardware(output: string): ListedGpu[] {
  const lines = output.split('\n').map((line) => line.trim().split(/\s{2,}/));
  const header = lines.find((cells) => cells[0] === 'GPU' && cells.length > 2) ?? [];
  return lines.flatMap((cells) => {
    const index = wholeNumber(cells[0]);
    if (index === undefined || cells.length < 3) return [];
    const cell = (name: string): string | undefined => cells[header.indexOf(name)];
    return [
      known<ListedGpu>({
        index,
        node: wholeNumber(cell('NODE')),
        gpuId: wholeNumber(cell('GUID')),
        pciAddress: pciAddress(cell('BUS')),
      }),
    ];
  });
}

/** `rocm-smi --showid --csv`: one row `card0,0x74a1,…` per GPU. */
export function parseRocmSmiIds(output: string): ListedGpu[] {
  return output.split('\n').flatMap((line) => {
    const match = /^card(\d+)\s*,/.exec(line);
    return match ? [{ index: Number(match[1]) }] : [];
  });
}

/** `rocm-smi --showproductname`: lines such as `GPU[0] : Card Series: AMD Instinct MI300X`; older ones write `series`. */
export function parseRocmSmiProducts(output: string): ListedGpu[] {
  return output.split('\n').flatMap((line) => {
    const match = /^GPU\[(\d+)\]\s*:\s*Card series:\s*(\S.*?)\s*$/i.exec(line);
    const name = productName(match?.[2]);
    return match && name !== undefined ? [{ index: Number(match[1]), name }] : [];
  });
}

/** The first agent of `rocminfo` whose name begins with `gfx`, and its marketing name. */
export function parseRocminfo(output: string): { architecture: string; name: string } | undefined {
  const lines = output.split('\n');
  const start = lines.findIndex((line) => /^\s*Name:\s+gfx[0-9a-f]+/.test(line));
  const architecture = /gfx[0-9a-f]+/.exec(lines[start] ?? '')?.[0];
  if (architecture === undefined) return undefined;
  const rest = lines.slice(start + 1);
  const next = rest.findIndex((line) => /^\s*(?:Name:|Agent \d)/.test(line));
  const own = next < 0 ? rest : rest.slice(0, next);
  const name = own.map((line) => /^\s*Marketing Name:\s*(\S.*?)\s*$/.exec(line)?.[1]).find(Boolean);
  return { architecture, name: said(name) ?? '' };
}
