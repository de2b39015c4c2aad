import {
  type CaptionedClip,
  type CaptionWords,
  captionVocabulary,
  Side,
  VideoCaptioner,
  type VideoCaptionerConfig,
  type VideoCaptionerDescription,
  videoCaptionerTraining,
} from 'unrolled/tasks/video';
import type { Checkpoint } from 'unrolled/train';
import type { CellFile } from '../../cells/cell-file.ts';
import { Failure } from '../../failure.ts';
import { type FoundClip, sentencesAbout } from '../../input/clip-data.ts';
import { countOf } from '../../output/units.ts';
import { withDefaults } from '../../run/options.ts';
import type { Prepared, Sources, Trainable } from '../../run/trainable.ts';
import { augmentationOf, inputOf, networkConfig } from './model-config.ts';
import { captionDefaults, captionOptional, captionTrainOptions, type VideoCaptionOptions } from './options.ts';
import type { VideoFiles } from './sources.ts';
import { holds, progress, readData, runOf, shared } from './trainable.ts';

export const videoCaption: Trainable<VideoCaptionOptions, VideoFiles> = {
  ...{ ...shared, defaults: captionDefaults, optional: captionOptional, options: captionTrainOptions },
  task: 'video-caption',
  inputs: 'videos with captions',
  description: 'or describes them in a sentence',
  help: `
Where clips have captions (captions.csv with columns clip and caption, one line or more for each clip), the model writes captions.`,
  recognises: (paths) => holds(paths, (data) => sentencesAbout(data) === 'clips'),
  prepare,
};

async function prepare(
  sources: Sources<VideoFiles>,
  said: Partial<VideoCaptionOptions>,
  checkpoint: Checkpoint | null,
  own: CellFile | null,
): Promise<Prepared<VideoCaptionOptions>> {
  const chosen = withDefaults(videoCaption, said);
  const { batch, seed, conditioning, embedding, attentionUnits, minCount } = chosen;
  const { smoothing, doublyStochastic, sampling } = chosen;
  const { train, clips, held, heldClips, backbone, about } = await readData(sources, chosen);
  const examples = withCaptions(train, clips);
  const validation = withCaptions(held, heldClips);
  const stored = checkpoint?.model as VideoCaptionerDescription | undefined;
  const vocabulary = wordsOf(
    stored,
    examples.flatMap(({ captions }) => captions),
    minCount,
  );
  const config: VideoCaptionerConfig = stored?.config ?? {
    ...networkConfig(chosen, inputOf(clips, chosen, backbone), own),
    ...{ embedding, conditioning },
    ...(attentionUnits !== undefined && { attentionUnits }),
  };
  return {
    ...runOf(chosen),
    about: [
      `${about[0]}; ${countOf(examples.flatMap(({ captions }) => captions).length, 'caption')}, ` +
        `vocabulary of ${countOf(vocabulary.words.tokenizer.size, 'word')}`,
      ...about.slice(1),
    ],
    model: config,
    files: { 'words.json': vocabulary.words.tokenizer.vocabulary },
    begin(device, note) {
      const model = new VideoCaptioner(device, { config, vocabulary }, seed);
      if (backbone) model.takeNetwork(backbone.weights);
      return videoCaptionerTraining(model, examples, {
        ...{ batch, seed, validation, smoothing, doublyStochastic, sampling },
        augmentation: augmentationOf(chosen, config.input),
        onProgress: progress(note, backbone !== null),
      });
    },
    next: (run) => `Use it: npx unrolled video predict ${run} video.mp4 --attention attention.svg`,
  };
}

/** The words of a checkpoint, or those of captions. */
export const wordsOf = (
  stored: Pick<VideoCaptionerDescription, 'words' | 'longest'> | undefined,
  captions: readonly string[],
  minCount: number,
): CaptionWords =>
  stored ? { words: new Side(stored.words), longest: stored.longest } : captionVocabulary(captions, { minCount });

/** @throws Failure naming a clip without a caption */
export const withCaptions = (found: readonly FoundClip[], clips: readonly CaptionedClip['clip'][]): CaptionedClip[] =>
  found.map(({ sentences = [], place }, i) => {
    const captions = sentences.flatMap(({ caption, part }) => (part === null ? [caption] : []));
    if (captions.length === 0) throw new Failure(`${place}: it has no caption of the whole clip`);
    return { clip: clips[i], captions };
  });
