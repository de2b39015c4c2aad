import { writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { UnrolledError } from 'unrolled';
import { textMap } from 'unrolled/charts';
import {
  type Labels,
  type Property,
  parseProperty,
  pickSpan,
  readyProperties,
  type Unit,
  type UnitSearch,
} from 'unrolled/inspect';
import { findUnits, LanguageModel, labelTokens, type TracedToken, traceUnits } from 'unrolled/tasks/language-model';
import { Failure, naming } from '../failure.ts';
import { type Comparison, compareHeld, cut, type Held, heldAt, unitsOf } from '../hidden-units/held.ts';
import { describeBest, describeSearch } from '../hidden-units/report.ts';
import { hasAllColours, showSpan } from '../hidden-units/span.ts';
import { notNegative, number, option, whole } from '../options/parse.ts';
import { type UseFlags, useOptions } from '../options/use.ts';
import { progressShare } from '../output/progress-share.ts';
import { printable, wrap } from '../output/text.ts';
import { formatCount, shellWord } from '../output/units.ts';
import { describeLeftOut } from '../tasks/language-model/left-out.ts';
import { readText } from '../tasks/language-model/run-text.ts';
import { withModel } from './with-model.ts';

interface UnitsFlags extends UseFlags {
  property?: Property[];
  top: number;
  gates?: boolean;
  heldOut: number;
  shuffles: number;
  span: number;
  svg?: string;
  clamp?: Held[];
  cut?: Held[];
  prompt?: string;
  length: number;
  temperature: number;
  seed: number;
}

export function unitsCommand(): Command {
  const command = new Command('units')
    .description('find single hidden units that follow a readable property: quotes, line position, nesting')
    .argument('<run>', 'run folder, or checkpoint file')
    .argument('[texts...]', "text files and folders to read (default: the run's own validation text)")
    .option(
      '--property <property>',
      `${Object.keys(readyProperties).join(', ')}, or an expression such as 'inside("(", ")")'; repeatable ` +
        '(default: the best unit for each of these)',
      property,
    )
    .addOption(option('--top <n>', 'units to print per property', whole(1)).default(10))
    .option('--gates', 'search gates as well as states')
    .addOption(
      option(
        '--held-out <share>',
        'fraction of the text, at its end, to report on',
        number((value) => value > 0 && value < 1, 'between 0 and 1'),
      ).default(0.5),
    )
    .addOption(option('--shuffles <n>', 'random shifts of the property, for the chance level', whole(1)).default(200))
    .addOption(option('--span <n>', 'tokens of text to show with the best unit, 0: none', whole(0)).default(400))
    .option('--svg <file>', 'draw that span of text into a file')
    .option('--clamp <unit=value>', 'hold a unit at a value, such as l1.h.17=0.5; repeatable', heldAt)
    .option('--cut <unit>', "hold a unit at 0; 'best' is the best one for the first property", cut)
    .option('--prompt <text>', 'prompt to generate from, with and without held units (default: from the span)')
    .addOption(option('--length <n>', 'tokens to generate', whole(0)).default(200))
    .addOption(option('--temperature <t>', 'sampling temperature', notNegative).default(0.5))
    .addOption(option('--seed <n>', 'random seed of sampling and shifts', whole(0, 2 ** 32 - 1)).default(1));
  for (const one of useOptions()) command.addOption(one);
  return command
    .addHelpText(
      'after',
      `
Examples:
  unrolled units runs/shakespeare
  unrolled units runs/kernel --property comment-or-string --property 'depth("{", "}")'
  unrolled units runs/shakespeare --property line-position --cut best --svg line.svg`,
    )
    .action(units);
}

function property(text: string, before: readonly Property[] = []): Property[] {
  try {
    return [...before, parseProperty(text)];
  } catch (error) {
    if (error instanceof UnrolledError) throw new InvalidArgumentError(`${error.message}.`);
    throw error;
  }
}

async function units(run: string, paths: string[], flags: UnitsFlags): Promise<void> {
  await withModel(run, flags, LanguageModel.load, async (model) => {
    const { tokens, name, leftOut } = readText(model, 'units', run, paths);
    const { properties, labels } = wanted(model, tokens, flags);
    const { heldOut, shuffles, seed, gates } = flags;
    const options = { heldOut, shuffles, seed, gates, onProgress: progressShare('Reading') };
    const searches = await findUnits(model, tokens, properties, options);
    const span =
      flags.span > 0 && searches.length > 0 ? await shown(model, tokens, searches[0], labels[0], flags) : null;
    const held = [...(flags.clamp ?? []), ...(flags.cut ?? [])];
    const hold = unitsOf(held, model, searches);
    const prompt = flags.prompt ?? promptFrom(span?.tokens ?? []);
    const compared = hold.length > 0 ? await compareHeld(model, tokens, hold, { ...flags, prompt }) : null;
    if (flags.svg !== undefined) {
      if (span === null) throw new Failure('--svg: there is nothing to draw; leave out --span 0', 2);
      draw(flags.svg, span, searches[0], commandLine(run, paths, properties, flags));
    }
    if (flags.json) {
      const found = searches.map((search) => ({ ...search, units: search.units.slice(0, flags.top) }));
      const about = { type: 'units', run, text: name, leftOut: Object.fromEntries(leftOut), tokens: tokens.length };
      process.stdout.write(`${JSON.stringify({ ...about, searches: found, span, held: compared })}\n`);
      return;
    }
    const missing = describeLeftOut(leftOut);
    const parts = [`Read ${formatCount(tokens.length)} tokens of ${name}${missing && `\n${missing}`}`];
    if (flags.property === undefined) parts.push(describeBest(searches));
    else parts.push(...searches.map((search) => describeSearch(search, flags.top)));
    if (span) parts.push(describeSpan(span, searches[0]));
    if (compared) parts.push(describeHeld(compared));
    process.stdout.write(`${parts.join('\n\n')}\n`);
  });
}

/** The named properties, or by default the ready ones that change in both parts of the text. */
function wanted(
  model: LanguageModel,
  tokens: Int32Array,
  { property: named, heldOut }: UnitsFlags,
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

interface Span {
  readonly unit: string;
  readonly from: number;
  readonly tokens: readonly TracedToken[];
}

async function shown(
  model: LanguageModel,
  tokens: Int32Array,
  search: UnitSearch,
  labels: Labels,
  flags: UnitsFlags,
): Promise<Span> {
  const best: Unit & { name: string } = search.units[0];
  const place = pickSpan(labels, search.steps.selection, flags.span);
  return { unit: best.name, from: place.from, tokens: await traceUnits(model, tokens, [best], place) };
}

/** The first half of the span, so that generation starts inside what the unit follows. */
const promptFrom = (tokens: readonly TracedToken[]): string =>
  tokens
    .slice(0, Math.min(200, tokens.length >> 1))
    .map(({ piece }) => piece)
    .join('');

const columns = (): number => Math.max(20, Math.min(100, (process.stdout.columns || 80) - 1));

function describeSpan({ unit, from, tokens }: Span, { property, units: [{ sign }] }: UnitSearch): string {
  const values = tokens.map(({ values: [value] }) => sign * value);
  const [off, on] = [Math.min(...values), Math.max(...values)].map((value) => (sign * value).toFixed(2));
  const coloured = hasAllColours();
  const [dark, bright] = coloured ? ['dark blue', 'yellow'] : ['blank', '#'];
  const title = `From token ${formatCount(from)}: ${unit} for ${printable(property)}, from ${off} (${dark}) to ${on} (${bright})`;
  return `${title}\n\n${showSpan(tokens, sign, columns(), coloured)}`;
}

function describeHeld({ held, loss, prompt, text }: Comparison): string {
  const names = held.map(({ name, value }) => `${name} = ${value}`).join(', ');
  const show = (title: string, written: string): string =>
    `${title}\n${wrap(printable(written), columns() - 2)
      .map((row) => `│ ${row}`)
      .join('\n')}`;
  return [
    `With ${names}: ${loss.after.toFixed(4)} nats per token instead of ${loss.before.toFixed(4)} (${loss.after < loss.before ? '' : '+'}${(loss.after - loss.before).toFixed(4)})`,
    show('Prompt', prompt),
    show('Unchanged', text.before),
    show(`With ${names}`, text.after),
  ].join('\n\n');
}

function draw(
  path: string,
  { unit, tokens }: Span,
  { property, measure, units: [best] }: UnitSearch,
  command: string,
): void {
  const score = `${measure === 'auc' ? 'AUC' : 'correlation'} ${best.heldOut.toFixed(3)}`;
  const picture = textMap({
    title: `${unit} follows ${property}`,
    description: `Each character has the colour of the unit's value after it; ${score} held out. Made by: ${command}`,
    label: `${unit}, ${best.sign > 0 ? 'low to high' : 'high to low'}`,
    pieces: tokens.map(({ piece, values }) => ({ text: piece, value: best.sign * values[0] })),
  });
  naming(path, () => writeFileSync(path, picture));
}

/** The command that draws the picture again. */
function commandLine(
  run: string,
  paths: readonly string[],
  properties: readonly Property[],
  flags: UnitsFlags,
): string {
  const words = [run, ...paths, '--property', properties[0].name];
  if (flags.checkpoint) words.push('--checkpoint', flags.checkpoint);
  if (flags.gates) words.push('--gates');
  for (const name of ['heldOut', 'span'] as const) {
    const byDefault = { heldOut: 0.5, span: 400 }[name];
    if (flags[name] !== byDefault) words.push(name === 'heldOut' ? '--held-out' : '--span', String(flags[name]));
  }
  return `npx unrolled units ${words.map(shellWord).join(' ')} --svg ${shellWord(flags.svg!)}`;
}
