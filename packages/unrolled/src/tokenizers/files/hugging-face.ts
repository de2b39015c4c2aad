import { shown } from '../../checks.ts';
import { FormatError } from '../../errors.ts';
import type { SpecialTokens } from '../special-tokens.ts';
import type { BytePairConfig, SentencePieceConfig, TokenizerConfig, WordPieceConfig } from '../tokenizer.ts';
import { parsedJson, tokensById } from './vocabulary.ts';

/** A part of a tokenizer.json. */
type Part = Readonly<Record<string, unknown>>;

const partOf = (value: unknown): Part => (typeof value === 'object' && value !== null ? (value as Part) : {});
const listOf = (value: unknown): readonly Part[] => (Array.isArray(value) ? value.map(partOf) : []);

/** The steps of a normalizer, pre-tokenizer or post-processor, which may be a sequence. */
function stepsOf(value: unknown): readonly Part[] {
  const part = partOf(value);
  if (value === null || value === undefined) return [];
  if (part.type !== 'Sequence') return [part];
  return listOf(part.normalizers ?? part.pretokenizers ?? part.processors).flatMap(stepsOf);
}

function refuse(what: string): never {
  throw new FormatError(`tokenizer.json: ${what}, which is not read here`, { what });
}

/** @throws FormatError naming the first step of a type that is not expected */
function requireSteps(kind: string, steps: readonly Part[], types: readonly string[]): void {
  const other = steps.find(({ type }) => !types.includes(type as string));
  if (other) refuse(`its ${kind} has the step ${shown(other.type)}`);
}

/**
 * A tokenizer from a `tokenizer.json` of Hugging Face's libraries: byte pairs as GPT-2's, byte pairs on characters as
 * Llama's, or WordPiece as BERT's. `begin` and `ends` are those of its post-processor.
 * @throws FormatError if the file is damaged, or by name if it holds a step that is not read here
 *
 * @example
 * const tokenizer = createTokenizer(tokenizerFromHuggingFace(readFileSync('tokenizer.json', 'utf8')));
 */
export function tokenizerFromHuggingFace(json: string): TokenizerConfig {
  const file = partOf(parsedJson('tokenizer.json', json));
  const model = partOf(file.model);
  const added = listOf(file.added_tokens);
  for (const token of added) {
    for (const flag of ['lstrip', 'rstrip', 'single_word']) {
      if (token[flag] === true) refuse(`token ${shown(token.content)} has ${flag}`);
    }
  }
  const vocabulary = tokensById(
    'tokenizer.json',
    model.vocab,
    added.map(({ content, id }) => [String(content), Number(id)] as const),
  );
  const special: SpecialTokens = {
    special: added.map(({ content }) => String(content)),
    ...aroundTexts(stepsOf(file.post_processor), vocabulary),
  };
  const shared = { file, model, vocabulary, special };
  // Older files name no type of model: those with merges are byte pairs.
  if (model.type === 'WordPiece') return wordPieces(shared);
  if (model.type !== 'BPE' && model.type !== undefined) refuse(`its model is ${shown(model.type)}`);
  for (const option of ['continuing_subword_prefix', 'end_of_word_suffix', 'ignore_merges', 'dropout']) {
    if (model[option]) refuse(`its model has ${option} ${shown(model[option])}`);
  }
  const isByteLevel = stepsOf(file.pre_tokenizer).some(({ type }) => type === 'ByteLevel');
  return isByteLevel ? bytePairs(shared) : sentencePieces(shared);
}

interface Shared {
  readonly file: Part;
  readonly model: Part;
  readonly vocabulary: readonly string[];
  readonly special: SpecialTokens;
}

/** What the post-processor puts before and after a text. */
function aroundTexts(steps: readonly Part[], vocabulary: readonly string[]): Pick<SpecialTokens, 'begin' | 'ends'> {
  const idOf = (token: unknown): number | undefined => {
    const id = vocabulary.indexOf(String(token));
    return id < 0 ? undefined : id;
  };
  for (const step of steps) {
    if (step.type === 'BertProcessing' || step.type === 'RobertaProcessing') {
      const [begin, end] = [step.cls, step.sep].map((pair) => idOf(Array.isArray(pair) ? pair[0] : pair));
      return { begin, ...(end !== undefined && { ends: [end] }) };
    }
    if (step.type !== 'TemplateProcessing') continue;
    const items = listOf(step.single);
    const text = items.findIndex((item) => item.Sequence !== undefined);
    const ids = items.map((item) => idOf(partOf(item.SpecialToken).id));
    if (text > 1) refuse('it puts more than one token before a text');
    const end = ids.slice(text + 1).find((id) => id !== undefined);
    return { ...(text === 1 && { begin: ids[0] }), ...(end !== undefined && { ends: [end] }) };
  }
  return {};
}

function mergesOf({ merges }: Part): string[] {
  if (!Array.isArray(merges)) throw new FormatError('tokenizer.json: there are no merges; the file is damaged');
  return merges.map((merge) => (Array.isArray(merge) ? merge.join(' ') : String(merge)));
}

function bytePairs({ file, model, vocabulary, special }: Shared): BytePairConfig {
  requireSteps('normalizer', stepsOf(file.normalizer), []);
  const steps = stepsOf(file.pre_tokenizer);
  requireSteps('pre-tokenizer', steps, ['Digits', 'ByteLevel']);
  const [bytes, digits] = ['ByteLevel', 'Digits'].map((type) => steps.find((step) => step.type === type));
  if (bytes!.add_prefix_space === true) refuse('its pre-tokenizer has add_prefix_space');
  if (bytes!.use_regex === false) refuse('its pre-tokenizer has no regular expression');
  if (digits && digits.individual_digits !== true) refuse('its pre-tokenizer keeps digits together');
  return { kind: 'bpe', vocabulary, merges: mergesOf(model), ...(digits && { splitDigits: true }), ...special };
}

function sentencePieces({ file, model, vocabulary, special }: Shared): SentencePieceConfig {
  const [normalizer, before] = [stepsOf(file.normalizer), stepsOf(file.pre_tokenizer)];
  requireSteps('normalizer', normalizer, ['Prepend', 'Replace']);
  requireSteps('pre-tokenizer', before, ['Metaspace']);
  const replaced = normalizer.find(({ type }) => type === 'Replace');
  const [metaspace] = before;
  if (replaced && !(partOf(replaced.pattern).String === ' ' && replaced.content === '▁')) {
    refuse('its normalizer replaces other characters than spaces');
  }
  if (!replaced && !metaspace) refuse('its pieces have no sign for spaces');
  if (metaspace && metaspace.split !== false) refuse('its pre-tokenizer cuts texts at spaces');
  const prepends = normalizer.some(({ type }) => type === 'Prepend');
  const scheme = metaspace
    ? (metaspace.prepend_scheme ?? (metaspace.add_prefix_space === false ? 'never' : 'always'))
    : prepends
      ? 'always'
      : 'never';
  if (scheme !== 'always' && scheme !== 'first' && scheme !== 'never') refuse(`prepend_scheme is ${shown(scheme)}`);
  const unknown = vocabulary.indexOf(String(model.unk_token));
  return {
    kind: 'sentencepiece',
    vocabulary,
    merges: mergesOf(model),
    ...(unknown >= 0 && { unknown }),
    prefix: scheme as SentencePieceConfig['prefix'],
    ...(metaspace && { doublePrefix: false }),
    ...special,
  };
}

function wordPieces({ file, model, vocabulary, special }: Shared): WordPieceConfig {
  const [normalizer, before] = [stepsOf(file.normalizer), stepsOf(file.pre_tokenizer)];
  requireSteps('normalizer', normalizer, ['BertNormalizer']);
  requireSteps('pre-tokenizer', before, ['BertPreTokenizer']);
  if (normalizer.length === 0 || before.length === 0) refuse('it has no BertNormalizer and BertPreTokenizer');
  const { lowercase = true, strip_accents, handle_chinese_chars = true, clean_text = true } = normalizer[0];
  if (clean_text !== true) refuse('its normalizer keeps control characters');
  const unknown = vocabulary.indexOf(String(model.unk_token));
  if (unknown < 0)
    throw new FormatError(`tokenizer.json: there is no token ${shown(model.unk_token)} for unknown words`);
  return {
    kind: 'wordpiece',
    vocabulary,
    unknown,
    lowercase: lowercase === true,
    ...(typeof strip_accents === 'boolean' && { stripAccents: strip_accents }),
    splitChinese: handle_chinese_chars === true,
    continuation: String(model.continuing_subword_prefix ?? '##'),
    mostCharacters: Number(model.max_input_chars_per_word ?? 100),
    ...special,
  };
}
