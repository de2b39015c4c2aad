import { count, type Kinds, requireOptions } from '../../checks.ts';
import { type ExampleSource, type Examples, mapExamples } from '../../data/examples.ts';
import { hashImage } from '../../images/labelled-images.ts';
import { hashText, mix32 } from '../../random.ts';
import type { StopSignal } from '../../signal.ts';
import { type ExampleOptions, exampleKinds, SupervisedTraining } from '../../train/supervised.ts';
import type { Validation } from '../../train/task.ts';
import type { Dialogue } from './dialogue.ts';
import { scoreDialogues } from './evaluate.ts';
import { dialogueLoss } from './loss.ts';
import type { DialogueAgent, EncodedDialogue } from './model.ts';
import { answerQuestions } from './predict.ts';

export interface DialogueTrainingOptions extends ExampleOptions<Dialogue> {
  /** Maximum number of validation dialogues that are answered at a validation, the first ones. Default 200. */
  readonly validationDialogues?: number | undefined;
}

const kinds: Kinds<DialogueTrainingOptions> = {
  ...(exampleKinds as Kinds<ExampleOptions<Dialogue>>),
  validationDialogues: count,
};

/**
 * Trains an agent on dialogues; an example is a whole one, with all its questions. The best checkpoint has the lowest loss.
 * @param dialogues  in memory, or a source that reads each when a batch needs it
 * @throws DataError without dialogues; ConfigError on an option that is unknown or out of range
 *
 * @example
 * const agent = new DialogueAgent(device, { ...dialogueKnowledge(dialogues), config });
 * for await (const event of train(dialogueTraining(agent, dialogues, { batch: 32, seed: 1 }), …)) …
 */
export function dialogueTraining(
  agent: DialogueAgent,
  dialogues: Examples<Dialogue>,
  options: DialogueTrainingOptions,
): SupervisedTraining<EncodedDialogue> {
  requireOptions('dialogueTraining', options, kinds);
  const { validation = [], validationDialogues = 200, batch, seed, order } = options;
  const held = validation.slice(0, validationDialogues);
  const source = dialogueSource(dialogues);
  const encode = (dialogue: Dialogue): EncodedDialogue => agent.encodeDialogue(dialogue.image, dialogue);
  const model = {
    parameters: agent.parameters,
    describe: () => agent.describe(),
    loss: (some: readonly EncodedDialogue[], context: Parameters<typeof dialogueLoss>[2]) =>
      dialogueLoss(agent, some, context).loss,
  };
  return new SupervisedTraining<EncodedDialogue>(model, mapExamples(source, encode), {
    ...{ batch, seed, order, chanceLoss: Math.log(agent.vocabulary.words.length + 1) },
    validation: held.map(encode),
    validate: (_, signal) => validate(agent, held, signal),
    sample: async (step) => sample(agent, held[0] ? held : [await source.read(0)], step, seed),
  });
}

/** Dialogues in memory as a source whose fingerprint is made of their words and the bytes of their images. */
function dialogueSource(dialogues: Examples<Dialogue>): ExampleSource<Dialogue> {
  if (!Array.isArray(dialogues)) return dialogues as ExampleSource<Dialogue>;
  const list = dialogues as readonly Dialogue[];
  let fingerprint: number | null = null;
  return {
    length: list.length,
    // Only a checkpoint needs it.
    get fingerprint() {
      fingerprint ??= list.reduce(
        (hash, { image, ...said }) => hashImage(hash, image, JSON.stringify(said)),
        list.length,
      );
      return fingerprint;
    },
    read: (index) => list[index],
  };
}

async function validate(
  agent: DialogueAgent,
  dialogues: readonly Dialogue[],
  signal: StopSignal | undefined,
): Promise<Validation> {
  const { loss, accuracy, backAccuracy, ranking } = await scoreDialogues(agent, dialogues, [], { signal });
  return {
    loss,
    metrics: {
      accuracy,
      ...(backAccuracy !== null && { backAccuracy }),
      ...(ranking && { mrr: ranking.mrr, recall1: ranking.recall[1] }),
    },
  };
}

/** The questions of a dialogue, each answered after what people said before it. */
async function sample(
  agent: DialogueAgent,
  dialogues: readonly Dialogue[],
  step: number,
  seed: number,
): Promise<string> {
  const { image, caption, turns } = dialogues[mix32(hashText(String(step), seed)) % dialogues.length];
  const inputs = turns.map(({ question }, i) => ({ image, caption, turns: turns.slice(0, i), question }));
  const answers = await answerQuestions(agent, inputs);
  return [
    caption,
    ...turns.map(({ question, answer }, i) => {
      const written = answers[i].answer;
      return `${question} → ${written}${written === answer ? '' : `   (reference: ${answer})`}`;
    }),
  ].join('\n');
}
