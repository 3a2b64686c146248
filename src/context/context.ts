/** Where a value of the context came from; later ones win over earlier ones. */
export type ContextOrigin =
  | 'default'
  | 'detected'
  | 'project file'
  | 'manifest'
  | 'environment'
  | '--additional-context-file'
  | '--additional-context';

/**
 * The effective context of a command. `values` is the merged object, with the users' keys as they wrote them and
 * `gpu_vendor` and `guest_os` in upper case; `origins` has one entry per leaf, keyed by its dotted path.
 */
export interface Context {
  values: Readonly<Record<string, unknown>>;
  origins: Readonly<Record<string, ContextOrigin>>;
}
