import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { type ExampleSource, splitExamples } from 'unrolled/data';
import {
  type Dialogue,
  DialogueAgent,
  type DialogueConfig,
  type DialogueDescription,
  dialogueKnowledge,
  dialogueTraining,
  smallBackbone,
} from 'unrolled/tasks/dialogue';
import type { Checkpoint } from 'unrolled/train';
import type { CellFile } from '../../cells/cell-file.ts';
import { cellSource } from '../../cells/cell-source.ts';
import { Failure } from '../../failure.ts';
import { countOf, formatCount } from '../../output/units.ts';
import { exampleUnits } from '../../run/events.ts';
import { withDefaults } from '../../run/options.ts';
import type { Prepared, Sources, Trainable } from '../../run/trainable.ts';
import type { ImageFolder } from '../image-folder.ts';
import { type DialogueFile, dialogueFiles, readDialogue, readDialogueFolder } from './data.ts';
import { type DialogueTrainOptions, defaults, fileOptions, optional, options } from './options.ts';

export const dialogue: Trainable<DialogueTrainOptions, ImageFolder> = {
  task: 'dialogue',
  command: 'dialogue train',
  inputs: 'images with dialogues',
  description: 'train an agent that answers questions about an image, which build on each other',
  argument: 'a folder with images and dialogues about them (visdial.json or dialogues.json, in the layout of VisDial)',
  missing: 'no images given; name a folder with images and dialogues',
  help: `
Examples with images:
  unrolled dialogue train scenes/train
  unrolled dialogue train images/ --dialogues visdial_1.0_train.json
  unrolled dialogue train scenes/train --history off --out runs/no-history
  unrolled dialogue train --resume runs/train`,
  defaults,
  optional,
  fileOptions,
  options,
  end: { epochs: 20, steps: 3000 },
  interval: (stepsPerEpoch) => Math.min(1000, Math.max(50, stepsPerEpoch)),
  recognises: (paths) => paths.some((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory()),
  read: readDialogueFolder,
  prepare,
};

async function prepare(
  { main, named }: Sources<ImageFolder>,
  said: Partial<DialogueTrainOptions>,
  checkpoint: Checkpoint | null,
  cell: CellFile | null,
): Promise<Prepared<DialogueTrainOptions>> {
  const chosen = withDefaults(dialogue, said);
  const { batch, seed, validationShare: share, skipBroken, minCount, size } = chosen;
  const { dialogues, about } = dialogueFiles(main, { dialogues: named.dialogues, skipBroken });
  // Dialogues about one image stay together.
  const split = splitExamples([...dialogues], { share, seed, keyOf: ({ file }) => file.sha256 });
  if (split.train.length === 0) throw new Failure('dialogue train: there are no dialogues to train on');
  const known = checkpoint
    ? (checkpoint.model as DialogueDescription)
    : dialogueKnowledge(
        split.train.map(({ conversation }) => conversation),
        { minCount },
      );
  const backbone = checkpoint ? (checkpoint.model as DialogueDescription).backbone : smallBackbone(size);
  const config = modelConfig(chosen, cell);
  const questions = split.train.reduce((sum, { conversation }) => sum + conversation.turns.length, 0);
  return {
    options: chosen,
    about: [
      `${countOf(split.train.length, 'dialogue')} with ${countOf(questions, 'question')}, ` +
        `${formatCount(split.validation.length)} more for validation; ${countOf(known.vocabulary.words.length, 'different word')}`,
      ...about,
    ],
    model: config,
    files: {},
    units: exampleUnits,
    itemsPerStep: batch * 60,
    async begin(device) {
      const { vocabulary, longest } = known;
      const agent = new DialogueAgent(device, { config, backbone, vocabulary, longest }, seed);
      const read = (one: DialogueFile) => readDialogue(one, backbone.preprocessing);
      const validation = await Promise.all(split.validation.slice(0, mostValidation).map(read));
      return dialogueTraining(agent, sourceOf(split.train, read), {
        ...{ batch, seed, validation, validationDialogues: mostValidation },
      });
    },
    next: (run) => `Use it: npx unrolled dialogue predict ${run} --image picture.png "is there a red circle?"`,
  };
}

/** The most validation dialogues that are answered. */
const mostValidation = 200;

/** Dialogues whose images are read when a batch needs them. */
function sourceOf(
  files: readonly DialogueFile[],
  read: (one: DialogueFile) => Promise<Dialogue>,
): ExampleSource<Dialogue> {
  const hash = createHash('sha256');
  for (const { file, conversation } of files) hash.update(`${file.sha256} ${JSON.stringify(conversation)}\n`);
  return { length: files.length, fingerprint: hash.digest('hex'), read: (index) => read(files[index]) };
}

function modelConfig(chosen: DialogueTrainOptions, own: CellFile | null): DialogueConfig {
  const { cell, hidden, layers, embedding, dropout, looks, image, history } = chosen;
  return {
    ...{ cell: cellSource(cell, hidden, own), hidden, layers, embedding, dropout, looks },
    ...{ image: image === 'on', history: history === 'on' },
  };
}
