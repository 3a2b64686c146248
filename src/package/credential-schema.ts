/** The form of `credential.json`, for editors and docs alone: `credential-file.ts` reads it without showing any value. */
import * as z from 'zod/mini';

const text = z.optional(z.string());
const port = z.optional(z.union([z.string(), z.number()]));

/** Further keys reach the model as `<NAME>_<KEY>`, when its card names the entry in `cred`. */
const entry = z.looseObject({
  /** Who logs in. */
  username: text,
  /** A password, or a token in its place. */
  password: text,
  /** For clones over HTTPS, where there is no password. */
  token: text,
  /** Private key for clones over SSH; relative to the package. */
  ssh_key_file: text,
  /** Known hosts for SSH in place of your own; relative to the package. */
  known_hosts_file: text,
  /** Of a registry: where images go in it. */
  repository: text,
});

/** Keys in upper or lower case. */
const nasNode = z.looseObject({
  /** How messages call it. */
  NAME: text,
  /** A host name, an address, or a name of your ssh_config. */
  HOST: text,
  PORT: port,
  USERNAME: text,
  PASSWORD: text,
  /** Private key; relative to the package. */
  SSH_KEY_FILE: text,
  /** Known hosts in place of your own; relative to the package. */
  KNOWN_HOSTS_FILE: text,
});

export const credentialSchema = z.catchall(
  z.object({
    /** Nodes in the order in which they are tried. */
    NAS_NODES: z.optional(z.union([z.array(nasNode), nasNode])),
    /** For `https://github.com`, when a card names no `cred`. */
    PUBLIC_GITHUB_ROCM_KEY: z.optional(entry),
    /** Login of Docker Hub. */
    dockerhub: z.optional(entry),
    /** Login and address of the MinIO server. */
    MAD_MINIO: z.optional(
      z.looseObject({ USERNAME: text, PASSWORD: text, MINIO_ENDPOINT: text, AWS_ENDPOINT_URL_S3: text }),
    ),
    /** Login of S3. */
    MAD_AWS_S3: z.optional(z.looseObject({ USERNAME: text, PASSWORD: text })),
  }),
  z.union([entry, z.array(entry)]),
);
