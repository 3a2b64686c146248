import { s3Provider } from './s3/provider.ts';

/** Data in Amazon S3. */
export const aws = s3Provider('aws');
