import { type Device, openDevice, Random } from 'unrolled';
import { initialiseParameters, type Layer, type LayerConfig, layerFrom } from 'unrolled/nn';
import { type BlockKind, blockConfig, profile } from 'unrolled/vision';
import { median } from '../output/median.ts';

export interface CostOptions {
  readonly kinds: readonly BlockKind[];
  /** C, in and out. */
  readonly channels: number;
  /** H and W. */
  readonly size: number;
  readonly batch: number;
  readonly threads: number | undefined;
  /** Timings of each block in each round. */
  readonly runs: number;
  /** Ends the measurement after the block that is being measured. */
  readonly signal: AbortSignal;
}

/** What one block costs. */
export interface BlockCost {
  readonly block: BlockKind;
  readonly parameters: number;
  /** For one image. */
  readonly multiplyAdds: number;
  /** For a batch: median. */
  readonly forwardMs: number;
  /** Forward and backward. */
  readonly trainingMs: number;
  /** The most that was in use during a training step, parameters included. */
  readonly trainingBytes: number;
}

const rounds = 3;

/**
 * Counts and measures blocks at equal width. Rounds of all blocks alternate, so that what else runs disturbs all alike.
 * @returns null if it was aborted
 */
export async function measureBlocks(options: CostOptions): Promise<readonly BlockCost[] | null> {
  const { kinds, channels, size, signal } = options;
  const timings = kinds.map((): Measured[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, kind] of kinds.entries()) {
      // Signals arrive between macrotasks.
      await new Promise(setImmediate);
      if (signal.aborted) return null;
      timings[i].push(await measure(blockConfig(kind, { channels }), options));
    }
  }
  return kinds.map((block, i) => {
    const { parameters, multiplyAdds } = profile(blockConfig(block, { channels }), [1, size, size, channels]);
    return {
      ...{ block, parameters, multiplyAdds },
      forwardMs: median(timings[i].flatMap(({ forward }) => forward))!,
      trainingMs: median(timings[i].flatMap(({ training }) => training))!,
      trainingBytes: Math.max(...timings[i].map(({ bytes }) => bytes)),
    };
  });
}

interface Measured {
  readonly forward: readonly number[];
  readonly training: readonly number[];
  readonly bytes: number;
}

async function measure(config: LayerConfig, { channels, size, batch, threads, runs }: CostOptions): Promise<Measured> {
  const device = await openDevice('wasm', { threads });
  try {
    const layer = layerFrom(config) as Layer;
    const shape = [batch, size, size, channels];
    const parameters = initialiseParameters(layer, [-1, size, size, channels], device, 1);
    const random = new Random(1);
    const numbers = Float32Array.from({ length: batch * size * size * channels }, () => 2 * random.uniform() - 1);
    const x = device.tensor(numbers, shape);
    const forward = times(device, runs, () => {
      device.withoutGradients(() => layer.apply(x, { training: false }));
    });
    const training = times(device, runs, () => {
      // The gradient of the input is wanted, too, as in the middle of a network.
      parameters.backward(layer.apply(x.track(), { training: true, random }).sum());
    });
    return { forward, training, bytes: device.memory().peakBytes };
  } finally {
    device.close();
  }
}

/** Milliseconds of each call, after two to warm up. */
function times(device: Device, runs: number, body: () => void): number[] {
  const all = Array.from({ length: runs + 2 }, () => {
    const start = performance.now();
    device.scope(body);
    return performance.now() - start;
  });
  return all.slice(2);
}
