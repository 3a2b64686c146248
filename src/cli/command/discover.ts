import { type ExitCode, exitCode } from '../../foundation/error.ts';
import type { ModelCard } from '../../package/card.ts';
import { chooseModels } from '../../package/choose-models.ts';
import { discover } from '../../package/discovery.ts';
import { wholeCard } from '../../package/manifest-card.ts';
import type { CommandInput } from '../command.ts';
import { type Output, widthOf } from '../terminal/output.ts';
import { safeLine } from '../terminal/safe-text.ts';

/** Lists the package's models: names without tags; with tags a table on a terminal, else the cards as JSON. */
export async function execute(input: CommandInput): Promise<ExitCode> {
  const { values, stdout } = input;
  // Commas and blanks alone name nothing, like an option that isn't given.
  const tags = values.tags.filter((tag) => /[^,\s]/.test(tag));
  const chosen = <T>(keep: (card: ModelCard) => T): Promise<T[]> => chosenModels(tags, input, keep);
  if (values.json || (tags.length > 0 && !stdout.isTTY)) {
    writeArray(await chosen((card) => card), stdout);
  } else if (tags.length === 0 && !stdout.isTTY) {
    const names = await chosen(({ name }) => safeLine(name));
    stdout.write(`${[`Number of models in total: ${names.length}`, ...names].join('\n')}\n`);
  } else {
    const count = tags.length === 0 ? 'Number of models in total' : 'Number of models selected';
    await writeTable(await chosen(rowOf), count, input);
  }
  return exitCode.success;
}

async function writeTable(rows: string[][], count: string, { stdout, colours }: CommandInput): Promise<void> {
  const { renderTable } = await import('../terminal/table.ts');
  const table = renderTable(columns, rows, { width: widthOf(stdout), heading: colours.bold });
  stdout.write(`${[...table, '', `${count}: ${rows.length}`].join('\n')}\n`);
}

/** An array of whole cards, in parts, so that the reader needn't wait for the last. */
function writeArray(cards: readonly ModelCard[], stdout: Output): void {
  const atOnce = 500;
  for (let at = 0; at < cards.length; at += atOnce) {
    const part = JSON.stringify(cards.slice(at, at + atOnce).map(wholeCard), null, 4);
    // Without its brackets and the line feeds at them.
    stdout.write(`${at === 0 ? '[\n' : ',\n'}${part.slice(2, -2)}`);
  }
  stdout.write(cards.length === 0 ? '[]\n' : '\n]\n');
}

/** What `keep` makes of each of the models that the tags choose, or of all. */
async function chosenModels<T>(
  tags: readonly string[],
  { values, around }: CommandInput,
  keep: (card: ModelCard) => T,
): Promise<T[]> {
  const options = {
    root: around.cwd,
    runner: around.runner,
    emit: around.events.emit,
    signal: around.signal,
    env: around.env,
    verbose: values.verbose,
  };
  if (tags.length > 0) {
    return (await chooseModels({ ...options, tags })).map(keep);
  }
  return discover(options, ({ card }) => keep(card));
}

const columns = [
  { title: 'MODEL', minimum: 16 },
  { title: 'TAGS', minimum: 8 },
  { title: 'GPUS', align: 'right' },
  { title: 'ARGUMENTS', minimum: 9 },
  { title: 'SCRIPT', minimum: 8 },
  { title: 'OWNER', minimum: 5 },
] as const;

const rowOf = (card: ModelCard): string[] => [
  card.name,
  card.tags.join(', '),
  card.n_gpus === '-1' ? 'all' : card.n_gpus,
  card.args,
  card.scripts,
  card.owner,
];
