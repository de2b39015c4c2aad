import { shown } from '../checks.ts';
import { FormatError } from '../errors.ts';
import type { NamedArray } from '../io/safetensors.ts';
import type { TokenizerConfig } from '../tokenizers/tokenizer.ts';
import { ConfigReader } from './config.ts';
import { type JsonObject, type ModelFolder, readJson, readWeights, type Weights } from './folder.ts';
import { bert } from './layouts/bert.ts';
import { gpt2 } from './layouts/gpt2.ts';
import type { Layout, PretrainedModel } from './layouts/layout.ts';
import { llama } from './layouts/llama.ts';
import { isLlama2c, readLlama2c } from './layouts/llama2c.ts';
import { vit } from './layouts/vit.ts';
import { isMinGptJson, tensorsOfMinGptJson } from './min-gpt.ts';
import { tokenizerIn } from './tokenizer.ts';

/** Layouts by the `model_type` of a config.json. */
const layouts = { bert, gpt2, llama, vit } as const satisfies Readonly<Record<string, Layout>>;

/** The families of models that are read. */
export const pretrainedKinds: readonly string[] = Object.keys(layouts);

/** minGPT's names for its sizes, such as 'gpt-nano'; it writes no other kind of model. */
const isMinGpt = ({ model_type: type, n_layer, n_embd }: JsonObject): boolean =>
  (type === undefined || type === null || /^gpt-|^openai-gpt$/.test(String(type))) &&
  typeof n_layer === 'number' &&
  typeof n_embd === 'number';

/** minGPT writes the sizes of a model within those of the run. */
const modelPart = (config: JsonObject): JsonObject =>
  typeof config.model === 'object' && config.model !== null ? (config.model as JsonObject) : config;

/** Whether the JSON is the configuration of a published model. */
export function isPretrainedConfig(file: JsonObject): boolean {
  return typeof file.model_type === 'string' || isMinGpt(modelPart(file)) || isMinGptJson(file);
}

/** Whether a file is of a published model by itself: a config.json, minGPT's JSON, or one of llama2.c. */
export function isPretrained(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0x7b) return isLlama2c(bytes);
  try {
    return isPretrainedConfig(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return false;
  }
}

/**
 * Reads a published model from its files: GPT-2, Llama, BERT and ViT as Hugging Face's libraries write them (`config.json`, weights
 * in safetensors or PyTorch's form, a tokenizer), minGPT's JSON, or a model of llama2.c.
 * @param main  the file that says what it is. Default 'config.json'
 * @returns a model that `LanguageModel.load`, `MaskedLanguageModel.load` or `ImageClassifier.load` opens and `encodeModel` writes
 * @throws FormatError naming what is missing, does not fit or is not computed here
 *
 * @example
 * const names = readdirSync('gpt2');
 * const gpt2 = readPretrained({ names, read: (name) => readFileSync(join('gpt2', name)) });
 * await generateText(LanguageModel.load(device, gpt2), { prompt: 'Once upon a time' });
 */
export function readPretrained(folder: ModelFolder, main = 'config.json'): PretrainedModel {
  if (!folder.names.includes(main)) {
    throw new FormatError(`pretrained: the folder has no ${main}, which says what model it is`, {
      names: folder.names,
    });
  }
  const bytes = folder.read(main);
  if (bytes[0] !== 0x7b) return readLlama2c(bytes, (V) => tokenizerIn(folder, {}, V));
  const { config, layout } = describedBy(readJson(folder, main));
  const weights = weightsIn(folder, main);
  const tokenizer = (V: number): TokenizerConfig => tokenizerIn(folder, config, V);
  return layout({ config: new ConfigReader(config), weights, tokenizer, folder });
}

/** What an inspection shows of a published model. */
export interface InspectedPretrained {
  /** As the configuration says it. */
  readonly kind: string;
  readonly tensors: Readonly<Record<string, NamedArray>>;
  readonly unread: readonly string[];
}

/** The tensors of a published model, under the names in its files; one of llama2.c has no names, and gets ours. */
export function inspectPretrained(folder: ModelFolder, main = 'config.json'): InspectedPretrained {
  const bytes = folder.read(main);
  if (bytes[0] !== 0x7b) {
    const { parameters } = readLlama2c(bytes, () => ({ kind: 'char', vocabulary: [''] }));
    return { kind: 'llama2.c', tensors: parameters as InspectedPretrained['tensors'], unread: [] };
  }
  const file = readJson(folder, main);
  return { kind: String(modelPart(file).model_type ?? 'minGPT'), ...weightsIn(folder, main) };
}

function weightsIn(folder: ModelFolder, main: string): Weights {
  const file = readJson(folder, main);
  return isMinGptJson(file) ? { tensors: tensorsOfMinGptJson(file), unread: [] } : readWeights(folder);
}

function describedBy(file: JsonObject): { readonly config: JsonObject; readonly layout: Layout } {
  if (isMinGptJson(file)) return { config: file.config as JsonObject, layout: gpt2 };
  const config = modelPart(file);
  const { model_type: type } = config;
  if (typeof type === 'string' && Object.hasOwn(layouts, type)) {
    return { config, layout: layouts[type as keyof typeof layouts] };
  }
  if (isMinGpt(config)) return { config, layout: gpt2 };
  throw new FormatError(`config.json: model_type is ${shown(type)}; read are ${pretrainedKinds.join(', ')}`, { type });
}
