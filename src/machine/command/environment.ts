type Environment = Readonly<Record<string, string | undefined>>;

const passedNames = new Set([
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'LANG',
  'LANGUAGE',
  'TZ',
  'TMPDIR',
  'SSH_AUTH_SOCK',
  'KRB5CCNAME',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  // Where podman and other tools of its family keep logins.
  'REGISTRY_AUTH_FILE',
  // GPU tools and models that come as modules of a cluster (`module load rocm`) need these to start at all.
  'LD_LIBRARY_PATH',
  'ROCM_PATH',
  'CUDA_HOME',
  // How git reaches private servers; never GIT_DIR and the like, which would turn it to another repository.
  'GIT_SSH',
  'GIT_SSH_COMMAND',
  'GIT_SSL_CAINFO',
  'GIT_SSL_CAPATH',
]);

const passedPrefixes = ['LC_', 'XDG_', 'DOCKER_', 'CONTAINER_', 'CONTAINERS_', 'BUILDKIT_', 'BUILDX_'];

/** Proxies are honoured in both cases by the tools that we start. */
const proxyName = /^(https?|ftp|no|all)_proxy$/i;

/**
 * What a child gets of our own environment: an allow-list, so that a token that lies about in a person's shell
 * reaches neither an image nor a model by accident.
 */
export function childEnvironment(env: Environment): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && isPassed(name)) passed[name] = value;
  }
  return passed;
}

function isPassed(name: string): boolean {
  return (
    passedNames.has(name) || proxyName.test(name) || passedPrefixes.some((prefix) => name.startsWith(prefix))
  );
}
