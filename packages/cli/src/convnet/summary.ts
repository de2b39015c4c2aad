import { existsSync } from 'node:fs';
import { inputChannels, inputSize } from 'unrolled/images';
import type { LayerConfig } from 'unrolled/nn';
import { type NetworkName, networkConfig, networkNames, type Profile, profile, usualInput } from 'unrolled/vision';
import { Failure, naming } from '../failure.ts';
import { table } from '../output/table.ts';
import { formatBytes, formatCount } from '../output/units.ts';
import { readBackbone } from '../tasks/backbone.ts';

export interface SummaryFlags {
  size?: number;
  channels?: number;
  classes?: number;
  width?: number;
  json?: boolean;
}

interface Subject {
  readonly config: LayerConfig;
  /** Height, width, channels. */
  readonly input: readonly number[];
}

/** Prints what each layer of a network costs. @param network  a name, or a file with one */
export async function summarise(network: string, flags: SummaryFlags): Promise<void> {
  const { config, input } = networkNames.includes(network as NetworkName)
    ? named(network as NetworkName, flags)
    : await stored(network, flags);
  const found = naming(network, () => profile(config, [1, ...input]));
  process.stdout.write(
    flags.json ? `${JSON.stringify({ type: 'network', network, input, ...found })}\n` : report(network, input, found),
  );
}

function named(name: NetworkName, { size, channels, classes, width }: SummaryFlags): Subject {
  const [height, wide, usual] = usualInput(name);
  const input = [size ?? height, size ?? wide, channels ?? usual];
  return { config: networkConfig(name, { classes: classes ?? (height < 224 ? 10 : 1000), width, size }), input };
}

async function stored(path: string, { size, channels, classes, width }: SummaryFlags): Promise<Subject> {
  if (!existsSync(path)) {
    throw new Failure(`${path}: there is no such network, and no such file; use ${networkNames.join(', ')}, or a file`);
  }
  if ((classes ?? width ?? channels) !== undefined) {
    throw new Failure(`${path}: --classes, --width and --channels are for networks by name; a file has its own`, 2);
  }
  const { network, preprocessing } = await readBackbone(path);
  const [height, wide] = inputSize(preprocessing);
  return { config: network, input: [size ?? height, size ?? wide, inputChannels(preprocessing)] };
}

function report(
  network: string,
  input: readonly number[],
  { layers, parameters, multiplyAdds, memory }: Profile,
): string {
  const rows = layers.map(({ name, shape, weight, parameters: own, multiplyAdds: adds }) => [
    name,
    shape.slice(1).join(' × '),
    weight?.join(' × ') ?? '',
    own === 0 ? '' : formatCount(own),
    adds === 0 ? '' : formatCount(adds),
  ]);
  const sums = ['', '', '', formatCount(parameters), formatCount(multiplyAdds)];
  const head = ['layer', 'output', 'weight', 'parameters', 'multiply-adds'];
  const lines = [
    `${network}, images of ${input.join(' × ')}`,
    '',
    ...table(head, [...rows, sums]),
    '',
    `Memory of a forward pass, per image: ${formatBytes(memory.inference)}, in training ${formatBytes(memory.training)}`,
  ];
  return `${lines.join('\n')}\n`;
}
