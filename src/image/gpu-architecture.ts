import { MadError } from '../foundation/error.ts';

/** The build argument and variable by which Dockerfiles and images know their GPU architecture. */
export const architectureArgument = 'MAD_SYSTEM_GPU_ARCHITECTURE';

/** Product names that people say instead of an architecture. */
const productNames: ReadonlyMap<string, string> = new Map([
  ['mi100', 'gfx908'],
  ['mi200', 'gfx90a'],
  ['mi210', 'gfx90a'],
  ['mi250', 'gfx90a'],
  ['mi300', 'gfx940'],
  ['mi300a', 'gfx940'],
  ['mi300x', 'gfx942'],
]);

/** An architecture stands in image and file names; `gfx90a:xnack-` and `sm_90` are some. */
const architecturePattern = /^[A-Za-z0-9][A-Za-z0-9_.+:-]{0,63}$/;

/** `--target-archs` as typed (repeated, with commas, product names) as architectures, each once. Throws INVALID_ARGUMENT. */
export function parseTargetArchitectures(typed: readonly string[]): string[] {
  const named = typed
    .flatMap((text) => text.split(','))
    .map((text) => text.trim())
    .filter((text) => text !== '');
  const wrong = named.find((name) => !architecturePattern.test(name));
  if (wrong !== undefined) {
    throw new MadError(
      'INVALID_ARGUMENT',
      `--target-archs: ${JSON.stringify(wrong)} is no GPU architecture`,
      {
        hint: `Name architectures such as gfx942 or sm_90, or one of ${[...productNames.keys()].join(', ')}.`,
      },
    );
  }
  return [...new Set(named.map((name) => productNames.get(name.toLowerCase()) ?? name))];
}

/** Variables that hold lists of architectures that a Dockerfile is made for. */
const listVariables = ['PYTORCH_ROCM_ARCH', 'GPU_TARGETS', 'GPU_ARCHS', 'GFX_COMPILATION_ARCH'];

/**
 * The architectures that a Dockerfile is made for; undefined when it takes any: it declares the build argument, or says
 * nothing. `values` are its variables with the given build arguments in them.
 */
export function madeFor(
  declaredArgs: readonly string[],
  values: ReadonlyMap<string, string>,
): readonly string[] | undefined {
  if (declaredArgs.includes(architectureArgument)) return undefined;
  const lists = listVariables.flatMap((name) => {
    const listed = (values.get(name) ?? '').split(/[;,\s]+/).filter((part) => part !== '');
    return listed.length === 0 ? [] : [listed];
  });
  const [first, ...others] = lists;
  return first?.filter((one) => others.every((list) => list.some((other) => isSame(one, other))));
}

/** Whether an image for `target` comes out of a Dockerfile that is {@link madeFor} these. */
export const fitsTarget = (madeForThese: readonly string[] | undefined, target: string): boolean =>
  madeForThese === undefined || madeForThese.some((one) => isSame(one, target));

/** Features behind the colon (`gfx90a:xnack-`) narrow an architecture, they make no other one. */
function isSame(one: string, other: string): boolean {
  const [a = '', b = ''] = [one, other].map((name) => name.toLowerCase());
  return a === b || a.split(':')[0] === b || a === b.split(':')[0];
}
