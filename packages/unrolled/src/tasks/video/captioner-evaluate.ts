import { DataError } from '../../errors.ts';
import { captionTokens } from '../../metrics/captions.ts';
import { editDistance, exactMatch } from '../../metrics/edit-distance.ts';
import { type EvaluateCaptionsOptions, meanLoss, scoreWritten, type WrittenScores } from '../caption-evaluation.ts';
import { captionWords } from '../caption-words.ts';
import { type ClipCaption, captionedAtOnce, type VideoCaptioner } from './captioner.ts';
import type { Clip } from './clip.ts';

/** A video and what people said of it. */
export interface CaptionedClip {
  readonly clip: Clip;
  readonly captions: readonly string[];
}

export interface VideoCaptionEvaluation extends WrittenScores {
  readonly clips: number;
  /** Mean loss per word of the references, ends included, with the right words before it, in nats. */
  readonly loss: number;
  /** Edits per word, each caption against the reference nearest to it. */
  readonly wordErrorRate: number;
  /** Share of captions that are one of their references, word for word. */
  readonly exact: number;
}

/**
 * Writes captions about clips and compares them with those of people.
 * @returns the scores, and the caption of each clip
 * @throws DataError without clips, or for one without captions; the signal's reason if it is aborted
 */
export async function evaluateVideoCaptioner(
  model: VideoCaptioner,
  examples: readonly CaptionedClip[],
  { known, ...options }: EvaluateCaptionsOptions = {},
): Promise<{ scores: VideoCaptionEvaluation; captions: readonly ClipCaption[] }> {
  requireCaptions(examples);
  const clips = await model.prepared(
    examples.map(({ clip }) => clip),
    options,
  );
  const pairs = examples.flatMap(({ captions }, i) => captions.map((one) => ({ source: clips[i], captions: [one] })));
  const loss = await meanLoss(model, pairs, { batch: captionedAtOnce(clips), ...options });
  const captions = await model.predict(clips, options);
  const references = examples.map((one) => one.captions);
  const scores = {
    ...scoreWritten(textsOf(captions), references, known),
    ...wordErrors(textsOf(captions), references),
  };
  return { scores: { clips: examples.length, loss, ...scores }, captions };
}

const textsOf = (captions: readonly ClipCaption[]): string[] => captions.map(({ text }) => text);

/** @throws DataError without clips, or for one without captions */
export function requireCaptions(examples: readonly CaptionedClip[]): void {
  if (examples.length === 0) throw new DataError('video: there are no clips to evaluate on');
  const bare = examples.findIndex(({ captions }) => captions.length === 0);
  if (bare >= 0) throw new DataError(`video: clip ${bare + 1} has no caption`, { clip: bare });
}

/** Errors of captions against the nearest of their references. */
export function wordErrors(
  texts: readonly string[],
  references: readonly (readonly string[])[],
): { readonly wordErrorRate: number; readonly exact: number } {
  const nearest = texts.map((text, i) => {
    const words = captionTokens(text);
    const all = references[i].map((reference) => {
      const said = captionTokens(reference);
      return { edits: editDistance(words, said), length: said.length, reference };
    });
    return all.reduce((a, b) => (b.edits * a.length < a.edits * b.length ? b : a));
  });
  const [edits, length] = nearest.reduce(([e, n], one) => [e + one.edits, n + one.length], [0, 0]);
  return {
    wordErrorRate: edits / Math.max(1, length),
    exact: exactMatch(
      texts.map(captionWords),
      nearest.map(({ reference }) => captionWords(reference)),
    ),
  };
}
