/** The package's content at one moment. The manifest carries it; import the types freely, the schema costs load time. */
import * as z from 'zod/mini';

export const packageFileSchema = z.object({
  /** Relative to the package, with `/`. */
  path: z.string(),
  /** Octal permissions, such as `755`; `link` for a symbolic link. */
  mode: z.string(),
  bytes: z.number(),
  /** Of the content, or of the link's target. */
  sha256: z.string(),
});

export const packageSnapshotSchema = z.object({
  /** `sha256:…` over paths, modes and contents. */
  digest: z.string(),
  /** Commit of the package's git repository, where it is one. */
  commit: z.nullable(z.string()),
  /** Whether that repository had uncommitted changes. */
  dirty: z.nullable(z.boolean()),
  files: z.array(packageFileSchema),
  /** File beside the manifest that holds the snapshot (`build --package file`). */
  archive: z.optional(z.object({ file: z.string(), sha256: z.string() })),
  /** Image by digest that holds the snapshot (`build --package registry`). */
  image: z.optional(z.string()),
});

export type PackageSnapshot = z.infer<typeof packageSnapshotSchema>;
export type PackageFile = z.infer<typeof packageFileSchema>;
