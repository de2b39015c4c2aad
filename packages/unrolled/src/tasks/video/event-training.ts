import { anything, type Kinds, requireOptions } from '../../checks.ts';
import type { ExampleSource, Examples } from '../../data/examples.ts';
import { DataError } from '../../errors.ts';
import type { Context } from '../../nn/layer.ts';
import { checkSequenceLoss, type SequenceLossOptions } from '../../nn/seq2seq/loss.ts';
import { SupervisedTraining } from '../../train/supervised.ts';
import { requireClipAugmentation } from './augmentation.ts';
import { requireSpans, type VideoEventCaptioner } from './event-captioner.ts';
import { type ClipWithEvents, evaluateEventCaptioner } from './event-evaluate.ts';
import { type ClipTrainingOptions, clipTrainingKinds, preparedExamples, varied } from './training.ts';

export interface EventTrainingOptions
  extends ClipTrainingOptions<ClipWithEvents>,
    Pick<SequenceLossOptions, 'smoothing' | 'doublyStochastic' | 'sampling'> {}

const kinds: Kinds<EventTrainingOptions> = {
  ...(clipTrainingKinds as Kinds<ClipTrainingOptions<ClipWithEvents>>),
  // Those of the loss are checked with the model, which decides what they may be.
  ...{ smoothing: anything, doublyStochastic: anything, sampling: anything },
};

/**
 * Trains proposals and captions of events together, captions on the true events. Of a frozen network the features are computed here,
 * once. Augmentation varies features and images alone, since events belong to frames. The best checkpoint has the greatest mean
 * average precision of proposals less the word error rate of captions of the true events.
 * @throws DataError if there is no example, or an event is not in its clip; ConfigError on an option that is unknown or out of range
 *
 * @example
 * const training = await eventCaptionerTraining(model, examples, { validation, batch: 8, seed: 1 });
 * for await (const event of train(training, { optimizer: { method: 'adam' }, learningRate: 2e-3, clipNorm: 5, epochs: 20 })) …
 */
export async function eventCaptionerTraining(
  model: VideoEventCaptioner,
  examples: Examples<ClipWithEvents>,
  options: EventTrainingOptions,
): Promise<SupervisedTraining<ClipWithEvents>> {
  requireOptions('eventCaptionerTraining', options, kinds);
  const { batch, seed, order, augmentation, smoothing, doublyStochastic, sampling } = options;
  if (augmentation) {
    requireClipAugmentation(augmentation);
    if ((augmentation.crop ?? 1) < 1 || (augmentation.speed ?? 1) > 1) {
      throw new DataError(
        'eventCaptionerTraining: augmentation by crop and speed moves frames away from their events; leave them out',
      );
    }
  }
  const loss = { smoothing, doublyStochastic, sampling };
  checkSequenceLoss(model.writer, loss);
  const { source, validation } = await preparedExamples(
    model,
    examples,
    ({ events }) => events.map(({ start, end, caption }) => `${start} ${end} ${caption}`).join('\n'),
    options,
  );
  for (const { clip, events } of validation) requireSpans(clip, events);
  const trained = {
    parameters: model.parameters,
    describe: () => model.describe(),
    loss: (some: readonly ClipWithEvents[], context: Context) =>
      model.loss(
        some.map(({ clip, events }) => ({ clip, spans: events })),
        some.flatMap(({ events }) => events.map(({ caption }) => caption)),
        context,
        loss,
      ),
  };
  return new SupervisedTraining<ClipWithEvents>(trained, source, {
    ...{ batch, seed, order, chanceLoss: Math.log(model.words.size) },
    validation: validation.some(({ events }) => events.length > 0) ? validation : [],
    ...(augmentation && { vary: varied<ClipWithEvents>(augmentation) }),
    async validate(held, signal) {
      const { loss: mean, segments, matched, told } = await evaluateEventCaptioner(model, held, { signal });
      const recall = matched.find(({ iou }) => iou === 0.5)!.recall;
      const { wordErrorRate } = told;
      return {
        loss: mean,
        metrics: { map: segments.mean, recall, wordErrorRate },
        cost: wordErrorRate - segments.mean,
      };
    },
    sample: (step) => sample(model, validation.length > 0 ? validation : source, step),
  });
}

/** The events of a clip, another one at every step, above the true ones. */
async function sample(model: VideoEventCaptioner, shown: Examples<ClipWithEvents>, step: number): Promise<string> {
  const place = step % shown.length;
  const { clip, events }: ClipWithEvents = Array.isArray(shown)
    ? shown[place]
    : await (shown as ExampleSource<ClipWithEvents>).read(place);
  const [found] = await model.predict([clip]);
  const line = ({ start, end }: { start: number; end: number }, text: string): string => `${start}–${end - 1} ${text}`;
  return [
    `clip ${place + 1} → ${found.events.map((one) => line(one, one.text)).join(', ') || 'nothing'}`,
    `  true: ${events.map((one) => line(one, one.caption)).join(', ') || 'nothing'}`,
  ].join('\n');
}
