import { Command, InvalidArgumentError, Option } from 'commander';
import { methods } from 'unrolled/search';
import { choice, folderName, notNegative, option, positive, whole } from '../options/parse.ts';
import { cellKind, cellOption } from '../options/recurrent.ts';
import { type BlockOptions, blockDefaults } from '../search/block.ts';
import { type CellOptions, cellDefaults, defaultSteps } from '../search/cell.ts';
import { type CompareFlags, compareCells, defaultRates, defaultUpdates } from '../search/compare.ts';
import type { CommonOptions } from '../search/prepared.ts';
import { type ReportFlags, reportSearches } from '../search/searches.ts';
import { type StartFlags, startSearch } from '../search/start.ts';

export function searchCommand(): Command {
  return new Command('search')
    .description('search for recurrent cells and convolutional blocks, and compare what was found')
    .addCommand(cellCommand())
    .addCommand(blockCommand())
    .addCommand(reportCommand())
    .addCommand(compareCommand());
}

const bases = [2, 4, 8, 16];
const baseOption = (): Option =>
  new Option('--base <n>', `leaves of the tree: ${bases.join(', ')} (default ${cellDefaults.base})`).argParser(
    (text) => {
      if (!bases.includes(Number(text))) throw new InvalidArgumentError(`It must be one of ${bases.join(', ')}.`);
      return Number(text);
    },
  );

function cellCommand(): Command {
  const command = new Command('cell')
    .description('search for a recurrent cell that models a text well')
    .argument('[texts...]', 'text files, folders, or - for the standard input; plain or gzipped');
  const share = new Option('--share', 'candidates share their weights (ENAS): many more in the same time');
  for (const one of [
    ...searchOptions(cellDefaults),
    share.helpGroup('Search:'),
    option(
      '--shared-steps <n>',
      `with --share: updates of the shared weights in a round (default ${cellDefaults.sharedSteps})`,
      whole(1),
    ).helpGroup('Search:'),
    option(
      '--finalists <n>',
      `with --share: candidates that are trained alone at the end (default ${cellDefaults.finalists})`,
      whole(1),
    ).helpGroup('Search:'),
    ...[
      baseOption(),
      option('--hidden <n>', `hidden units (default ${cellDefaults.hidden})`, whole(1)),
      option('--embedding <n>', `embedding dimension (default ${cellDefaults.embedding})`, whole(1)),
      option('--seq <n>', `steps of truncated backpropagation through time (default ${cellDefaults.seq})`, whole(1)),
      option(
        '--validation-tokens <n>',
        `characters that candidates are compared on, at most (default ${cellDefaults.validationTokens})`,
        whole(2),
      ),
      ...trainingOptions(cellDefaults, defaultSteps.cell),
    ].map((one) => one.helpGroup('Candidates:')),
  ])
    command.addOption(one);
  return command
    .addHelpText(
      'after',
      `
Examples:
  unrolled search cell shakespeare.txt
  unrolled search cell shakespeare.txt --method random --out runs/random
  unrolled search cell shakespeare.txt --share --candidates 2000
  unrolled search cell --resume runs/search-shakespeare --candidates 400

The first 90% of the text train each candidate, the last 10% compare them. The folder gets found.ts, which
"train --cell" takes, found.svg, its graph, choices.svg, how the controller made up its mind, and rewards.svg.`,
    )
    .action(async (paths: string[], flags: StartFlags & Partial<CellOptions>) => {
      process.exitCode = await startSearch('cell', paths, flags);
    });
}

function blockCommand(): Command {
  const command = new Command('block')
    .description('search for a convolutional block that classifies images well')
    .argument('[images...]', 'labelled images, in the forms of classify train');
  for (const one of [
    ...searchOptions(blockDefaults),
    ...[
      option('--nodes <n>', `nodes of the block (default ${blockDefaults.nodes})`, whole(1, 8)),
      option(
        '--channels <n>',
        `channels of the first of three stages (default ${blockDefaults.channels})`,
        whole(1, 512),
      ),
      option('--blocks <n>', `blocks in each stage (default ${blockDefaults.blocks})`, whole(1, 16)),
      option('--size <n>', "height and width (default: the images' own)", whole(8, 512)),
      option(
        '--penalty <p>',
        `accuracy that the multiply-adds of blocks of two convolutions are worth (default ${blockDefaults.penalty})`,
        notNegative,
      ),
      ...trainingOptions(blockDefaults, defaultSteps.block),
    ].map((one) => one.helpGroup('Candidates:')),
  ])
    command.addOption(one);
  return command
    .addHelpText(
      'after',
      `
Examples:
  unrolled search block cifar10/
  unrolled search block cifar10/ --penalty 0.2 --candidates 200

15% of the images to train on, or those of a folder val, compare candidates; images to test on are not read.
The folder gets network.json, the configuration of the best network, and found.svg, the graph of its block.`,
    )
    .action(async (paths: string[], flags: StartFlags & Partial<BlockOptions>) => {
      process.exitCode = await startSearch('block', paths, flags);
    });
}

const searchOptions = (defaults: CommonOptions): Option[] => [
  new Option('--out <folder>', 'folder of the search (default: runs/search-<name of the first file>)').argParser(
    folderName,
  ),
  new Option('--resume <folder>', 'resume an interrupted search').argParser(folderName).conflicts('out'),
  new Option('--json', 'print one JSON object per event'),
  option('--workers <n>', 'candidates trained at a time, each on one thread (default: one per core)', whole(1, 64)),
  ...[
    choice('--method <name>', `how candidates are drawn (default ${defaults.method})`, methods),
    option('--candidates <n>', `candidates to evaluate (default ${defaults.candidates})`, whole(1)),
    option('--total-seconds <n>', 'stop after n seconds', positive),
    option(
      '--round <n>',
      `candidates drawn for one update of the controller (default ${defaults.round})`,
      whole(1, 10_000),
    ),
    option(
      '--controller-hidden <n>',
      `hidden units of the controller (default ${defaults.controllerHidden})`,
      whole(1),
    ),
    option('--controller-lr <rate>', `learning rate of the controller (default ${defaults.controllerLr})`, positive),
    option('--entropy <weight>', `weight of the entropy of its choices (default ${defaults.entropy})`, notNegative),
    option(
      '--seed <n>',
      `random seed of the search and of its candidates (default ${defaults.seed})`,
      whole(0, 2 ** 32 - 1),
    ),
  ].map((one) => one.helpGroup('Search:')),
];

const trainingOptions = ({ batch, lr }: CommonOptions, steps: number): Option[] => [
  option('--steps <n>', `updates of a candidate (default ${steps}, unless --seconds is given)`, whole(1)),
  option('--seconds <n>', 'seconds of a candidate; results then depend on the machine', positive),
  option('--batch <n>', `batch size (default ${batch})`, whole(1)),
  option('--lr <rate>', `learning rate (default ${lr})`, positive),
];

function reportCommand(): Command {
  return new Command('report')
    .description('what searches have found, side by side')
    .argument('<folders...>', 'folders of searches')
    .option('--json', 'print JSON')
    .option('--plot <file.svg>', 'draw the rewards of all of them; seeds of one search as their mean')
    .addHelpText(
      'after',
      `
Examples:
  unrolled search report runs/search-shakespeare runs/random --plot rewards.svg`,
    )
    .action((folders: string[], flags: ReportFlags) => reportSearches(folders, flags));
}

function compareCommand(): Command {
  const command = new Command('compare')
    .description('train a found cell and others anew, at equal parameters, and test them')
    .argument('<found>', 'folder of a search, or a file that defines a cell')
    .argument('<texts...>', 'other texts than those of the search');
  for (const one of [
    cellOption('lstm, gru and nas', '; repeatable').argParser((cell: string, others: string[] | undefined) => [
      ...(others ?? []),
      cellKind(cell),
    ]),
    option('--hidden <n>', 'hidden units of the found cell; the others get as many parameters', whole(1)).default(128),
    option('--embedding <n>', 'embedding dimension', whole(1)).default(64),
    option('--batch <n>', 'batch size', whole(1)).default(16),
    option('--seq <n>', 'steps of truncated backpropagation through time', whole(1)).default(64),
    option('--steps <n>', `updates of each training (default ${defaultUpdates}, unless --seconds is given)`, whole(1)),
    option('--seconds <n>', 'seconds of each training: equal time; results then depend on the machine', positive),
    new Option('--lr <rate>', `learning rate to try; repeatable (default ${defaultRates.join(' and ')})`).argParser(
      (rate: string, others: number[] | undefined) => [...(others ?? []), positive(rate)],
    ),
    option('--seeds <n>', 'seeds to train each cell from', whole(1, 1000)).default(3),
    option('--first-seed <n>', 'the first of them; another than that of the search', whole(0, 2 ** 31)).default(101),
    option('--workers <n>', 'trainings at a time, each on one thread (default: one per core)', whole(1, 64)),
    new Option('--json', 'print one JSON object per event'),
    new Option('--out <file>', 'write the results as JSON'),
    new Option('--plot <file.svg>', 'draw the test losses over the time of a training'),
  ])
    command.addOption(one);
  return command
    .addHelpText(
      'after',
      `
Examples:
  unrolled search compare runs/search-shakespeare lua.txt
  unrolled search compare found.ts lua.txt --cell lstm --cell gru --seeds 5 --steps 5000
  unrolled search compare found.ts lua.txt --seconds 120             as long for each cell

The first 80% of the texts train, the next 10% choose each cell's learning rate, the last 10% are the test, which
nothing else sees.`,
    )
    .action(async (found: string, texts: string[], flags: CompareFlags) => {
      process.exitCode = await compareCells(found, texts, flags);
    });
}
