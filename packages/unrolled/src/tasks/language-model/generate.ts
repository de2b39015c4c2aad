import { checkSampling, type SamplingOptions, sampleToken } from '../../decode/sampling.ts';
import { ConfigError } from '../../errors.ts';
import { at } from '../../ops/index.ts';
import { Random } from '../../random.ts';
import { CarriedState } from './carried-state.ts';
import type { LanguageModel } from './model.ts';

export interface GenerateOptions extends SamplingOptions {
  /** The text to go on from; it is not repeated in the result. Default: a line break, or whatever comes first. */
  readonly prompt?: string;
  /** How many tokens to write. Default 200. */
  readonly length?: number;
  readonly seed?: number;
  /** Ends when the text written ends with this; it is part of the result. */
  readonly stop?: string;
}

/** Steps of a long prompt that are read at a time. */
const promptSteps = 256;

/**
 * Writes text token by token, each drawn from the model's distribution given everything before.
 *
 * @throws DataError if the prompt has a character the vocabulary lacks; ConfigError on an option out of range
 *
 * @example
 * for (const piece of generate(model, { prompt: 'ROMEO:', temperature: 0.8 })) process.stdout.write(piece);
 */
export function* generate(model: LanguageModel, options: GenerateOptions = {}): Generator<string, void> {
  const { device, tokenizer } = model;
  const { length = 200, seed = 1, stop } = options;
  checkSampling(options);
  if (!Number.isInteger(length) || length < 0) {
    throw new ConfigError(`sample: length must be a whole number from 0, received ${length}`);
  }
  const random = new Random(seed);
  const prompt = options.prompt ? tokenizer.encode(options.prompt) : new Int32Array();
  let ids: Int32Array = prompt.length > 0 ? prompt : firstToken(model);
  const carried = new CarriedState(device);

  /** Reads the tokens after what was read before, and gives the logits of what follows, `[V]`. */
  const read = (tokens: Int32Array): ArrayLike<number> =>
    device.withoutGradients(() =>
      device.scope(() => {
        const input = device.ids(tokens, [tokens.length, 1]);
        const { logits, state } = model.apply(input, undefined, { state: carried.get() });
        carried.set(state);
        return at(logits, -1).data();
      }),
    );

  for (; ids.length > promptSteps; ids = ids.subarray(promptSteps)) read(ids.subarray(0, promptSteps));
  const decode = tokenizer.decoder();
  let written = '';
  for (let i = 0; i < length; i++) {
    const id = sampleToken(read(ids), random, options, tokenizer.unknown);
    const piece = decode(id);
    yield piece;
    if (stop) {
      written = (written + piece).slice(-stop.length - piece.length);
      if (written.endsWith(stop)) return;
    }
    ids = Int32Array.of(id);
  }
}

/** What to begin from without a prompt. */
function firstToken({ tokenizer }: LanguageModel): Int32Array {
  return Int32Array.of(tokenizer.idOf('\n') ?? tokenizer.size - 1);
}
