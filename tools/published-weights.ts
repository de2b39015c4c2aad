// Published weights and tokenizers held against what other programs computed of them. The files are not part of this repository.
//
//     node tools/published-weights.ts gpt-nano-sort FOLDER    # gpt-nano-sort-model.json and -t0-partials.json of llm-viz
//     node tools/published-weights.ts stories260k FOLDER      # stories260K.bin and tok512.bin of llama2.c
//     node tools/published-weights.ts gpt2-tokenizer FOLDER   # encoder.json and vocab.bpe of GPT-2
//
// gpt-nano-sort: recorded activations, and all 729 inputs sorted. stories260k: 200 greedy tokens, beside those of numpy in float64
// (published-weights/stories260k.py). gpt2-tokenizer: ids of hard texts, beside those of Hugging Face's tokenizers (test/golden).

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { embedding, openDevice, type Tensor } from 'unrolled';
import { inference, type Transformer } from 'unrolled/nn';
import { type ModelFolder, readPretrained } from 'unrolled/pretrained';
import { generateTogether, LanguageModel } from 'unrolled/tasks/language-model';
import { bytePairsFromFiles, createTokenizer } from 'unrolled/tokenizers';
import { loadPublishedTokenizers } from '../test/golden/load.ts';

const [kind, path = '.'] = process.argv.slice(2);

const folder: ModelFolder = { names: readdirSync(path), read: (name) => readFileSync(join(path, name)) };

interface Stored {
  readonly shape: readonly number[];
  readonly data: string;
}

const numbersOf = ({ data }: Stored): Float32Array => {
  const bytes = Buffer.from(data, 'base64');
  return new Float32Array(new Uint8Array(bytes).buffer);
};

/** The largest difference, with names in a column. */
function report(name: string, found: ArrayLike<number>, expected: ArrayLike<number>, most: number): boolean {
  let largest = found.length === expected.length ? 0 : Number.POSITIVE_INFINITY;
  for (let i = 0; i < expected.length; i++) largest = Math.max(largest, Math.abs(found[i] - expected[i]));
  const fits = largest <= most;
  console.log(
    `${name.padEnd(12)} ${String(expected.length).padStart(6)} numbers, largest difference ${largest.toExponential(1)}${fits ? '' : '  ✗'}`,
  );
  return fits;
}

async function gptNanoSort(): Promise<boolean> {
  const device = await openDevice();
  const model = LanguageModel.load(device, readPretrained(folder, 'gpt-nano-sort-model.json'));
  const partials: Record<string, Stored> = JSON.parse(folder.read('gpt-nano-sort-t0-partials.json').toString());
  const [B, T] = partials.idx.shape;
  /** `[T, B, …]` as `[B, T, …]`. */
  const batchFirst = (data: ArrayLike<number>): Float32Array => {
    const width = data.length / (T * B);
    return Float32Array.from({ length: data.length }, (_, i) => {
      const [row, c] = [Math.floor(i / width), i % width];
      return data[((row % T) * B + Math.floor(row / T)) * width + c];
    });
  };
  const given = numbersOf(partials.idx);
  const ids = device.ids(
    Int32Array.from({ length: T * B }, (_, i) => given[(i % B) * T + Math.floor(i / B)]),
    [T, B],
  );
  const xs = embedding(model.parameters.get('embedding.weight'), ids);
  const weights: ArrayLike<number>[] = [];
  const seen = (_: number, one: Tensor): number => weights.push(one.data());
  const { outputs } = (model.sequence as Transformer).run(xs, inference, { seen });
  const logits = model.apply(ids).logits;
  const fits = [
    report('tok_emb', batchFirst(xs.data()), numbersOf(partials.tok_emb), 0),
    report('attSm', weights[0], numbersOf(partials.attSm), 1e-5),
    report('ln_f', batchFirst(outputs.data()), numbersOf(partials.ln_f), 1e-4),
    report('lm_head', batchFirst(logits.data()), numbersOf(partials.lm_head), 1e-4),
    report('probs', batchFirst(logits.softmax().data()), numbersOf(partials.probs), 1e-5),
  ];
  const inputs = Array.from({ length: 3 ** 6 }, (_, n) => n.toString(3).padStart(6, '0'));
  let right = 0;
  for (let start = 0; start < inputs.length; start += 81) {
    const prompts = inputs.slice(start, start + 81);
    const texts = prompts.map(() => '');
    for await (const { stream, piece } of generateTogether(model, { prompts, length: 6, temperature: 0 }))
      texts[stream] += piece;
    right += texts.filter((text, i) => text === [...prompts[i]].sort().join('')).length;
  }
  console.log(`${right} of ${inputs.length} inputs sorted`);
  device.close();
  return fits.every(Boolean) && right === inputs.length;
}

async function stories260k(): Promise<boolean> {
  const device = await openDevice();
  const model = LanguageModel.load(device, readPretrained(folder, 'stories260K.bin'));
  const reference: { ids: number[]; highest: number[]; sums: number[] } = JSON.parse(
    readFileSync(new URL('published-weights/stories260k.json', import.meta.url), 'utf8'),
  );
  const [ids, highest, sums] = [[1], [] as number[], [] as number[]];
  let text = '';
  for await (const { token, piece, logits } of generateTogether(model, {
    prompts: [''],
    length: 200,
    temperature: 0,
  })) {
    ids.push(token);
    highest.push(Math.max(...Array.from(logits)));
    sums.push(Array.from(logits).reduce((sum, logit) => sum + logit, 0));
    text += piece;
  }
  console.log(text);
  device.close();
  const same = reference.ids.every((id, i) => id === ids[i]);
  console.log(`${reference.ids.length - 1} tokens: ${same ? 'the same as in float64' : 'not those of float64  ✗'}`);
  return (
    [report('highest', highest, reference.highest, 1e-3), report('sums', sums, reference.sums, 2e-2)].every(Boolean) &&
    same
  );
}

function gpt2Tokenizer(): boolean {
  const [vocabulary, merges] = ['encoder.json', 'vocab.bpe'].map((name) => folder.read(name).toString());
  const tokenizer = createTokenizer(bytePairsFromFiles(vocabulary, merges));
  const { gpt2, source } = loadPublishedTokenizers();
  const wrong = gpt2.filter(({ text, ids, decoded }) => {
    const found = [...tokenizer.encode(JSON.parse(text))];
    return (
      found.length !== ids.length ||
      found.some((id, i) => id !== ids[i]) ||
      tokenizer.decode(ids) !== JSON.parse(decoded)
    );
  });
  for (const { text } of wrong) console.log(`✗ ${text}`);
  console.log(`${gpt2.length - wrong.length} of ${gpt2.length} texts have the ids of ${source}`);
  return wrong.length === 0;
}

const checks = { 'gpt-nano-sort': gptNanoSort, stories260k, 'gpt2-tokenizer': gpt2Tokenizer };
if (!Object.hasOwn(checks, kind)) {
  console.error(`name one of ${Object.keys(checks).join(', ')}, and the folder of its files`);
  process.exit(2);
}
process.exitCode = (await checks[kind as keyof typeof checks]()) ? 0 : 1;
