import { Command, InvalidArgumentError, Option } from 'commander';
import { type BlockKind, blockKinds, networkNames } from 'unrolled/vision';
import { type CompareFlags, compareBlocks } from '../convnet/compare.ts';
import { type SummaryFlags, summarise } from '../convnet/summary.ts';
import { option, positive, whole } from '../options/parse.ts';
import { threadsOption } from '../options/use.ts';

export function convnetCommand(): Command {
  return new Command('convnet')
    .description('what convolutional networks and their blocks cost')
    .addCommand(summaryCommand())
    .addCommand(compareCommand());
}

function summaryCommand(): Command {
  const command = new Command('summary')
    .description('list the layers of a network with their outputs, parameters and multiply-adds')
    .argument('<network>', `one of ${networkNames.join(', ')}; or a file of weights or a model`);
  for (const one of [
    option('--size <n>', 'height and width of the images', whole(8, 4096)),
    option('--channels <n>', 'channels of the images', whole(1, 1024)),
    option('--classes <n>', 'number of classes', whole(1, 1e6)),
    option('--width <factor>', 'factor of the channels of all layers', positive),
    new Option('--json', 'print JSON'),
  ])
    command.addOption(one);
  return command
    .addHelpText(
      'after',
      `
Examples:
  unrolled convnet summary resnet20
  unrolled convnet summary mobilenet-v2 --width 0.35 --size 96
  unrolled convnet summary mobilenet-v2.safetensors`,
    )
    .action((network: string, flags: SummaryFlags) => summarise(network, flags));
}

function blocksOf(text: string): BlockKind[] {
  const names = text.split(',').map((name) => name.trim());
  const wrong = names.find((name) => !(blockKinds as readonly string[]).includes(name));
  if (wrong !== undefined) throw new InvalidArgumentError(`'${wrong}' is not one of ${blockKinds.join(', ')}.`);
  return names as BlockKind[];
}

function compareCommand(): Command {
  const command = new Command('compare')
    .description('compare blocks at equal width: parameters, multiply-adds, time, memory, and accuracy on your images')
    .argument('[folder]', 'labelled images, in the forms of classify train (default: costs only)');
  for (const one of [
    new Option('--blocks <names>', `blocks, separated by commas: ${blockKinds.join(', ')}`)
      .argParser(blocksOf)
      .default(blockKinds, 'all'),
    option('--channels <n>', 'channels of the block that is measured', whole(1, 4096)).default(64),
    option('--size <n>', "height and width (default 32, and the images' own)", whole(4, 1024)),
    option('--batch <n>', 'batch size', whole(1, 4096)).default(32),
    option('--runs <n>', 'timings in each of three rounds', whole(1, 1000)).default(5),
    option('--width <n>', 'networks: channels of the first of three stages', whole(1, 512)).default(16),
    option('--depth <n>', 'networks: blocks in each stage', whole(1, 32)).default(3),
    option('--epochs <n>', 'networks: epochs of training', whole(1)).default(10),
    option('--lr <rate>', 'networks: highest learning rate', positive).default(0.05),
    option('--seed <n>', 'networks: seed', whole(0, 2 ** 32 - 1)).default(1),
    new Option('--plot <file.svg>', 'networks: draw accuracy against multiply-adds'),
    new Option('--json', 'print JSON'),
    threadsOption(),
  ])
    command.addOption(one);
  return command
    .addHelpText(
      'after',
      `
Examples:
  unrolled convnet compare
  unrolled convnet compare --channels 128 --size 16 --threads 1
  unrolled convnet compare cifar10/ --epochs 20 --plot blocks.svg`,
    )
    .action(async (folder: string | undefined, flags: CompareFlags) => {
      process.exitCode = await compareBlocks(folder, flags);
    });
}
