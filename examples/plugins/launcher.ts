// Starts a model's processes with Hugging Face's `accelerate launch`.
//
// A card asks for it with {"distributed": {"launcher": "accelerate"}}; settings of its own stand beside that, such as
// {"distributed": {"launcher": "accelerate", "accelerate": {"mixed_precision": "bf16"}}}. The script then runs
// `$MAD_MULTI_NODE_RUNNER train.py`.
import { type LauncherPlugin, MadError, option, type Word, word } from 'madengine/plugin';

const precisions = ['no', 'fp16', 'bf16', 'fp8'];

const launcher: LauncherPlugin = {
  api: 1,
  kind: 'launcher',
  name: 'accelerate',
  launch({ nodes, rank, meeting, processes, blocks }) {
    const { mixed_precision: precision = 'no' } = blocks.accelerate ?? {};
    if (!precisions.includes(String(precision))) {
      throw new MadError(
        'INVALID_ARGUMENT',
        `mixed_precision ${String(precision)} is none of ${precisions.join(', ')}`,
      );
    }
    const runner: Word[] = [
      ...[word('accelerate'), word('launch')],
      option('--num_machines', nodes),
      // It counts the processes of all machines together.
      option('--num_processes', nodes * processes),
      option('--mixed_precision', { text: String(precision) }),
    ];
    if (nodes > 1) {
      runner.push(
        option('--machine_rank', rank),
        option('--main_process_ip', meeting.address),
        option('--main_process_port', meeting.port),
      );
    }
    return { runner, env: { ACCELERATE_LOG_LEVEL: word('INFO') } };
  },
};

export default launcher;
