/**
 * GRID: sentences of six words from videos of a mouth.
 *
 *     node tools/grid-lips.ts prepare grid-lips data       # strips and labels.csv, 250 clips in data/train and 50 in data/test
 *     node tools/grid-lips.ts sentences grid-lips data     # the same with captions.csv: a sentence for each clip
 *     npx unrolled video train data --strip 40 --bidirectional …
 *     node tools/grid-lips.ts score runs/data data         # word error rate beside guessing by the words' frequencies
 *     node tools/grid-lips.ts probabilities runs/data data read   # read/train.jsonl, test.jsonl: what the model says of frames
 *
 * With labels.csv the model labels each frame with its word. `score` finds the likeliest sentence by Viterbi search over GRID's
 * grammar: silence, a word of each of six kinds, silence; which words there are is taken from the training clips. With captions.csv
 * the model writes the sentence, greedily, and is told neither the grammar nor when a word is said. The baseline knows the
 * grammar: it says the most frequent training word of each kind.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { openDevice, Random } from 'unrolled';
import { editDistance } from 'unrolled/metrics';
import { type Clip, evaluateFrameLabeller, FrameLabeller, VideoCaptioner } from 'unrolled/tasks/video';
import { taskOf } from 'unrolled/train';
import { clipData, type FoundClip, frameLabels } from '../packages/cli/src/input/clip-data.ts';
import { readModel } from '../packages/cli/src/run/load.ts';
import { shrinkTo } from '../packages/cli/src/tasks/video/model-config.ts';
import { readClips } from '../packages/cli/src/tasks/video/sources.ts';

const silence = 'none';
const framesPerClip = 75;

interface Word {
  readonly word: string;
  readonly start: number;
  readonly end: number;
}

/** Words with their frames; silence and short pauses are left out. */
const wordsOf = (file: string): Word[] =>
  readFileSync(file, 'utf8')
    .trim()
    .split(/\r?\n/)
    .map((line) => {
      const [from, to, word] = line.split(' ');
      const frame = (units: string): number => Math.min(framesPerClip, Math.round(Number(units) / 1000));
      return { word, start: frame(from), end: frame(to) };
    })
    .filter(({ word, start, end }) => word !== 'sil' && word !== 'sp' && end > start);

function prepare(source: string, target: string, whole: boolean): void {
  const names = readdirSync(join(source, 'align'))
    .map((name) => name.replace('.align', ''))
    .sort();
  const order = new Random(1).permutation(names.length);
  const held = new Set(Array.from(order.subarray(0, 50), (i) => names[i]));
  for (const part of ['train', 'test']) {
    mkdirSync(join(target, part), { recursive: true });
    const lines = [whole ? 'clip,caption' : 'clip,label,start,end'];
    for (const name of names.filter((one) => held.has(one) === (part === 'test'))) {
      copyFileSync(join(source, 'strips', `${name}.jpg`), join(target, part, `${name}.jpg`));
      const words = wordsOf(join(source, 'align', `${name}.align`));
      if (whole) lines.push(`${name}.jpg,${words.map(({ word }) => word).join(' ')}`);
      else for (const { word, start, end } of words) lines.push(`${name}.jpg,${word},${start},${end}`);
    }
    writeFileSync(join(target, part, whole ? 'captions.csv' : 'labels.csv'), `${lines.join('\n')}\n`);
  }
}

/** The words of each clip, by its name. */
function sentencesIn(folder: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const file = ['labels.csv', 'captions.csv'].map((name) => join(folder, name)).find(existsSync)!;
  for (const line of readFileSync(file, 'utf8').trim().split('\n').slice(1)) {
    const [name, words] = line.split(',');
    found.set(name, [...(found.get(name) ?? []), ...words.split(' ')]);
  }
  return found;
}

/** The most frequent words first, of each of the six places. */
function grammarOf(sentences: Iterable<readonly string[]>): string[][] {
  const counts = Array.from({ length: 6 }, () => new Map<string, number>());
  for (const words of sentences)
    for (const [k, word] of words.slice(0, 6).entries()) counts[k].set(word, (counts[k].get(word) ?? 0) + 1);
  return counts.map((of) => [...of].sort(([, a], [, b]) => b - a).map(([word]) => word));
}

/** The likeliest sentence: a path through silence, a word of each place, and silence, that stays or goes on at every frame. */
function bestSentence(
  rows: readonly Float64Array[],
  labels: readonly string[],
  grammar: readonly (readonly string[])[],
): string[] {
  const places = [[silence], ...grammar, [silence]];
  const states = places.flatMap((words, place) => words.map((word) => ({ place, k: labels.indexOf(word), word })));
  const score = (row: Float64Array, k: number): number => Math.log(Math.max(row[k], 1e-9));
  let best = states.map(({ place, k }) => (place === 0 ? score(rows[0], k) : Number.NEGATIVE_INFINITY));
  const from: number[][] = [];
  for (const row of rows.slice(1)) {
    const tops = places.map((_, place) =>
      states.reduce((top, one, s) => (one.place === place && (top < 0 || best[s] > best[top]) ? s : top), -1),
    );
    const back = states.map(({ place }, s) => (place > 0 && best[tops[place - 1]] > best[s] ? tops[place - 1] : s));
    best = states.map(({ k }, s) => best[back[s]] + score(row, k));
    from.push(back);
  }
  let state = states.length - 1;
  const path = [state];
  for (const back of from.reverse()) {
    state = back[state];
    path.push(state);
  }
  const words = path.reverse().map((s) => states[s]);
  return words
    .filter(({ place }, t) => place > 0 && place < 7 && words[t - 1]?.place !== place)
    .map(({ word }) => word);
}

const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;

/** Clips whose features are what a model of frames thinks of each frame, with their sentences as captions. */
async function probabilities(run: string, data: string, target: string): Promise<void> {
  const device = await openDevice('wasm', { threads: 1 });
  const model = FrameLabeller.load(device, readModel(run, undefined));
  const { input } = model.config;
  if (input.kind !== 'frames') throw new Error('the model reads no frames');
  for (const part of ['train', 'test']) {
    const { train: found } = await clipData([join(data, part)]);
    const clips = await readClips(found, { strip: 40, prepare: shrinkTo(input.preprocessing) });
    const sentences = sentencesIn(join(data, part));
    const rows = await model.probabilities(clips);
    const lines = found.map(({ name }, i) => {
      const features = rows[i].map((row) => Array.from(row, (p) => Number(Math.log(p + 0.01).toFixed(3))));
      return JSON.stringify({ features, caption: sentences.get(basename(name))!.join(' ') });
    });
    mkdirSync(target, { recursive: true });
    writeFileSync(join(target, `${part}.jsonl`), `${lines.join('\n')}\n`);
  }
  device.close();
}

async function score(run: string, data: string): Promise<void> {
  const device = await openDevice('wasm', { threads: 1 });
  const stored = readModel(run, undefined);
  const whole = taskOf(stored) === 'video-caption';
  const model = whole ? VideoCaptioner.load(device, stored) : FrameLabeller.load(device, stored);
  const { input } = model.config;
  if (input.kind !== 'frames') throw new Error('the model reads no frames');
  const { apart } = await clipData([data]);
  if (!apart) throw new Error(`${data}: there is no folder test in it`);
  const clips = await readClips(apart.clips, { strip: 40, prepare: shrinkTo(input.preprocessing) });
  const grammar = grammarOf(sentencesIn(join(data, 'train')).values());
  const truth = sentencesIn(join(data, 'test'));
  const said = apart.clips.map(({ name }) => truth.get(basename(name))!);
  const found = model instanceof VideoCaptioner ? await written(model, clips) : await searched(model, clips, grammar);
  const guess = grammar.map(([word]) => word);
  let [errors, guessed, words] = [0, 0, 0];
  const right = new Array<number>(6).fill(0);
  for (const [i, sentence] of said.entries()) {
    words += sentence.length;
    errors += editDistance(found[i], sentence);
    guessed += editDistance(guess, sentence);
    for (let k = 0; k < 6; k++) right[k] += found[i][k] === sentence[k] ? 1 : 0;
    if (i < 5) console.log(`${found[i].join(' ')}   (said: ${sentence.join(' ')})`);
  }
  console.log(
    `word error rate ${percent(errors / words)} of ${words} words; most frequent words ${percent(guessed / words)}`,
  );
  const kinds = ['command', 'colour', 'preposition', 'letter', 'digit', 'adverb'];
  const guesses = kinds.map((_, k) => said.filter((sentence) => sentence[k] === guess[k]).length / said.length);
  console.log(
    `right: ${kinds.map((kind, k) => `${kind} ${percent(right[k] / clips.length)} (most frequent ${percent(guesses[k])})`).join(', ')}`,
  );
  if (model instanceof FrameLabeller) await scoreFrames(model, apart.clips, clips);
  device.close();
}

const written = async (model: VideoCaptioner, clips: readonly Clip[]): Promise<string[][]> =>
  (await model.predict(clips)).map(({ text }) => text.split(' '));

async function searched(
  model: FrameLabeller,
  clips: readonly Clip[],
  grammar: readonly (readonly string[])[],
): Promise<string[][]> {
  const known = grammar.map((words) => words.filter((word) => model.labels.includes(word)));
  return (await model.probabilities(clips)).map((rows) => bestSentence(rows, model.labels, known));
}

/** Words of frames against the alignments. */
async function scoreFrames(model: FrameLabeller, found: readonly FoundClip[], clips: readonly Clip[]): Promise<void> {
  const labelled = found
    .map((one, i) => ({ clip: clips[i], labels: frameLabels(one, framesPerClip, silence) }))
    .filter(({ labels }) => labels.every((label) => model.labels.includes(label)));
  const { accuracy, segments } = await evaluateFrameLabeller(model, labelled, { smooth: 3 });
  const spoken = labelled.flatMap(({ labels }) => labels);
  const silent = spoken.filter((label) => label === silence).length / spoken.length;
  console.log(
    `frames ${percent(accuracy)}, of ${labelled.length} clips (silence alone ${percent(silent)}); mean average precision ` +
      `${segments?.mean.toFixed(3)} over IoU 0.1 to 0.7`,
  );
}

const [what, from, to, target] = process.argv.slice(2);
if (to === undefined || (what === 'probabilities' && target === undefined))
  throw new Error(
    'node tools/grid-lips.ts prepare (or sentences) grid-lips data, score run data, or probabilities run data target',
  );
if (what === 'score') await score(from, to);
else if (what === 'probabilities') await probabilities(from, to, target);
else prepare(from, to, what === 'sentences');
