import { MadError } from '../../foundation/error.ts';
import { type Launch, type Launcher, word } from './launcher.ts';

/** Primus starts its processes itself, by what the experiment file says. */
export const primus: Launcher = {
  name: 'primus',
  launch: (launch) => {
    const extra = textAt(launch, 'cli_extra');
    const backend = textAt(launch, 'backend') ?? backendOf(launch.model);
    return {
      runner: [],
      env: {
        PRIMUS_CONFIG_PATH: word(textAt(launch, 'config_path') ?? 'exp_pretrain.yaml'),
        ...(extra === undefined ? {} : { PRIMUS_CLI_EXTRA: word(extra) }),
        ...(backend === undefined ? {} : { BACKEND: word(backend) }),
      },
    };
  },
};

const backends = ['maxtext', 'torchtitan', 'megatron_bridge', 'megatron', 'moe_package'] as const;

/** `…primus_pretrain/<backend>_<rest>` (v2-formats, 5). */
function backendOf(model: string): string | undefined {
  const rest = /(?:^|\/)primus_pretrain\/(.+)$/.exec(model)?.[1]?.toLowerCase();
  const found = backends.find((name) => rest === name || rest?.startsWith(`${name}_`));
  return found === 'maxtext' ? 'MaxText' : found;
}

function textAt({ blocks }: Launch, key: string): string | undefined {
  const block = blocks.primus ?? {};
  const value = Object.hasOwn(block, key) ? block[key] : undefined;
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string' && !/\p{Cc}/u.test(value)) return value;
  throw new MadError('INVALID_ARGUMENT', `primus.${key}: expected text on one line`, {
    hint: 'Write it as "distributed": {"primus": {"config_path": "examples/…/exp.yaml"}}.',
  });
}
