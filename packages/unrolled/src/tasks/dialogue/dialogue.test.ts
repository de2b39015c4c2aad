import { afterAll, describe, expect, test } from 'vitest';
import { openDevice } from '../../device.ts';
import { ConfigError, DataError } from '../../errors.ts';
import { encodeModel, storeModel } from '../../train/stored-model.ts';
import { train } from '../../train/train.ts';
import { nearby, offsetMatrix } from './grid-attention.ts';
import {
  answerQuestions,
  type Dialogue,
  DialogueAgent,
  type DialogueConfig,
  dialogueKnowledge,
  dialogueTraining,
  evaluateDialogues,
  makeDialogues,
  paintScene,
  smallBackbone,
  withCandidates,
} from './index.ts';

const device = await openDevice('wasm', { threads: 1 });
afterAll(() => device.close());

const dialogues: readonly Dialogue[] = withCandidates(makeDialogues({ seed: 40, count: 6, rounds: 5 }), {
  seed: 1,
  count: 8,
}).map(({ scene, ...said }, i) => ({ ...said, image: paintScene(scene, i) }));

const config: DialogueConfig = { cell: 'gru', hidden: 12, layers: 1, embedding: 6, dropout: 0 };
const agentOf = (more: Partial<DialogueConfig> = {}, initial = 3): DialogueAgent =>
  new DialogueAgent(device, { ...dialogueKnowledge(dialogues), config: { ...config, ...more } }, initial);

/** The last question of each dialogue, after all before it. */
const inputs = dialogues.map(({ image, caption, turns }, i) => {
  const asked = turns.slice(0, 2 + (i % 3));
  const { question, candidates } = asked.at(-1)!;
  return { image, caption, question, turns: asked.slice(0, -1), ...(i % 2 === 0 && { candidates }) };
});

test('a map moves by every offset, and out of the grid where that leads', async () => {
  const grid = [2, 3] as const;
  const map = [1, 2, 3, 4, 5, 6];
  const moved = await device.read(() => nearby(device.tensor(map, [1, 6]), offsetMatrix(grid, device)));
  for (let down = -1; down <= 1; down++) {
    for (let right = -2; right <= 2; right++) {
      const offset = (down + 1) * 5 + right + 2;
      const found = Array.from({ length: 6 }, (_, place) => moved[place * 15 + offset]);
      const expected = Array.from({ length: 6 }, (_, place) => {
        const [row, column] = [Math.floor(place / 3) - down, (place % 3) - right];
        return row >= 0 && row < 2 && column >= 0 && column < 3 ? map[row * 3 + column] : 0;
      });
      expect(found).toEqual(expected);
    }
  }
});

describe('answers', () => {
  const agent = agentOf();

  test('do not depend on the other questions, to the bit', async () => {
    const all = await answerQuestions(agent, inputs, { beam: 2, nBest: 2 });
    for (const [i, input] of inputs.entries()) {
      expect(await answerQuestions(agent, [input], { beam: 2, nBest: 2 })).toEqual([all[i]]);
    }
    expect(await answerQuestions(agent, inputs, { beam: 2, nBest: 2, batch: 4 })).toEqual(all);
  });

  test('come with looks at all places, whose weights sum to 1', async () => {
    for (const { attention } of await answerQuestions(agent, inputs)) {
      expect(attention.grid).toEqual([3, 3]);
      expect(attention.weights).toHaveLength(2);
      for (const row of attention.weights) {
        expect(row).toHaveLength(9);
        expect(row.reduce((sum, one) => sum + one, 0)).toBeCloseTo(1, 5);
      }
    }
  });

  test('of candidates are the best of these, all ranked', async () => {
    const [{ answer, candidates }] = await answerQuestions(agent, inputs);
    expect(candidates.map(({ text }) => text).sort()).toEqual([...inputs[0].candidates!].sort());
    expect(answer).toBe(candidates[0].text);
    const scores = candidates.map(({ logProbability }) => logProbability);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    // The score of a candidate is that of the same words when they are written.
    const [written] = await answerQuestions(agent, [{ ...inputs[1], candidates: undefined }]);
    const [again] = await answerQuestions(agent, [{ ...inputs[1], candidates: [written.answer, 'no'] }]);
    const same = again.candidates.find(({ text }) => text === written.answer)!;
    if (written.answer.split(' ').length < agent.longest) {
      expect(same.logProbability).toBeCloseTo(written.candidates[0].logProbability, 4);
    }
    await expect(answerQuestions(agent, [{ ...inputs[0], candidates: [] }])).rejects.toThrow(DataError);
  });

  const scoreOf = async (one: DialogueAgent, input: (typeof inputs)[number], without: ('image' | 'history')[] = []) =>
    (await answerQuestions(one, [{ ...input, candidates: ['yes'] }], { without }))[0].candidates[0].logProbability;

  test('depend on the history and on the image, unless these are hidden', async () => {
    const input = inputs[2];
    const changes = {
      history: { ...input, turns: input.turns.map((turn) => ({ ...turn, answer: 'nothing' })) },
      image: { ...input, image: inputs[0].image },
    };
    for (const source of ['history', 'image'] as const) {
      expect(await scoreOf(agent, changes[source])).not.toBe(await scoreOf(agent, input));
      expect(await scoreOf(agent, changes[source], [source])).toBe(await scoreOf(agent, input, [source]));
      const blind = agentOf({ [source]: false });
      expect(await scoreOf(blind, changes[source])).toBe(await scoreOf(blind, input));
    }
  });
});

test('the file of a model opens alone', async () => {
  const agent = agentOf();
  const opened = DialogueAgent.load(device, encodeModel(await storeModel(agent)));
  expect(await answerQuestions(opened, inputs)).toEqual(await answerQuestions(agent, inputs));
});

test('learns what is asked, and needs the history for it', async () => {
  // The same pictures and questions; only what was said before decides.
  const pairs = ['red', 'blue', 'green'].flatMap((said) =>
    ['it', 'and that'].map((question, i) => ({
      image: dialogues[i].image,
      caption: '',
      turns: [
        { question: 'say a colour', answer: said },
        { question: `${question}?`, answer: said },
      ],
    })),
  );
  const agent = new DialogueAgent(
    device,
    // Frozen: two pictures have no statistics to normalise by.
    {
      ...dialogueKnowledge(pairs),
      backbone: { ...smallBackbone(), trained: false },
      config: { ...config, hidden: 24 },
    },
    1,
  );
  const task = dialogueTraining(agent, pairs, { batch: 6, seed: 1, validation: pairs });
  for await (const _ of train(task, { optimizer: { method: 'adam' }, learningRate: 0.01, clipNorm: 1, steps: 80 }));
  const scores = await evaluateDialogues(agent, pairs);
  expect(scores.backAccuracy).toBe(1);
  expect(scores.without.history!.backAccuracy).toBeLessThan(0.5);
  expect(scores.without.image!.backAccuracy).toBeGreaterThan(0.5);
  expect(scores.questionAlone).toBeCloseTo(1 / 3, 9);
  expect(scores).toMatchObject({ dialogues: 6, questions: 12, backQuestions: 6, ranking: null });
});

test('evaluation ranks candidates; the loss of an untrained model is near that of chance', async () => {
  const agent = agentOf();
  const scores = await evaluateDialogues(agent, dialogues);
  expect(scores.questions).toBe(30);
  expect(scores.ranking!.meanRank).toBeGreaterThan(1);
  expect(scores.ranking!.meanRank).toBeLessThan(8);
  expect(Math.abs(scores.loss - Math.log(agent.vocabulary.words.length + 2))).toBeLessThan(1);
  expect(Object.keys((await evaluateDialogues(agentOf({ image: false }), dialogues)).without)).toEqual(['history']);
  await expect(evaluateDialogues(agent, [])).rejects.toThrow(DataError);
});

test('sizes that cannot work are named', () => {
  expect(() => agentOf({ looks: 0 })).toThrow(ConfigError);
  expect(() => dialogueTraining(agentOf(), dialogues, { batch: 0, seed: 1 })).toThrow(ConfigError);
  expect(() => dialogueTraining(agentOf(), [], { batch: 1, seed: 1 })).toThrow(DataError);
});
