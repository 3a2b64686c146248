/** What a machine can't make the same again as it was when a record was written, in words. */
import type { ImageInfo } from '../../machine/engine/engine.ts';
import type { PackageSnapshot } from '../../package/snapshot-schema.ts';
import type { RunRecord } from '../../record/record-schema.ts';

export type Here = Pick<RunRecord, 'machine' | 'gpu' | 'engine' | 'madengine'> & { host: string };

/** Of machine, GPUs and programs; the comparison at the end has all details. */
export function otherHere(then: RunRecord, now: Here): string[] {
  const facts: [string, unknown, unknown][] = [
    ['the host', then.placement?.host, now.host],
    ['the kernel', then.machine?.kernel, now.machine?.kernel],
    ['the processor', then.machine?.cpu, now.machine?.cpu],
    ['the governor of the CPUs', then.machine?.cpu_governor, now.machine?.cpu_governor],
    ['the GPU', then.gpu?.product ?? then.gpu?.architecture, now.gpu?.product ?? now.gpu?.architecture],
    ['the number of GPUs', then.gpu?.count, now.gpu?.count],
    ['the GPU driver', then.gpu?.driver, now.gpu?.driver],
    ['the engine', engineText(then), engineText(now)],
    ['madengine', then.madengine?.version, now.madengine?.version],
  ];
  return facts
    .filter(([, a, b]) => a !== undefined && a !== b)
    .map(([what, a, b]) => `${what} was ${said(a)} and is ${said(b)}`);
}

const engineText = ({ engine }: Pick<RunRecord, 'engine'>): string | undefined =>
  engine ? `${engine.kind} ${engine.version}`.trim() : undefined;

const said = (value: unknown): string => (value === undefined || value === '' ? 'not there' : String(value));

/** Files that differ are named, as far as the snapshot of then has them. */
export function otherPackage(then: PackageSnapshot, now: PackageSnapshot): string[] {
  if (then.digest === now.digest) return [];
  const before = new Map(then.files.map(({ path, sha256 }) => [path, sha256]));
  const after = new Map(now.files.map(({ path, sha256 }) => [path, sha256]));
  const paths = [...new Set([...before.keys(), ...after.keys()])].filter(
    (path) => before.get(path) !== after.get(path),
  );
  const more = paths.length > 5 ? ` and ${paths.length - 5} more` : '';
  const files = paths.length === 0 ? '' : `: ${paths.slice(0, 5).join(', ')}${more}`;
  const words = [`the package is another than it was${files}`];
  if (then.dirty) {
    words.push(`it had changes then that were not committed, on top of ${then.commit ?? 'no commit'}`);
  } else if (then.commit && then.commit !== now.commit) {
    words.push(`its commit was ${then.commit}: \`git checkout ${then.commit}\` brings it back`);
  }
  return words;
}

/** Undefined when the very image is here, or can be pulled by its digest. */
export function missingImage(then: RunRecord, here: ImageInfo | undefined): string | undefined {
  const { image, model } = then;
  if (here || (image.registry_image && image.digest)) return undefined;
  const base = image.base_digest ? `${image.base} (${image.base_digest})` : image.base;
  const commit = then.package?.commit ? ` at commit ${then.package.commit}` : '';
  return (
    `the image of ${model.name} (${image.id ?? image.name}) is gone, and no registry has it: ` +
    `build it anew from ${image.dockerfile} on ${base || 'its base'}${commit}`
  );
}
