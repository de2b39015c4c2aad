import { writeFileSync } from 'node:fs';
import { scatterChart } from 'unrolled/charts';
import type { BlockKind } from 'unrolled/vision';
import { naming } from '../failure.ts';
import { table } from '../output/table.ts';
import { formatBytes, formatCount, formatDuration, shellWord } from '../output/units.ts';
import { toStandardError } from '../run/open-device.ts';
import { stopOnSignal } from '../run/signals.ts';
import { type BlockAccuracy, trainBlocks } from './accuracy.ts';
import { type BlockCost, measureBlocks } from './costs.ts';

export interface CompareFlags {
  blocks: readonly BlockKind[];
  channels: number;
  size?: number;
  batch: number;
  runs: number;
  width: number;
  depth: number;
  epochs: number;
  lr: number;
  seed: number;
  threads?: number;
  plot?: string;
  json?: boolean;
}

/** Compares kinds of blocks: what they cost, and, given images, what networks of them learn. Returns the exit code. */
export async function compareBlocks(folder: string | undefined, flags: CompareFlags): Promise<number> {
  const { blocks: kinds, channels, size, batch, runs, threads } = flags;
  const side = size ?? 32;
  const stop = stopOnSignal(toStandardError);
  try {
    const costs = await measureBlocks({ kinds, channels, size: side, batch, threads, runs, signal: stop.signal });
    if (costs === null) return stop.exitCode;
    if (!flags.json) process.stdout.write(costTable(costs, flags, side));
    const found: BlockAccuracy[] = [];
    if (folder !== undefined) {
      const options = {
        ...{ kinds, channels: flags.width, blocks: flags.depth, size: size ?? null, epochs: flags.epochs, batch },
        ...{ lr: flags.lr, seed: flags.seed, threads, signal: stop.signal },
      };
      for await (const one of trainBlocks(folder, options, toStandardError)) {
        found.push(one);
        // So that an interrupted comparison has a picture.
        if (flags.plot !== undefined) draw(flags.plot, found);
      }
      if (!flags.json) process.stdout.write(accuracyTable(found, flags));
    }
    if (flags.json)
      process.stdout.write(
        `${JSON.stringify({ type: 'blocks', options: { ...flags, size: side }, costs, networks: found })}\n`,
      );
    return stop.exitCode;
  } finally {
    stop.release();
  }
}

function costTable(costs: readonly BlockCost[], { channels, batch }: CompareFlags, side: number): string {
  const C = formatCount(channels);
  const rows = costs.map((cost) => [
    cost.block,
    formatCount(cost.parameters),
    formatCount(cost.multiplyAdds),
    cost.forwardMs.toFixed(2),
    cost.trainingMs.toFixed(2),
    ((cost.multiplyAdds * batch * 2e-6) / cost.forwardMs).toFixed(1),
    formatBytes(cost.trainingBytes),
  ]);
  const head = ['block', 'parameters', 'multiply-adds', 'ms forward', 'ms training', 'GFLOP/s forward', 'memory'];
  return `One block, ${C} channels in and out, ${side} × ${side}; times and memory of a batch of ${batch}

${table(head, rows).join('\n')}

Multiply-adds are of one image: two convolutions of 3 × 3 take 18C²HW, separable ones 18CHW + 2C²HW. Training is forward and
backward; memory is the most in use during it.
`;
}

function accuracyTable(found: readonly BlockAccuracy[], { width, depth, epochs, seed }: CompareFlags): string {
  const rows = found.map((one) => [
    one.block,
    formatCount(one.parameters),
    formatCount(one.multiplyAdds),
    `${(100 * one.accuracy).toFixed(1)}%`,
    formatDuration(one.seconds),
  ]);
  return `
Networks of three stages of ${depth} blocks with ${width}, ${2 * width} and ${4 * width} channels, ${epochs} epochs, seed ${seed}

${table(['block', 'parameters', 'multiply-adds', 'accuracy', 'time'], rows).join('\n')}
`;
}

/** Accuracy against operations, with the parameters as areas. */
function draw(file: string, found: readonly BlockAccuracy[]): void {
  const command = `npx unrolled ${process.argv.slice(2).map(shellWord).join(' ')}`;
  const chart = scatterChart({
    title: 'Accuracy and cost of networks by their blocks',
    description: `Each circle is a network; its area is in proportion to the number of parameters. Made by: ${command}`,
    x: { label: 'multiply-adds per image, in millions', from: 0, to: 1.1 * most(found, 'multiplyAdds') * 1e-6 },
    y: { label: 'accuracy on test images, %' },
    groups: found.map(({ block, multiplyAdds, accuracy, parameters }) => ({
      name: `${block} (${formatCount(parameters / 1000)}k parameters)`,
      points: [[multiplyAdds * 1e-6, 100 * accuracy]],
      sizes: [parameters],
    })),
  });
  naming(file, () => writeFileSync(file, chart));
}

const most = (found: readonly BlockAccuracy[], what: 'multiplyAdds'): number =>
  found.reduce((greatest, one) => Math.max(greatest, one[what]), 1);
