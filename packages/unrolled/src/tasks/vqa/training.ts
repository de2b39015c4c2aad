import { anything, count, type Kinds, requireOptions } from '../../checks.ts';
import { type BatchStrategy, byGroup } from '../../data/batches.ts';
import type { ExampleSource } from '../../data/examples.ts';
import { DataError } from '../../errors.ts';
import { commonAnswer, normaliseAnswer } from '../../metrics/answers.ts';
import type { Context } from '../../nn/layer.ts';
import { binaryCrossEntropyLoss, crossEntropyLoss } from '../../nn/losses.ts';
import { add, sub } from '../../ops/index.ts';
import { hashText } from '../../random.ts';
import type { StopSignal } from '../../signal.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { type ExampleOptions, exampleKinds, SupervisedTraining } from '../../train/supervised.ts';
import type { Validation } from '../../train/task.ts';
import { type View, viewSource } from '../views.ts';
import type { AnsweredQuestion, AnsweredView, QuestionData } from './data.ts';
import { evaluateAnswers } from './evaluate.ts';
import type { Answerer, EncodedQuestion } from './model.ts';
import { answerQuestions } from './predict.ts';

export interface AnswerTrainingOptions extends Omit<ExampleOptions<never>, 'validation'> {
  /** Held-out images and their questions. Default: none. */
  readonly validation?: QuestionData | undefined;
  /** Maximum number of images in a validation, spread evenly over the validation images. Default 1,000. */
  readonly validationImages?: number | undefined;
}

const { validation: _, ...batchKinds } = exampleKinds;
const kinds: Kinds<AnswerTrainingOptions> = { ...batchKinds, validation: anything, validationImages: count };

/** What a step learns from. */
interface Item extends EncodedQuestion {
  /** The answer's place among the K, or among the choices. */
  readonly target: number;
}

/**
 * Trains an answerer on questions about images, and beside it its copies that know less, each by its own loss. Questions whose
 * answer is none of the model's, or none of their choices, are left out. The loss is that of the model itself. The best checkpoint has the
 * greatest share of right answers on held-out questions.
 *
 * @throws DataError if no question can be learned from, or images and lists of questions differ in number
 *
 * @example
 * const vocabulary = questionVocabulary(questions.flat());
 * const answerer = new Answerer(device, { config, backbone: { config: network, preprocessing, trained: true }, vocabulary });
 * const task = answererTraining(answerer, { views: images, questions }, { batch: 64, seed: 1 });
 * for await (const event of train(task, { optimizer: { method: 'adam' }, learningRate: 1e-3, epochs: 10 })) …
 */
export function answererTraining(
  model: Answerer,
  data: QuestionData,
  options: AnswerTrainingOptions,
): SupervisedTraining<Item> {
  requireOptions('answererTraining', options, kinds);
  const { validation, validationImages = 1000, batch, seed } = options;
  const { source, groupOf } = itemsOf(model, data);
  const held = validation ? some(viewsOf(validation), validationImages) : null;
  const questions = held?.questions.flat().length ?? 0;
  const shown = held && questions > 0 ? held : viewsOf(data);
  // Where the network that sees the image is trained, the questions about one image go together: it is seen once for all of them.
  const together: BatchStrategy = (examples, given) => byGroup(examples, { ...given, groupOf });
  return new SupervisedTraining<Item>(
    {
      parameters: model.parameters,
      describe: () => model.describe(),
      loss: (items, context) => answerLoss(model, items, context),
    },
    source,
    {
      ...{ batch, seed },
      order: options.order ?? (model.backbone.trained ? together : undefined),
      chanceLoss: model.config.answering === 'softmax' ? Math.log(model.vocabulary.answers.length) : Math.log(2),
      // Read when they are needed.
      validation: new Array<Item>(questions),
      validate: (_, signal) => validate(model, held!, signal),
      sample: (step) => sample(model, shown, step),
    },
  );
}

/** The loss of the model; its gradient is that of the losses of all networks. */
function answerLoss(model: Answerer, items: readonly Item[], context: Context): Tensor {
  const { device, config } = model;
  const binary = config.answering === 'binary';
  const targets = binary
    ? device.tensor(
        items.flatMap(({ choices, target }) => choices.map((_, c) => Number(c === target))),
        [items.reduce((sum, { choices }) => sum + choices.length, 0)],
      )
    : device.ids(items.map(({ target }) => target));
  const [own, ...others] = [...model.apply(items, context).values()].map(({ logits }) =>
    binary ? binaryCrossEntropyLoss(logits, targets) : crossEntropyLoss(logits, targets),
  );
  return others.reduce((total, other) => add(total, sub(other, other.detach())), own);
}

interface ImageViews {
  readonly length: number;
  readonly fingerprint: number | string;
  readonly questions: readonly (readonly AnsweredQuestion[])[];
  read(image: number): View | Promise<View>;
}

/** @throws DataError if there are not as many lists of questions as images */
function viewsOf({ views, questions }: QuestionData): ImageViews {
  const source = viewSource(views);
  if (source.length !== questions.length) {
    throw new DataError(
      `answererTraining: ${source.length} images and questions about ${questions.length}; give one list for each`,
      { images: source.length, questions: questions.length },
    );
  }
  return {
    length: source.length,
    get fingerprint() {
      const texts = questions.flat().flatMap(({ question, answers }) => [question, ...answers]);
      return `${source.fingerprint} ${texts.reduce((hash, text) => hashText(text, hash), 0)}`;
    },
    questions,
    read: (image) => source.read(image),
  };
}

/** At most so many of the images, spread evenly. */
function some(images: ImageViews, most: number): ImageViews {
  const every = Math.max(1, Math.ceil(images.length / most));
  const questions = images.questions.filter((_, image) => image % every === 0);
  return { ...images, length: questions.length, questions, read: (image) => images.read(image * every) };
}

/** Each question that can be learned from. */
function itemsOf(model: Answerer, data: QuestionData): { source: ExampleSource<Item>; groupOf: (i: number) => number } {
  const images = viewsOf(data);
  const items = data.questions.flatMap((asked, image) =>
    asked.flatMap((one) => {
      const target = targetOf(model, one);
      if (target < 0) return [];
      // The image is read when a batch needs it.
      const { words, choices } = model.encode([], one.question, one.choices);
      return [{ image, words, choices, target }];
    }),
  );
  if (items.length === 0) throw new DataError('answererTraining: no question has an answer that the model can give');
  // One object for an image that several questions of a batch are about.
  const recent = new Map<number, View | Promise<View>>();
  const read = (image: number): View | Promise<View> => {
    const known = recent.get(image);
    if (known) return known;
    const view = images.read(image);
    recent.set(image, view);
    if (recent.size > kept) recent.delete(recent.keys().next().value!);
    return view;
  };
  return {
    groupOf: (index) => items[index].image,
    source: {
      length: items.length,
      get fingerprint() {
        return images.fingerprint;
      },
      lengthOf: (index) => items[index].words.length,
      read(index) {
        const { image, ...item } = items[index];
        const view = read(image);
        return view instanceof Promise ? view.then((seen) => ({ ...item, view: seen })) : { ...item, view };
      },
    },
  };
}

/** Images that are kept for the next questions about them. */
const kept = 64;

/** −1 where the model cannot give the answer. */
function targetOf({ config, vocabulary }: Answerer, { answers, choices = [] }: AnsweredQuestion): number {
  const common = commonAnswer(answers);
  return config.answering === 'binary'
    ? choices.findIndex((choice) => normaliseAnswer(choice) === common)
    : vocabulary.answers.indexOf(common);
}

async function validate(model: Answerer, images: ImageViews, signal: StopSignal | undefined): Promise<Validation> {
  const read = await Promise.all(Array.from({ length: images.length }, (_, image) => images.read(image)));
  const asked: AnsweredView[] = images.questions.flatMap((some, i) => some.map((one) => ({ ...one, view: read[i] })));
  const scores = await evaluateAnswers(model, asked, { signal });
  const { accuracy, loss, withoutImage, withoutQuestion, answersOnly } = scores;
  const known = { accuracy, withoutImage, withoutQuestion, answersOnly };
  const metrics = Object.fromEntries(Object.entries(known).filter(([, value]) => value !== null));
  return { loss: loss ?? 0, metrics: metrics as Record<string, number>, cost: -accuracy };
}

/** Answers to questions about three images, others at every step. */
async function sample(model: Answerer, images: ImageViews, step: number): Promise<string> {
  const asked = images.questions.flatMap((some, image) => some.map((one) => ({ image, ...one })));
  const chosen = [0, 1, 2].map((i) => asked[(step * 3 + i) % asked.length]);
  const questions = await Promise.all(
    chosen.map(async ({ image, question, choices }) => ({ view: await images.read(image), question, choices })),
  );
  const found = await answerQuestions(model, questions);
  return found
    .map(({ answer, probability }, i) => {
      const right = commonAnswer(chosen[i].answers);
      const verdict = normaliseAnswer(answer) === right ? answer : `${answer} (right: ${right})`;
      return `${chosen[i].question} → ${verdict} (${Math.round(100 * probability)}%)`;
    })
    .join('\n');
}
