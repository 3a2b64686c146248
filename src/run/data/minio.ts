import { s3Provider } from './s3/provider.ts';

/** Data in a MinIO, or in any other object store with an address of its own. */
export const minio = s3Provider('minio');
