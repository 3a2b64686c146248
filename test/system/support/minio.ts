import { readFile } from 'node:fs/promises';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { inject, onTestFinished } from 'vitest';

export interface MinioServer {
  /** `http://127.0.0.1:<port>` */
  endpoint: string;
  accessKey: string;
  secretKey: string;
  /** A bucket of this test file's own. */
  bucket: string;
  put(key: string, content: string | Uint8Array): Promise<void>;
  /** The value of `MAD_MINIO` that logs in there, with keys changed or added. */
  login(changed?: Record<string, string>): string;
}

/** The MinIO of `script/servers`; skips the test where there is none. */
export async function minioServer(
  context: { skip(reason: string): never },
  bucket: string,
): Promise<MinioServer> {
  const { minio: endpoint, minioLoginFile, minioMissing } = inject('servers');
  if (endpoint === '') context.skip(`no MinIO: ${minioMissing}`);
  const text = await readFile(minioLoginFile, 'utf8');
  const of = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1] ?? '';
  const [accessKey, secretKey] = [of('MINIO_ROOT_USER'), of('MINIO_ROOT_PASSWORD')];
  const credentials = { accessKeyId: accessKey, secretAccessKey: secretKey };
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
  onTestFinished(() => client.destroy());
  await client.send(new CreateBucketCommand({ Bucket: bucket })).catch((error: Error) => {
    if (error.name !== 'BucketAlreadyOwnedByYou') throw error;
  });
  return {
    endpoint,
    accessKey,
    secretKey,
    bucket,
    put: async (key, content) => {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: content }));
    },
    login: (changed) =>
      JSON.stringify({ USERNAME: accessKey, PASSWORD: secretKey, MINIO_ENDPOINT: endpoint, ...changed }),
  };
}
