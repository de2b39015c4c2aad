import { requireOptions } from '../../checks.ts';
import { DataError } from '../../errors.ts';
import { type CaptionScores, captionScores } from '../../metrics/captions.ts';
import { matchSegments, type SegmentScores, segmentScores } from '../../metrics/segments.ts';
import { type EvaluateCaptionsOptions, meanLoss, scoreWritten, type WrittenScores } from '../caption-evaluation.ts';
import { wordErrors } from './captioner-evaluate.ts';
import type { Clip } from './clip.ts';
import { requireSpans, type VideoEventCaptioner } from './event-captioner.ts';
import { type ProposalOptions, proposalKinds, type Span } from './proposals.ts';

/** Something that happens in a video, in a sentence. */
export interface CaptionedSpan extends Span {
  readonly caption: string;
}

/** A video and what happens in it. */
export interface ClipWithEvents {
  readonly clip: Clip;
  readonly events: readonly CaptionedSpan[];
}

/** Captions of the proposals that found an event. */
export interface MatchedCaptions {
  /** The least intersection over union of a proposal and its event. */
  readonly iou: number;
  /** Share of the true events that were found: the best proposals first, each finds the event it overlaps most. */
  readonly recall: number;
  /** Share of the proposals that found one. */
  readonly precision: number;
  /** Of the captions of these proposals, against those of their events; null if none was found. */
  readonly captions: (CaptionScores & { readonly wordErrorRate: number }) | null;
}

export interface EventsEvaluation {
  readonly clips: number;
  readonly events: number;
  readonly proposals: number;
  /** Mean loss per word of the captions of the true events, in nats. */
  readonly loss: number;
  /** Average precision of proposals at thresholds of intersection over union, whatever their captions. */
  readonly segments: SegmentScores;
  readonly matched: readonly MatchedCaptions[];
  /** Captions that are written about the true events, as if proposals were perfect. */
  readonly told: WrittenScores & { readonly wordErrorRate: number; readonly exact: number };
}

export type EvaluateEventsOptions = EvaluateCaptionsOptions & ProposalOptions;

/** As in ActivityNet's dense captions (Krishna 2017). */
export const eventThresholds: readonly number[] = [0.3, 0.5, 0.7, 0.9];

/**
 * Evaluates proposals, and captions: of proposals that match a true event, and of the true events.
 * @throws DataError without clips, or without a single event; the signal's reason if it is aborted
 */
export async function evaluateEventCaptioner(
  model: VideoEventCaptioner,
  examples: readonly ClipWithEvents[],
  { known, threshold, overlap, mostEvents, ...options }: EvaluateEventsOptions = {},
): Promise<EventsEvaluation> {
  requireOptions('video', { threshold, overlap, mostEvents }, proposalKinds);
  if (examples.length === 0) throw new DataError('video: there are no clips to evaluate on');
  const events = examples.flatMap((one) => one.events);
  if (events.length === 0) throw new DataError('video: there is no event in the clips to evaluate on');
  for (const one of examples) requireSpans(one.clip, one.events);
  const clips = await model.prepared(
    examples.map(({ clip }) => clip),
    options,
  );
  const found = await model.predict(clips, { threshold, overlap, mostEvents, ...options });
  const truth = examples.map(({ events: own }, i) => ({ clip: clips[i], spans: own }));
  const told = (await model.tell(truth, options)).flat().map(({ text }) => text);
  const references = events.map(({ caption }) => [caption]);
  const sources = truth
    .map((source, i) => ({ source, captions: examples[i].events.map(({ caption }) => caption) }))
    .filter(({ captions }) => captions.length > 0);
  const named = <One extends Span>(one: One): One & { readonly label: string } => ({ ...one, label: 'event' });
  const predicted = found.map((one) => one.events.map(named));
  const actual = examples.map((one) => one.events.map(named));
  const proposals = predicted.flat().length;
  return {
    ...{ clips: examples.length, events: events.length, proposals },
    loss: await meanLoss(model, sources, { batch: 8, signal: options.signal }),
    segments: segmentScores(predicted, actual, eventThresholds),
    matched: eventThresholds.map((iou) => {
      const pairs = predicted.flatMap((own, i) => matchSegments(own, actual[i], iou));
      const texts = pairs.map(([one]) => one.text);
      const said = pairs.map(([, event]) => [event.caption]);
      return {
        iou,
        recall: pairs.length / events.length,
        precision: proposals === 0 ? 0 : pairs.length / proposals,
        captions:
          pairs.length === 0
            ? null
            : { ...captionScores(texts, said), wordErrorRate: wordErrors(texts, said).wordErrorRate },
      };
    }),
    told: { ...scoreWritten(told, references, known), ...wordErrors(told, references) },
  };
}
