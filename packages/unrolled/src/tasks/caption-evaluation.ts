import { padSequences } from '../data/padding.ts';
import { type CaptionScores, captionScores, captionTokens } from '../metrics/captions.ts';
import { type Context, inference } from '../nn/layer.ts';
import type { EncoderDecoder } from '../nn/seq2seq/encoder-decoder.ts';
import { type SequenceLossOptions, sequenceLoss } from '../nn/seq2seq/loss.ts';
import type { StopSignal } from '../signal.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { breathe } from '../train/breathe.ts';
import { captionWords } from './caption-words.ts';
import type { CaptionOptions, CaptionWriter } from './caption-writer.ts';

/** Scores of captions that were written, whatever they are about. */
export interface WrittenScores extends CaptionScores {
  /** Share of captions that are none of `known`; null without them. */
  readonly novel: number | null;
  /** How many different words the captions use. */
  readonly vocabulary: number;
  /** Mean number of words in a caption. */
  readonly meanLength: number;
}

export interface EvaluateCaptionsOptions extends CaptionOptions {
  /** Captions of the training data, to count those that are new. Default: none. */
  readonly known?: readonly string[] | undefined;
}

/**
 * The recorded mean loss per word of captions, one for each row that is read of the sources, as `sequenceLoss` has it, and the
 * number of words.
 */
export function writtenLoss<Source>(
  writer: CaptionWriter<Source>,
  sources: readonly Source[],
  captions: readonly (readonly number[])[],
  context: Context,
  options: SequenceLossOptions = {},
): { loss: Tensor; words: number } {
  const targets = padSequences(captions, { padding: -1 });
  const network = writer.writer as EncoderDecoder;
  const loss = sequenceLoss(network, writer.read(sources, context), targets, context, options);
  return { loss, words: targets.lengths.reduce((sum, length) => sum + length, 0) };
}

/** Mean loss per word over examples, with the right words before each, in nats. @param captions  one for each row of the source */
export async function meanLoss<Source>(
  writer: CaptionWriter<Source>,
  examples: readonly { readonly source: Source; readonly captions: readonly string[] }[],
  { batch = 50, signal }: { readonly batch?: number | undefined; readonly signal?: StopSignal | undefined } = {},
): Promise<number> {
  let [loss, words] = [0, 0];
  for (let from = 0; from < examples.length; from += batch) {
    await breathe(signal);
    const some = examples.slice(from, from + batch);
    const ids = some.flatMap(({ captions }) => captions.map((one) => writer.encode(one)));
    const mean = await writer.device.read(() =>
      writer.device.withoutGradients(() =>
        writtenLoss(
          writer,
          some.map(({ source }) => source),
          ids,
          inference,
        ),
      ),
    );
    words += mean.words;
    loss += mean.loss[0] * mean.words;
  }
  return loss / words;
}

/** Compares captions with those of people. @param known  captions of the training data */
export function scoreWritten(
  texts: readonly string[],
  references: readonly (readonly string[])[],
  known: readonly string[] | undefined,
): WrittenScores {
  const tokens = texts.map(captionTokens);
  const seen = known && new Set(known.map(captionWords));
  return {
    ...captionScores(texts, references),
    novel: seen ? texts.filter((text) => !seen.has(captionWords(text))).length / texts.length : null,
    vocabulary: new Set(tokens.flat()).size,
    meanLength: tokens.flat().length / texts.length,
  };
}
