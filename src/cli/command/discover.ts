import { type ExitCode, exitCode } from '../../foundation/error.ts';
import type { ModelCard } from '../../package/card.ts';
import type { CommandInput } from '../command.ts';
import { widthOf } from '../terminal/output.ts';
import { safeLine } from '../terminal/safe-text.ts';

/** Lists the package's models: names without tags; with tags a table on a terminal, else the cards as JSON. */
export async function execute({ values, around, stdout, colours }: CommandInput): Promise<ExitCode> {
  const cards = await chosenCards(values.tags, values.verbose, around);
  const asJson = values.json || (values.tags.length > 0 && !stdout.isTTY);
  if (asJson) {
    const { cardToManifest } = await import('../../package/card-schema.ts');
    stdout.write(`${JSON.stringify(cards.map(cardToManifest), null, 4)}\n`);
  } else if (values.tags.length === 0 && !stdout.isTTY) {
    const names = cards.map((card) => safeLine(card.name));
    stdout.write(`${[`Number of models in total: ${cards.length}`, ...names].join('\n')}\n`);
  } else {
    const { renderTable } = await import('../terminal/table.ts');
    const table = renderTable(columns, cards.map(rowOf), { width: widthOf(stdout), heading: colours.bold });
    const count = values.tags.length === 0 ? 'Number of models in total' : 'Number of models selected';
    stdout.write(`${[...table, '', `${count}: ${cards.length}`].join('\n')}\n`);
  }
  return exitCode.success;
}

async function chosenCards(
  tags: readonly string[],
  verbose: boolean,
  around: CommandInput['around'],
): Promise<ModelCard[]> {
  const options = {
    root: around.cwd,
    runner: around.runner,
    emit: around.events.emit,
    signal: around.signal,
    env: around.env,
    verbose,
  };
  if (tags.length > 0) {
    const { chooseModels } = await import('../../package/choose-models.ts');
    return chooseModels({ ...options, tags });
  }
  const { discoverCards } = await import('../../package/discovery.ts');
  return (await discoverCards(options)).map(({ card }) => card);
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
