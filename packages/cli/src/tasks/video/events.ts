import {
  type ClipWithEvents,
  type EventCaptionerDescription,
  eventCaptionerTraining,
  VideoEventCaptioner,
  type VideoEventsConfig,
  windowLengths,
} from 'unrolled/tasks/video';
import type { Checkpoint } from 'unrolled/train';
import type { CellFile } from '../../cells/cell-file.ts';
import { Failure } from '../../failure.ts';
import { type FoundClip, sentencesAbout } from '../../input/clip-data.ts';
import { countOf } from '../../output/units.ts';
import { withDefaults } from '../../run/options.ts';
import type { Prepared, Sources, Trainable } from '../../run/trainable.ts';
import { wordsOf } from './captions.ts';
import { augmentationOf, inputOf, networkConfig } from './model-config.ts';
import { captionOptional, eventDefaults, eventTrainOptions, type VideoEventOptions } from './options.ts';
import type { VideoFiles } from './sources.ts';
import { framesIn, holds, progress, readData, runOf, shared } from './trainable.ts';

export const videoEvents: Trainable<VideoEventOptions, VideoFiles> = {
  ...{ ...shared, defaults: eventDefaults, optional: captionOptional, options: eventTrainOptions },
  task: 'video-events',
  inputs: 'videos with captions of parts',
  description: 'or finds events and describes each',
  help: `
Where captions are of parts (captions.csv with columns clip, caption, start and end), it finds such parts and captions each.`,
  recognises: (paths) => holds(paths, (data) => sentencesAbout(data) === 'parts'),
  prepare,
};

async function prepare(
  sources: Sources<VideoFiles>,
  said: Partial<VideoEventOptions>,
  checkpoint: Checkpoint | null,
  own: CellFile | null,
): Promise<Prepared<VideoEventOptions>> {
  const chosen = withDefaults(videoEvents, said);
  const { batch, seed, context, embedding, attentionUnits, minCount, smoothing, doublyStochastic, sampling } = chosen;
  const { train, clips, held, heldClips, backbone, about } = await readData(sources, chosen);
  const examples = withEvents(train, clips);
  const validation = withEvents(held, heldClips);
  const events = examples.flatMap((one) => one.events);
  const stored = checkpoint?.model as EventCaptionerDescription | undefined;
  const vocabulary = wordsOf(
    stored,
    events.map(({ caption }) => caption),
    minCount,
  );
  const config: VideoEventsConfig = stored?.config ?? {
    ...networkConfig(chosen, inputOf(clips, chosen, backbone), own),
    ...{ embedding, context, windows: windowLengths(events.map(({ start, end }) => end - start)) },
    ...(attentionUnits !== undefined && { attentionUnits }),
  };
  return {
    ...runOf(chosen),
    about: [
      `${about[0]}; ${countOf(events.length, 'event')}, windows of ${config.windows.join(', ')} frames, ` +
        `vocabulary of ${countOf(vocabulary.words.tokenizer.size, 'word')}`,
      ...about.slice(1),
    ],
    model: config,
    files: { 'words.json': vocabulary.words.tokenizer.vocabulary },
    begin(device, note) {
      const model = new VideoEventCaptioner(device, { config, vocabulary }, seed);
      if (backbone) model.takeNetwork(backbone.weights);
      return eventCaptionerTraining(model, examples, {
        ...{ batch, seed, validation, smoothing, doublyStochastic, sampling },
        augmentation: augmentationOf(chosen, config.input),
        onProgress: progress(note, backbone !== null),
      });
    },
  };
}

/** @throws Failure naming a clip with a caption of no part, or an event that ends after the clip */
export const withEvents = (found: readonly FoundClip[], clips: readonly ClipWithEvents['clip'][]): ClipWithEvents[] =>
  found.map(({ sentences = [], place }, i) => {
    const events = sentences.map(({ caption, part }) => {
      if (part === null) throw new Failure(`${place}: '${caption.slice(0, 40)}' has no start and end`);
      const frames = framesIn(clips[i]);
      if (part.end > frames) {
        throw new Failure(
          `${place}: '${caption.slice(0, 40)}' ends with frame ${part.end}; the clip has ${countOf(frames, 'frame')}`,
        );
      }
      return { caption, ...part };
    });
    return { clip: clips[i], events };
  });
