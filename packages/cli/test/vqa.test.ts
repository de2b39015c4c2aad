import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDevice } from 'unrolled';
import { ImageNetwork, imageNetworkFile, networkConfig } from 'unrolled/vision';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { parseQuestions } from '../src/input/questions.ts';
import { encodePng } from '../src/output/png.ts';
import { readEvents, tensorsOf, workplace } from './command.ts';
import { colours, picture } from './pictures.ts';
import { taskCommand } from './task-command.ts';

const { path: cwd, file } = workplace(afterAll);
const at = (name: string): string => join(cwd, name);
const vqa = taskCommand('vqa');

mkdirSync(at('shapes/images'), { recursive: true });
const questions = Array.from({ length: 12 }, (_, i) => [
  ['What color is it?', colours[i % 3], i],
  ['is it a picture', 'yes', i],
]).flat();
for (let i = 0; i < 12; i++) file(`shapes/images/${i}.png`, encodePng(picture(i % 3, i)));
file('shapes/questions.json', JSON.stringify(questions));
file('train.txt', '0\n1\n2\n3\n4\n5\n6\n');
file('validation.txt', '7\n8\n');
file('test.txt', '9\n10\n11\n');
const lists = [
  '--train-split',
  at('train.txt'),
  '--validation-split',
  at('validation.txt'),
  '--test-split',
  at('test.txt'),
];
const small = ['--hidden', '12', '--embedding', '6', '--batch', '8', '--dropout', '0'];
const own = [...small, '--network', 'lenet', '--size', '16'];

const device = await openDevice('wasm', { threads: 1 });
afterAll(() => device.close());
const network = new ImageNetwork(
  device,
  {
    config: networkConfig('lenet', { classes: 2, size: 16 }),
    preprocessing: { size: 16, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
    labels: null,
  },
  3,
);
writeFileSync(at('weights.safetensors'), await imageNetworkFile(network));

beforeEach(() => {
  process.exitCode = undefined;
});

describe('a folder of images with questions', () => {
  const run = at('runs/shapes');

  test('is trained on with a network that sees, resumed, evaluated and answered', async () => {
    const { out } = await vqa('train', at('shapes'), ...own, ...lists, '--lr', '0.01', '--steps', '60', '--out', run);
    expect(out).toContain(
      '14 questions about 7 images, 4 more for validation, 6 left out for a test; 6 different words, 4 answers',
    );
    expect(readEvents(run).at(-1)).toMatchObject({ type: 'done', reason: 'finished' });
    const validation = readEvents(run).findLast(({ type }) => type === 'validation');
    expect(Object.keys((validation as unknown as { metrics: object }).metrics)).toEqual([
      'accuracy',
      'withoutImage',
      'withoutQuestion',
    ]);
    await vqa('train', '--resume', run, '--steps', '62');

    const evaluated = await vqa('eval', run, at('shapes'), '--split', at('test.txt'));
    expect(evaluated.out).toMatch(
      /6 questions about 3 images; right answers:\n {2}the model, image and question .*%\n {2}without the image .*%\n {2}without the question .*%\n {2}most frequent answer by type of question .*%\n {2}most frequent answer .*%\nThe image is worth .* points \(95% interval .*\)\n/,
    );
    const scores = JSON.parse((await vqa('eval', run, at('shapes'), '--split', at('test.txt'), '--json')).out);
    expect(scores).toMatchObject({ type: 'evaluation', task: 'vqa', questions: 6, images: 3, unknown: 0 });

    const image = at('shapes/images/10.png');
    const asked = ['what color is it', 'is it a picture?'];
    const predicted = await vqa('predict', run, image, ...asked, '--attention', at('look.svg'));
    expect(predicted.out).toMatch(/^[a-z]+\t0\.\d{3}\n[a-z]+\t0\.\d{3}\n$/);
    expect(readFileSync(at('look-2.svg'), 'utf8')).toContain('data:image/png;base64,');
    const json = JSON.parse((await vqa('predict', run, image, asked[0], '--json', '--choices', 'red|blue')).out);
    expect(json).toMatchObject({ type: 'answer', question: asked[0] });
    expect(json.candidates.map(({ answer }: { answer: string }) => answer).sort()).toEqual(['blue', 'red']);
    file('asked.txt', `${image}\t${asked[0]}\n\n${image}\t${asked[1]}\n`);
    const lines = (await vqa('predict', run, '--file', at('asked.txt'))).out.split('\n');
    expect([lines[0], lines[2]]).toEqual(predicted.out.trim().split('\n'));
    expect(lines[1]).toBe('');
  }, 30_000);

  test('resumes to the same bits', async () => {
    const args = ['train', at('shapes'), ...own, ...lists, '--schedule', 'constant'];
    await vqa(...args, '--steps', '5', '--out', at('runs/whole'));
    await vqa(...args, '--steps', '2', '--out', at('runs/parts'));
    await vqa('train', '--resume', at('runs/parts'), '--steps', '5');
    expect(tensorsOf(at('runs/parts'))).toEqual(tensorsOf(at('runs/whole')));
  });

  test('is trained on with features of a pretrained network, to judge choices', async () => {
    const rows = Array.from({ length: 12 }, (_, i) => `${i}.png,what color is it,${colours[i % 3]},red|green|blue`);
    file('choices.csv', `image,question,answer,choices\n${rows.join('\n')}\n`);
    const args = [...small, '--backbone', at('weights.safetensors'), '--questions', at('choices.csv')];
    const chosen = ['--answering', 'binary', '--attention', '0', '--steps', '40', '--out', at('runs/choices')];
    const { out } = await vqa('train', at('shapes'), ...args, ...chosen, '--test-split', at('test.txt'));
    expect(out).toMatch(/Features of 9 of 9 images, kept in .*features/);
    const evaluated = await vqa('eval', at('runs/choices'), at('shapes'), '--questions', at('choices.csv'));
    expect(evaluated.out).toMatch(/12 questions about 12 images;[\s\S]*the choices alone/);
    const image = at('shapes/images/3.png');
    await expect(vqa('predict', at('runs/choices'), image, 'what color is it')).rejects.toThrow(/judges choices/);
    const { out: answer } = await vqa(
      'predict',
      at('runs/choices'),
      image,
      'what color',
      '--choices',
      'red|blue',
      '--n-best',
      '2',
    );
    expect(answer).toMatch(/^(red|blue)\t.*\n(red|blue)\t.*\n$/);
    await expect(vqa('predict', at('runs/choices'), image, 'x', '--attention', at('a.svg'))).rejects.toThrow(
      'no attention',
    );
  }, 30_000);
});

describe('questions are read in each of their forms', () => {
  const forms: Readonly<Record<string, string>> = {
    'a.csv': 'image,question,answer\n7.jpg,"What, is it?",lamp\n7.jpg,how many,2\n',
    'a.tsv': 'question\tanswer\timage_id\nWhat, is it?\tlamp\t7.jpg\nhow many\t2\t7.jpg\n',
    'a.jsonl':
      '{"image":"7.jpg","question":"What, is it?","answer":"lamp"}\n\n{"image":"7.jpg","question":"how many","answers":["2"]}',
    'list.json': '[["What, is it?","lamp","7.jpg"],["how many","2","7.jpg"]]',
    'objects.json':
      '[{"image":"7.jpg","question":"What, is it?","answer":"lamp"},{"image":"7.jpg","question":"how many","answer":"2"}]',
    'v7w.json': JSON.stringify({
      images: [
        {
          ...{ filename: '7.jpg', split: 'val' },
          qa_pairs: [
            { question: 'What, is it?', answer: 'lamp' },
            { question: 'how many', answer: '2', multiple_choices: ['3', '1', '0'] },
          ],
        },
      ],
    }),
  };

  test.each(Object.entries(forms))('%s', async (name, text) => {
    const found = await parseQuestions(text, name);
    expect(found.map(({ image, question, answers }) => [image, question, ...answers])).toEqual([
      ['7.jpg', 'What, is it?', 'lamp'],
      ['7.jpg', 'how many', '2'],
    ]);
    if (name === 'v7w.json') expect(found[1]).toMatchObject({ choices: ['0', '1', '2', '3'], part: 'validation' });
  });

  test("DAQUAR's pairs of lines", async () => {
    const text =
      'what is on the desk in the image3 ?\nbook, pen\nwhat is this in this image4 ?\nlamp\nhow many lamps on the image5\n2\n';
    const found = await parseQuestions(text, 'qa.txt');
    expect(found.map(({ image, question, answers }) => [image, question, ...answers])).toEqual([
      ['image3', 'what is on the desk', 'book, pen'],
      ['image4', 'what is this', 'lamp'],
      ['image5', 'how many lamps', '2'],
    ]);
  });

  test("VQA's questions, with the answers of ten persons in another file", async () => {
    const text = JSON.stringify({ questions: [{ image_id: 42, question: 'Is it?', question_id: 420 }] });
    const answers = Array.from({ length: 10 }, (_, i) => ({ answer: i < 6 ? 'yes' : 'no', answer_id: i + 1 }));
    const annotations = { path: 'a.json', text: JSON.stringify({ annotations: [{ question_id: 420, answers }] }) };
    const [only] = await parseQuestions(text, 'q.json', annotations);
    expect(only).toMatchObject({ image: '42', question: 'Is it?' });
    expect(only.answers).toHaveLength(10);
    await expect(parseQuestions(text, 'q.json')).rejects.toThrow('give it with --annotations');
    const none = { path: 'a.json', text: '{"annotations":[]}' };
    await expect(parseQuestions(text, 'q.json', none)).rejects.toThrow('there is no answer with question_id 420');
  });

  test('images by number, as in the names of COCO, and by name without an extension', async () => {
    mkdirSync(at('coco'), { recursive: true });
    for (const i of [1, 2, 3]) file(`coco/COCO_val2014_00000000000${i}.png`, encodePng(picture(i % 3, i)));
    const text = {
      questions: [1, 2, 3].map((i) => ({ image_id: i, question: 'what color', question_id: i })),
      annotations: [1, 2, 3].map((i) => ({ question_id: i, multiple_choice_answer: colours[i % 3] })),
    };
    file('coco/v2_questions.json', JSON.stringify(text));
    const { out } = await vqa(
      'train',
      at('coco'),
      ...own,
      '--steps',
      '1',
      '--validation-share',
      '0',
      '--out',
      at('runs/coco'),
    );
    expect(out).toContain('3 questions about 3 images');
  });
});

describe('what is refused by name', () => {
  const broken = (name: string, text: string): string => {
    file(name, text);
    return at(name);
  };
  const train = (...more: string[]): Promise<unknown> =>
    vqa('train', at('shapes'), ...own, ...more, '--out', at('runs/never'));

  test('a question without its image, unless such are to be left out', async () => {
    const lost = broken('lost.json', JSON.stringify([...questions, ['where is it', 'here', 99]]));
    await expect(train('--questions', lost)).rejects.toThrow(
      /lost\.json: item 25: there is no image '99' in .*shapes; --skip-broken leaves such out/,
    );
    const args = [...own, '--questions', lost, '--skip-broken', '--steps', '1', '--out', at('runs/lost')];
    expect((await vqa('train', at('shapes'), ...args)).out).toMatch(/Left out: .*item 25/);
  });

  test.each([
    ['empty.csv', 'image,question,answer\n0.png,what,\n', "line 2: the answer to 'what' is empty"],
    ['blank.csv', 'image,question,answer\n0.png,,x\n', 'line 2: the question is empty'],
    ['columns.csv', 'picture,text\n0.png,a\n', 'must name the columns image, question and answer'],
    ['odd.jsonl', '{"image":"0.png","question":"a","answer":"b"}\n{"image":3}\n', 'line 2: it must be { "image": name'],
    ['odd.json', '[["what","red",0],["what",5,0]]', 'item 2: it must be [question, answer, image]'],
    ['nothing.json', '[]', 'no questions found'],
    ['other.json', '{\n"captions": [] }', "must have a list 'questions'"],
    ['cut.json', '[["what","red"', 'it is not JSON'],
    ['daquar_qa_pairs.txt', 'what in the image0 ?\nred\nwhat in the image1 ?\n', 'line 3: it must be a question'],
    ['far.csv', 'image,question,answer\n99.png,what,red\n', "there is no image '99.png'"],
    ['v7w.json', '{"images":[{"filename":"0.png"}]}', 'image 1: it must have filename and a list qa_pairs'],
  ])('questions in %s', async (name, text, message) => {
    await expect(train('--questions', broken(name, text))).rejects.toThrow(message);
  });

  test('choices that are missing, one answer alone, broken images, and a folder without questions', async () => {
    await expect(train('--answering', 'binary')).rejects.toThrow(/judges choices, and 'What color is it\?' has none/);
    const one = broken('one.csv', 'image,question,answer\n0.png,what,red\n1.png,what,Red\n');
    await expect(train('--questions', one, '--validation-share', '0')).rejects.toThrow(
      /1 different answers; at least two/,
    );
    mkdirSync(at('bad'), { recursive: true });
    file('bad/0.png', encodePng(picture(0, 0)).subarray(0, 90));
    file('bad/1.png', encodePng(picture(1, 1)));
    const bad = ['train', at('bad'), ...own, '--validation-share', '0', '--out', at('runs/bad')];
    await expect(vqa(...bad)).rejects.toThrow('no questions found; name their file questions.csv');
    file('bad/questions.csv', 'image,question,answer\n0,what,a\n1,what,b\n');
    await expect(vqa(...bad)).rejects.toThrow(/bad\/0\.png: /);
    const none = ['predict', at('runs/shapes'), at('nothing.png'), 'what'];
    await expect(vqa(...none)).rejects.toThrow(/nothing\.png: /);
    await expect(
      vqa('predict', at('runs/shapes'), at('shapes/images/0.png'), 'what', '--choices', 'red'),
    ).rejects.toThrow('two answers or more');
  });
});
