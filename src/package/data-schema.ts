/** `data.json`: where each data set of a package can be had. */
import * as z from 'zod/mini';
import { controlCharacters } from './package-path.ts';

/** In the order in which the sources of one name are tried, whatever their order in the file (v1-formats, 8). */
export const providerKinds = ['custom', 'local', 'minio', 'nas', 'aws'] as const;
export type ProviderKind = (typeof providerKinds)[number];

const oneLine = z.string().check(
  z.maxLength(4096),
  z.refine((text) => text.trim() !== '' && !controlCharacters.test(text), 'expected text on one line'),
);

const folder = oneLine.check(
  z.refine(
    (text) => text.startsWith('/') && !text.split('/').includes('..') && /[^/]/.test(text),
    'expected an absolute path without ".."',
  ),
);

/** `true`, or `"true"` as the Python tool has it. */
const flag = z.union([z.boolean(), z.enum(['true', 'false', 'True', 'False'])]);

export const dataSourceSchema = z.looseObject({
  /** A path of this machine, an `s3://` address, a path of the NAS, or the script of a custom source. */
  path: oneLine,
  /** Where the model sees the data; else `/data_dlm_<index>`. */
  home: z.optional(folder),
  /** Local data: the model may write to it. */
  readwrite: z.optional(flag),
  /** A folder of this machine that keeps the data between runs. */
  mirrorlocal: z.optional(folder),
  /** Arguments of a custom script. */
  args: z.optional(z.union([z.string(), z.number()])),
});

export type WrittenSource = z.infer<typeof dataSourceSchema>;

/** Of one name: its sources by provider. Keys that are no provider are kept and told. */
const dataNameSchema = z.looseObject({
  /** A script of the package, which brings the data inside the container. */
  custom: z.optional(dataSourceSchema),
  /** A file or folder of this machine. */
  local: z.optional(dataSourceSchema),
  /** Fetched from a MinIO server. */
  minio: z.optional(dataSourceSchema),
  /** Fetched from a NAS over SSH. */
  nas: z.optional(dataSourceSchema),
  /** Fetched from S3. */
  aws: z.optional(dataSourceSchema),
  /** For all sources of this name that aren't local and say nothing themselves. */
  mirrorlocal: z.optional(folder),
});

export const dataNamesSchema = z.record(z.string(), dataNameSchema);

export type DataNames = z.infer<typeof dataNamesSchema>;

/** The names stand at the top, or all of them under `data_sources`: for editors; what reads it tells the shapes apart. */
export const dataFileSchema = z.catchall(
  z.object({
    /** By name. */
    data_sources: z.optional(dataNamesSchema),
    /** For all sources that aren't local and say nothing themselves. */
    mirrorlocal: z.optional(folder),
  }),
  dataNameSchema,
);

/** What stands at the top of a file besides names. */
export const topSchema = z.looseObject({ mirrorlocal: z.optional(folder) });
