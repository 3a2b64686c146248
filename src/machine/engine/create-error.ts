import { MadError } from '../../foundation/error.ts';
import type { CommandResult } from '../command/command.ts';
import { type ClientTitle, clientError, saidBy } from './client-error.ts';
import type { ContainerSpec } from './engine.ts';

interface Cause {
  sign: RegExp;
  message(spec: ContainerSpec): string;
  hint(spec: ContainerSpec, client: string): string;
  /** Default ENGINE_FAILED. */
  code?: 'DEVICE_UNAVAILABLE';
  /** True where the next try may do better; what image, card or context cause stays. */
  passes?: true;
}

/** What goes wrong most often, by the words of docker, runc and podman. */
const causes: readonly Cause[] = [
  {
    sign: /is already in use by|name is already in use/i,
    message: ({ name }) => `There is a container named ${name} already.`,
    hint: ({ name }, client) => `If nobody needs it: ${client} rm -f ${name}`,
    passes: true,
  },
  {
    sign: /no such image|image not known|unable to find image/i,
    message: ({ image }) => `The image ${image} isn't here.`,
    hint: () => 'Build it, or pull it from the registry that the build manifest names.',
    passes: true,
  },
  {
    sign: /exec: "?\/bin\/sh"?|stat \/bin\/sh/i,
    message: ({ image }) => `The image ${image} has no /bin/sh, which every stage of a run needs.`,
    hint: () => 'Start the Dockerfile from a base that has a shell, or add one (busybox is enough).',
  },
  {
    sign: /bind source path does not exist|statfs .*no such file/i,
    message: ({ name }) => `A folder that ${name} mounts doesn't exist on this machine.`,
    hint: () => 'Create it, or correct docker_mounts.',
  },
  {
    sign: /duplicate mount point|must be unique|mount path must be absolute/i,
    message: ({ name }) => `${name} can't have all that it is to mount.`,
    hint: () =>
      "Check docker_mounts and the card's additional_docker_run_options: absolute paths, and none of /myworkspace, /madengine, /madpackage.",
  },
  {
    sign: /nvidia-container-cli: device error: .*unknown device/is,
    code: 'DEVICE_UNAVAILABLE',
    message: () => 'A GPU that the container needs is not there any more.',
    hint: () => 'Look for it with nvidia-smi -L; a GPU that was lost comes back with a reset or a reboot.',
    passes: true,
  },
  {
    sign: /could not select device driver|nvidia-container|unresolvable CDI/i,
    message: () => 'The engine can give no NVIDIA GPUs to containers.',
    hint: () => 'Install the NVIDIA Container Toolkit on this machine and restart the engine.',
  },
  {
    sign: /unable to find group/i,
    message: ({ image }) => `The image ${image} lacks a group that the container is to belong to.`,
    hint: () => 'AMD containers join the group video: add it in the Dockerfile (groupadd video).',
  },
  {
    sign: /unable to find user/i,
    message: ({ image }) => `The image ${image} lacks the user that the container is to run as.`,
    hint: () => 'Add the user in the Dockerfile, or name it by its number.',
  },
  {
    sign: /gathering device information|error (adding|gathering).*device|stat \/dev\//i,
    code: 'DEVICE_UNAVAILABLE',
    message: () => 'A device that the container needs is not there.',
    hint: () => 'Check that the GPU driver is loaded, and the --device options of the card.',
    passes: true,
  },
  {
    // Podman run by root asks for a million open files, whatever the machine allows.
    sign: /setting rlimit/i,
    message: () => 'This machine does not let the engine raise the limits of a container.',
    hint: () =>
      'Set them yourself: default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"] under [containers] in /etc/containers/containers.conf.',
  },
  {
    sign: /unknown (shorthand )?flag|invalid (argument|reference|value)|flag needs an argument|conflicting options|cannot be connected to network/i,
    message: () => 'The engine refuses an option of the container.',
    hint: () => "Check the card's additional_docker_run_options.",
  },
];

export function createError(title: ClientTitle, spec: ContainerSpec, result: CommandResult): MadError {
  const cause = causes.find(({ sign }) => result.end.kind === 'exited' && sign.test(result.stderr));
  if (!cause) return clientError(title, `The start of the container ${spec.name}`, result);
  return new MadError(cause.code ?? 'ENGINE_FAILED', `${cause.message(spec)} (${saidBy(result)})`, {
    hint: cause.hint(spec, title.toLowerCase()),
    passes: cause.passes ?? false,
  });
}
