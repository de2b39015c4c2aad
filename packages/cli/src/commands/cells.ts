import { writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { UnrolledError } from 'unrolled';
import { textMap } from 'unrolled/charts';
import {
  type Labels,
  type Property,
  parseProperty,
  pickStretch,
  readyProperties,
  type Unit,
  type UnitSearch,
} from 'unrolled/inspect';
import { findUnits, LanguageModel, labelTokens, type TracedToken, traceUnits } from 'unrolled/tasks/language-model';
import { type Comparison, compareHeld, cut, type Held, heldAt, unitsOf } from '../cells/held.ts';
import { describeBest, describeSearch } from '../cells/report.ts';
import { hasAllColours, showStretch } from '../cells/stretch.ts';
import { Failure, naming } from '../failure.ts';
import { describeLeftOut } from '../left-out.ts';
import { printable, wrap } from '../listeners/text.ts';
import { loadRun } from '../load-run.ts';
import { openMachine, toStandardError } from '../open-device.ts';
import { notNegative, number, option, type UseFlags, useOptions, whole } from '../options.ts';
import { readText } from '../run-text.ts';
import { formatCount, shellWord } from '../units.ts';

interface CellsFlags extends UseFlags {
  property?: Property[];
  top: number;
  gates?: boolean;
  heldOut: number;
  shuffles: number;
  stretch: number;
  svg?: string;
  clamp?: Held[];
  cut?: Held[];
  prompt?: string;
  length: number;
  temperature: number;
  seed: number;
}

export function cellsCommand(): Command {
  const command = new Command('cells')
    .description('find single hidden units that follow something one can read: quotes, the line, nesting')
    .argument('<run>', 'run folder, or checkpoint file')
    .argument('[texts...]', "text files and folders to read (default: the run's own validation text)")
    .option(
      '--property <property>',
      `${Object.keys(readyProperties).join(', ')}, or an expression such as 'inside("(", ")")'; may be given several ` +
        'times (default: the best cell of each of these)',
      property,
    )
    .addOption(option('--top <n>', 'how many cells to print for a property', whole(1)).default(10))
    .option('--gates', 'search the gates as well as the state')
    .addOption(
      option(
        '--held-out <share>',
        'share of the text, at its end, to report on',
        number((value) => value > 0 && value < 1, 'between 0 and 1'),
      ).default(0.5),
    )
    .addOption(
      option('--shuffles <n>', 'how often the property is shifted to see what chance gives', whole(1)).default(200),
    )
    .addOption(option('--stretch <n>', 'tokens of the text to show by the best cell, 0: none', whole(0)).default(400))
    .option('--svg <file>', 'draw that stretch into a file')
    .option('--clamp <cell=value>', 'hold a cell at a value, such as l1.h.17=0.5; may be given several times', heldAt)
    .option('--cut <cell>', "hold a cell at 0; 'best' is the best one for the first property", cut)
    .option('--prompt <text>', 'what the model goes on from, with and without (default: from the stretch)')
    .addOption(option('--length <n>', 'tokens it writes', whole(0)).default(200))
    .addOption(option('--temperature <t>', 'below 1 bolder, above 1 wilder', notNegative).default(0.5))
    .addOption(option('--seed <n>', 'of what it writes, and of the shifts', whole(0, 2 ** 32 - 1)).default(1));
  for (const one of useOptions()) command.addOption(one);
  return command
    .addHelpText(
      'after',
      `
Examples:
  unrolled cells runs/shakespeare
  unrolled cells runs/kernel --property comment-or-string --property 'depth("{", "}")'
  unrolled cells runs/shakespeare --property line-position --cut best --svg line.svg`,
    )
    .action(cells);
}

function property(text: string, before: readonly Property[] = []): Property[] {
  try {
    return [...before, parseProperty(text)];
  } catch (error) {
    if (error instanceof UnrolledError) throw new InvalidArgumentError(`${error.message}.`);
    throw error;
  }
}

async function cells(run: string, paths: string[], flags: CellsFlags): Promise<void> {
  const device = await openMachine(flags, toStandardError);
  try {
    const model = await loadRun(run, flags.checkpoint, (file, cell) => LanguageModel.load(device, file, cell));
    const { tokens, name, leftOut } = readText(model, 'cells', run, paths);
    const { properties, labels } = wanted(model, tokens, flags);
    const { heldOut, shuffles, seed, gates } = flags;
    const options = { heldOut, shuffles, seed, gates, onProgress: showProgress() };
    const searches = (await findUnits(model, tokens, properties, options))!;
    const stretch =
      flags.stretch > 0 && searches.length > 0 ? shown(model, tokens, searches[0], labels[0], flags) : null;
    const held = [...(flags.clamp ?? []), ...(flags.cut ?? [])];
    const hold = unitsOf(held, model, searches);
    const prompt = flags.prompt ?? promptFrom(stretch?.tokens ?? []);
    const compared = hold.length > 0 ? await compareHeld(model, tokens, hold, { ...flags, prompt }) : null;
    if (flags.svg !== undefined) {
      if (stretch === null) throw new Failure('--svg: there is no stretch to draw; leave --stretch 0 out', 2);
      draw(flags.svg, stretch, searches[0], commandLine(run, paths, properties, flags));
    }
    if (flags.json) {
      const found = searches.map(({ units, ...about }) => ({ ...about, cells: units.slice(0, flags.top) }));
      const about = { type: 'cells', run, text: name, leftOut: Object.fromEntries(leftOut), tokens: tokens.length };
      process.stdout.write(`${JSON.stringify({ ...about, searches: found, stretch, held: compared })}\n`);
      return;
    }
    const missing = describeLeftOut(leftOut);
    const parts = [`Read ${formatCount(tokens.length)} tokens of ${name}${missing && `\n${missing}`}`];
    if (flags.property === undefined) parts.push(describeBest(searches));
    else parts.push(...searches.map((search) => describeSearch(search, flags.top)));
    if (stretch) parts.push(describeStretch(stretch, searches[0]));
    if (compared) parts.push(describeHeld(compared));
    process.stdout.write(`${parts.join('\n\n')}\n`);
  } finally {
    device.close();
  }
}

/** The properties that were named; where none was, those ready ones that change in both parts of the text. */
function wanted(
  model: LanguageModel,
  tokens: Int32Array,
  { property: named, heldOut }: CellsFlags,
): { properties: readonly Property[]; labels: readonly Labels[] } {
  const label = (one: Property): Labels => labelTokens(model.tokenizer, tokens, one);
  if (named) return { properties: named, labels: [label(named[0])] };
  const split = Math.round(tokens.length * (1 - heldOut));
  const changes = (values: Float32Array): boolean => values.some((value) => value !== values[0]);
  const all = Object.keys(readyProperties)
    .map(parseProperty)
    .map((one) => ({ one, labels: label(one) }))
    .filter(({ labels: { values } }) => changes(values.subarray(0, split)) && changes(values.subarray(split)));
  return { properties: all.map(({ one }) => one), labels: all.map(({ labels }) => labels) };
}

/** How much has been read, on a line that is rewritten; nothing where nobody looks. */
function showProgress(): ((share: number) => void) | undefined {
  const { stderr } = process;
  if (!stderr.isTTY) return undefined;
  let last = '';
  return (share) => {
    const line = share < 1 ? `Reading ${Math.floor(100 * share)}%` : '';
    if (line !== last) stderr.write(`\r\u001b[K${line}`);
    last = line;
  };
}

interface Stretch {
  readonly cell: string;
  readonly from: number;
  readonly tokens: readonly TracedToken[];
}

function shown(
  model: LanguageModel,
  tokens: Int32Array,
  search: UnitSearch,
  labels: Labels,
  flags: CellsFlags,
): Stretch {
  const best: Unit & { name: string } = search.units[0];
  const place = pickStretch(labels, search.steps.selection, flags.stretch);
  return { cell: best.name, from: place.from, tokens: traceUnits(model, tokens, [best], place) };
}

/** Its first half: what comes is then known to be in the middle of something. */
const promptFrom = (tokens: readonly TracedToken[]): string =>
  tokens
    .slice(0, Math.min(200, tokens.length >> 1))
    .map(({ piece }) => piece)
    .join('');

const columns = (): number => Math.max(20, Math.min(100, (process.stdout.columns || 80) - 1));

function describeStretch({ cell, from, tokens }: Stretch, { property, units: [{ sign }] }: UnitSearch): string {
  const values = tokens.map(({ values: [value] }) => sign * value);
  const [off, on] = [Math.min(...values), Math.max(...values)].map((value) => (sign * value).toFixed(2));
  const coloured = hasAllColours();
  const [dark, bright] = coloured ? ['dark blue', 'yellow'] : ['blank', '#'];
  const title = `From token ${formatCount(from)}: ${cell} for ${printable(property)}, from ${off} (${dark}) to ${on} (${bright})`;
  return `${title}\n\n${showStretch(tokens, sign, columns(), coloured)}`;
}

function describeHeld({ held, loss, prompt, text }: Comparison): string {
  const names = held.map(({ name, value }) => `${name} = ${value}`).join(', ');
  const show = (title: string, written: string): string =>
    `${title}\n${wrap(printable(written), columns() - 2)
      .map((row) => `│ ${row}`)
      .join('\n')}`;
  return [
    `With ${names}: ${loss.after.toFixed(4)} nats a token in place of ${loss.before.toFixed(4)} (${loss.after < loss.before ? '' : '+'}${(loss.after - loss.before).toFixed(4)})`,
    show('Goes on from', prompt),
    show('As it is', text.before),
    show(`With ${names}`, text.after),
  ].join('\n\n');
}

function draw(
  path: string,
  { cell, tokens }: Stretch,
  { property, measure, units: [best] }: UnitSearch,
  command: string,
): void {
  const score = `${measure === 'auc' ? 'AUC' : 'correlation'} ${best.heldOut.toFixed(3)}`;
  const picture = textMap({
    title: `${cell} follows ${property}`,
    description: `Each character has the colour of the unit's value after it; ${score} held out. Made by: ${command}`,
    label: `${cell}, ${best.sign > 0 ? 'low to high' : 'high to low'}`,
    pieces: tokens.map(({ piece, values }) => ({ text: piece, value: best.sign * values[0] })),
  });
  naming(path, () => writeFileSync(path, picture));
}

/** What makes the picture again. */
function commandLine(
  run: string,
  paths: readonly string[],
  properties: readonly Property[],
  flags: CellsFlags,
): string {
  const words = [run, ...paths, '--property', properties[0].name];
  if (flags.checkpoint) words.push('--checkpoint', flags.checkpoint);
  if (flags.gates) words.push('--gates');
  for (const name of ['heldOut', 'stretch'] as const) {
    const byDefault = { heldOut: 0.5, stretch: 400 }[name];
    if (flags[name] !== byDefault) words.push(name === 'heldOut' ? '--held-out' : '--stretch', String(flags[name]));
  }
  return `npx unrolled cells ${words.map(shellWord).join(' ')} --svg ${shellWord(flags.svg!)}`;
}
