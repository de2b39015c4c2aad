/**
 * GRID: sentences of six words from videos of a mouth.
 *
 *     node tools/grid-lips.ts prepare grid-lips data       # strips and labels.csv, 250 clips in data/train and 50 in data/test
 *     npx unrolled video train data --strip 40 --bidirectional …
 *     node tools/grid-lips.ts score runs/data data         # word error rate beside guessing by the words' frequencies
 *
 * The model labels each frame with its word. `score` finds the likeliest sentence by Viterbi search over GRID's grammar: silence, a
 * word of each of six kinds, silence; which words there are is taken from the training clips. The baseline knows the grammar, too:
 * it says the most frequent training word of each kind.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { openDevice, Random } from 'unrolled';
import { editDistance } from 'unrolled/metrics';
import { evaluateFrameLabeller, FrameLabeller } from 'unrolled/tasks/video';
import { clipData, frameLabels } from '../packages/cli/src/input/clip-data.ts';
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

function prepare(source: string, target: string): void {
  const names = readdirSync(join(source, 'align'))
    .map((name) => name.replace('.align', ''))
    .sort();
  const order = new Random(1).permutation(names.length);
  const held = new Set(Array.from(order.subarray(0, 50), (i) => names[i]));
  for (const part of ['train', 'test']) {
    mkdirSync(join(target, part), { recursive: true });
    const lines = ['clip,label,start,end'];
    for (const name of names.filter((one) => held.has(one) === (part === 'test'))) {
      copyFileSync(join(source, 'strips', `${name}.jpg`), join(target, part, `${name}.jpg`));
      for (const { word, start, end } of wordsOf(join(source, 'align', `${name}.align`))) {
        lines.push(`${name}.jpg,${word},${start},${end}`);
      }
    }
    writeFileSync(join(target, part, 'labels.csv'), `${lines.join('\n')}\n`);
  }
}

/** The words of each clip, by its name. */
function sentencesIn(folder: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const line of readFileSync(join(folder, 'labels.csv'), 'utf8').trim().split('\n').slice(1)) {
    const [name, word] = line.split(',');
    found.set(name, [...(found.get(name) ?? []), word]);
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

async function score(run: string, data: string): Promise<void> {
  const device = await openDevice('wasm', { threads: 1 });
  const model = FrameLabeller.load(device, readModel(run, undefined));
  const { input } = model.config;
  if (input.kind !== 'frames') throw new Error('the model reads no frames');
  const { apart } = await clipData([data]);
  if (!apart) throw new Error(`${data}: there is no folder test in it`);
  const clips = await readClips(apart.clips, { strip: 40, prepare: shrinkTo(input.preprocessing) });
  const known = new Set(model.labels);
  const grammar = grammarOf(sentencesIn(join(data, 'train')).values()).map((words) =>
    words.filter((word) => known.has(word)),
  );
  const truth = sentencesIn(join(data, 'test'));
  const probabilities = await model.probabilities(clips);
  let [errors, guessed, words] = [0, 0, 0];
  const right = new Array<number>(6).fill(0);
  const guess = grammar.map(([word]) => word);
  for (const [i, { name }] of apart.clips.entries()) {
    const said = truth.get(basename(name))!;
    const found = bestSentence(probabilities[i], model.labels, grammar);
    words += said.length;
    errors += editDistance(found, said);
    guessed += editDistance(guess, said);
    for (let k = 0; k < 6; k++) right[k] += found[k] === said[k] ? 1 : 0;
    if (i < 5) console.log(`${found.join(' ')}   (said: ${said.join(' ')})`);
  }
  const labelled = apart.clips
    .map((one, i) => ({ clip: clips[i], labels: frameLabels(one, framesPerClip, silence) }))
    .filter(({ labels }) => labels.every((label) => known.has(label)));
  const frames = await evaluateFrameLabeller(model, labelled, { smooth: 3 });
  const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;
  console.log(
    `word error rate ${percent(errors / words)} of ${words} words; most frequent words ${percent(guessed / words)}`,
  );
  console.log(
    `right: ${['command', 'colour', 'preposition', 'letter', 'digit', 'adverb'].map((kind, k) => `${kind} ${percent(right[k] / clips.length)}`).join(', ')}`,
  );
  console.log(
    `frames ${percent(frames.accuracy)}, mean average precision ${frames.segments?.mean.toFixed(3)} over IoU 0.1 to 0.7`,
  );
  device.close();
}

const [what, from, to] = process.argv.slice(2);
if (to === undefined) throw new Error('node tools/grid-lips.ts prepare grid-lips data, or score run data');
if (what === 'prepare') prepare(from, to);
else await score(from, to);
