import type { DataProvider, ProviderKind } from './provider.ts';

/** Loaded only for sources that there are. A kind without a line is one that this version can't bring yet. */
export const providers: Readonly<Partial<Record<ProviderKind, () => Promise<DataProvider>>>> = {
  custom: async () => (await import('./custom.ts')).custom,
  local: async () => (await import('./local.ts')).local,
  minio: async () => (await import('./minio.ts')).minio,
  aws: async () => (await import('./aws.ts')).aws,
  nas: async () => (await import('./nas.ts')).nas,
};
