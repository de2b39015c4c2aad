/** Published models and their tokenizers, damaged. */
import type { Device, Random } from 'unrolled';
import { decodeSafetensors, encodeSafetensors } from 'unrolled/io';
import { readPretrained } from 'unrolled/pretrained';
import { ImageClassifier } from 'unrolled/tasks/classify-images';
import { LanguageModel } from 'unrolled/tasks/language-model';
import { MaskedLanguageModel } from 'unrolled/tasks/masked-language-model';
import { createTokenizer, tokenizerFromHuggingFace, tokenizerFromLlama2c } from 'unrolled/tokenizers';
import { loadPublishedTokenizers } from '../golden/load.ts';
import { encode, folderOf, publishedFiles, publishedNames } from '../golden/published.ts';
import { withOtherBytes } from './bytes.ts';
import { changeContent, changedJson } from './content.ts';
import type { Format } from './formats.ts';

const words = [
  'gelu',
  'relu',
  'llama',
  'bert',
  'gpt2',
  'BPE',
  'WordPiece',
  'ByteLevel',
  'Metaspace',
  'first',
  'always',
];
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Other shapes of tensors, or other names, around the same numbers. */
function withOtherTensors(bytes: Uint8Array, random: Random): Uint8Array {
  const { tensors } = decodeSafetensors(bytes);
  const shapes: Record<string, unknown> = Object.fromEntries(
    Object.entries(tensors).map(([name, { shape }]) => [name, [...shape]] as const),
  );
  changeContent(shapes, [], random);
  const fitting = Object.entries(shapes).map(([name, shape]) => {
    const extents = Array.isArray(shape)
      ? shape.map((n) => (Number.isSafeInteger(n) && n >= 0 && n < 300 ? n : 1))
      : [];
    return [name, { shape: extents, data: new Float32Array(extents.reduce((a, b) => a * b, 1)) }] as const;
  });
  return encodeSafetensors({ tensors: Object.fromEntries(fitting), metadata: {} });
}

export const pretrained: Format = {
  async samples(device: Device) {
    const classes = { gpt2: LanguageModel, llama: LanguageModel, bert: MaskedLanguageModel, vit: ImageClassifier };
    const models = publishedNames.map((name) => ({
      name,
      damage(random: Random) {
        const files = publishedFiles(name);
        const which = random.below(4);
        if (which < 2) files['config.json'] = encode(changedJson(text(files['config.json']), words, random));
        else if (which < 3) files['model.safetensors'] = withOtherTensors(files['model.safetensors'], random);
        else if (files['vocab.txt']) files['vocab.txt'] = withOtherBytes(files['vocab.txt'], random);
        return () => {
          const model = classes[name].load(device, readPretrained(folderOf(files)));
          for (const { value } of model.parameters) device.release(value);
        };
      },
    }));
    const golden = loadPublishedTokenizers();
    const tokenizers = (['byteLevel', 'llama', 'llamaNew', 'bert'] as const).map((name) => ({
      name: `tokenizer of ${name}`,
      damage(random: Random) {
        const file = changedJson(golden[name].file, words, random);
        return () => use(tokenizerFromHuggingFace(file));
      },
    }));
    const binary = Uint8Array.from(atob(golden.scores.file), (character) => character.charCodeAt(0));
    const llama2c = {
      name: 'tokenizer of llama2.c',
      damage(random: Random) {
        const file = withOtherBytes(binary, random);
        return () => use(tokenizerFromLlama2c(file));
      },
    };
    return [...models, ...tokenizers, llama2c];
  },
};

function use(config: Parameters<typeof createTokenizer>[0]): void {
  const tokenizer = createTokenizer(config);
  tokenizer.decode(tokenizer.encode('the naïve [MASK] <s> 🙂 12'));
}
