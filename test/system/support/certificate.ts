import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** A certificate that signs itself, for names such as `DNS:github.com` and `IP:127.0.0.1`; files in PEM format. */
export async function selfSigned(
  folder: string,
  names: readonly string[],
): Promise<{ key: string; certificate: string }> {
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const made = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const files = ['-keyout', key, '-out', certificate];
  const subject = ['-subj', '/CN=madengine-test', '-addext', `subjectAltName=${names.join(',')}`];
  await execute('openssl', ['req', ...made, ...files, ...subject]);
  return { key, certificate };
}
