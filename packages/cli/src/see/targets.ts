import { InvalidArgumentError } from 'commander';
import type { Tensor } from 'unrolled';
import { type ChannelMap, type ClassTarget, featureMaps, type UnitTarget } from 'unrolled/inspect';
import type { InspectedClassifier } from 'unrolled/tasks/classify-images';
import { Failure } from '../failure.ts';
import { labelsOf } from './network.ts';

/** What is asked about, with a name for people and one for files. */
export interface NamedTarget {
  readonly target: ClassTarget | UnitTarget;
  readonly title: string;
}

/** `--unit`: channel, or channel,y,x. */
export interface UnitChoice {
  readonly channel: number;
  readonly y?: number;
  readonly x?: number;
}

export function unitChoice(text: string): UnitChoice {
  const [channel, y, x, ...more] = text.split(',').map(Number);
  const place = text.includes(',') ? [y, x] : [];
  if (more.length > 0 || ![channel, ...place].every((value) => Number.isSafeInteger(value) && value >= 0)) {
    throw new InvalidArgumentError('It must be a channel, such as 12, or a channel and a place, such as 12,3,4.');
  }
  return place.length > 0 ? { channel, y, x } : { channel };
}

/**
 * The class of a name, or of a part of it between commas ('tabby' for 'tabby, tabby cat'), whatever its case; or of an index.
 * @throws Failure with the classes that contain the name
 */
export function classNamed(name: string, network: InspectedClassifier, K: number): NamedTarget {
  const labels = labelsOf(network, K);
  const wanted = name.trim().toLowerCase();
  const parts = (label: string): string[] => label.toLowerCase().split(', ');
  let index = labels.findIndex((label) => label.toLowerCase() === wanted);
  if (index < 0) index = labels.findIndex((label) => parts(label).includes(wanted));
  if (index < 0 && /^\d+$/.test(wanted) && Number(wanted) < K) index = Number(wanted);
  if (index >= 0) return { target: { class: index }, title: labels[index] };
  const near = labels.filter((label) => label.toLowerCase().includes(wanted)).slice(0, 5);
  const hint = near.length > 0 ? `; there are ${near.map((label) => `'${label}'`).join(', ')}` : ` of ${K}`;
  throw new Failure(`--class ${name}: there is no such class${hint}`, 2);
}

/** A unit of a layer; without a place the one at which the channel is most active. */
export async function unitOf(
  network: InspectedClassifier,
  image: Tensor,
  layer: string,
  { channel, y, x }: UnitChoice,
): Promise<NamedTarget> {
  const place =
    y === undefined || x === undefined ? brightest(await featureMaps(network, image, layer), channel) : { y, x };
  return { target: { layer, channel, ...place }, title: `${layer} ${channel} at ${place.y},${place.x}` };
}

function brightest({ height, width, channels, values }: ChannelMap, channel: number): { y: number; x: number } {
  let best = 0;
  for (let i = 1; i < height * width; i++) {
    if (values[i * channels + channel] > values[best * channels + channel]) best = i;
  }
  return { y: Math.floor(best / width), x: best % width };
}

/** A title as part of the name of a file. */
export const slug = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 40) || 'class';
