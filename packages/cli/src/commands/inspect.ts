import { Command } from 'commander';
import { namingAsync } from '../failure.ts';
import type { InspectedRow, Inspection } from '../model-files/format.ts';
import { described, formatOfContent, readModelInput } from '../model-files/list.ts';
import { table } from '../output/table.ts';
import { printable } from '../output/text.ts';
import { countOf, formatCount } from '../output/units.ts';

interface InspectFlags {
  config?: string;
  json?: boolean;
}

export function inspectCommand(): Command {
  return new Command('inspect')
    .description('list the layers and weights of a model file, and what would not open')
    .argument('<file>', `or folder: ${described((format) => format.inspect !== undefined)}`)
    .option('--config <file>', 'architecture as JSON, for files that hold weights alone')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  unrolled inspect model.keras
  unrolled inspect public/model.json
  unrolled inspect weights.pt
  unrolled inspect gpt2`,
    )
    .action(inspectFile);
}

async function inspectFile(path: string, { config, json }: InspectFlags): Promise<void> {
  const input = readModelInput(path, config);
  const format = formatOfContent(path, input.bytes);
  const inspection = await namingAsync(path, () => format.inspect!(input));
  if (json) {
    process.stdout.write(`${JSON.stringify({ type: 'inspect', file: path, format: format.name, ...inspection })}\n`);
    return;
  }
  process.stdout.write(`${describe(path, inspection)}\n`);
}

const shapeText = (shape: InspectedRow['shape']): string =>
  shape === null ? '' : `[${shape.map((n) => n ?? '?').join(', ')}]`;

/** Names in files may be of any length. */
const cut = (text: string): string => printable(text.length > 60 ? `${text.slice(0, 59)}…` : text);

function describe(path: string, { what, rows, problems }: Inspection): string {
  const total = rows.reduce((sum, { parameters }) => sum + parameters, 0);
  const lines = [`${path}: ${printable(what)}, ${countOf(total, 'number')}`];
  if (rows.length > 0) {
    const body = rows.map(({ name, kind, shape, parameters }) => [
      cut(name),
      cut(kind),
      shapeText(shape),
      parameters > 0 ? formatCount(parameters) : '',
    ]);
    lines.push('', ...table(['name', 'kind', 'shape', 'numbers'], body));
  }
  const refused = rows.filter((row) => row.refused !== null);
  const all = [
    ...refused.map(({ name, refused }) => `${cut(name)}: ${printable(refused!)}`),
    ...problems.map(printable),
  ];
  lines.push(
    '',
    all.length === 0 ? 'Everything in it can be opened.' : 'What would not open:',
    ...all.map((one) => `  ${one}`),
  );
  return lines.join('\n');
}
