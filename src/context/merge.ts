import { MadError } from '../foundation/error.ts';
import type { Context, ContextOrigin } from './context.ts';

/** One source of context values. */
export interface ContextLayer {
  origin: ContextOrigin;
  values: Record<string, unknown>;
}

/** Values come from files and manifests of others, and everything that walks them is recursive. */
const deepest = 200;

/** A value with where it came from: objects are merged key by key, anything else is one leaf. */
type Node = Branch | Leaf;
interface Branch {
  children: Map<string, Node>;
  /** Who wrote the object itself, which is all there is of an empty one. */
  origin: ContextOrigin;
}
interface Leaf {
  value: unknown;
  origin: ContextOrigin;
}

/** Merges layers, later ones over earlier ones: objects by key at every depth, lists and everything else as a whole. */
export function mergeContext(layers: readonly ContextLayer[]): Context {
  const root: Branch = { children: new Map(), origin: 'default' };
  for (const layer of layers) mergeInto(root, layer.values, layer.origin, 1);
  const origins: [string, ContextOrigin][] = [];
  collectOrigins(root, '', origins);
  return { values: plainObject(root), origins: Object.fromEntries(origins) };
}

function mergeInto(branch: Branch, values: object, origin: ContextOrigin, depth: number): void {
  if (depth > deepest)
    throw new MadError('INVALID_ARGUMENT', `The context (${origin}) is nested too deeply.`, {
      hint: `At most ${deepest} objects may lie within each other.`,
    });
  for (const [key, value] of Object.entries(values)) {
    if (!isPlainObject(value)) {
      branch.children.set(key, { value, origin });
      continue;
    }
    const below = branch.children.get(key);
    const child = below && 'children' in below ? below : { children: new Map(), origin };
    branch.children.set(key, child);
    mergeInto(child, value, origin, depth + 1);
  }
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** `fromEntries` makes own properties of all keys, `__proto__` too. */
function plainObject(branch: Branch): Record<string, unknown> {
  return Object.fromEntries(
    [...branch.children].map(([key, node]) => [key, 'children' in node ? plainObject(node) : node.value]),
  );
}

function collectOrigins(branch: Branch, prefix: string, into: [string, ContextOrigin][]): void {
  for (const [key, node] of branch.children) {
    const path = `${prefix}${key}`;
    if ('children' in node && node.children.size > 0) collectOrigins(node, `${path}.`, into);
    else into.push([path, node.origin]);
  }
}
