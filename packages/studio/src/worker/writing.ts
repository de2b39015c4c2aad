import type { Numbers, Tensor } from 'unrolled';
import type { StackState } from 'unrolled/nn';
import { generateTogether, type LanguageModel, leaveOutUnknown } from 'unrolled/tasks/language-model';
import { describeCharacter } from 'unrolled/tokenizers';
import { breathe } from 'unrolled/train';
import type { Expected, WriteInput, WrittenToken } from '../protocol.ts';
import { tokensAsTyped } from './as-typed.ts';

/** Of the likeliest in a place, how many are told. */
const most = 8;
/** Steps of a prompt that are read at a time. */
const chunk = 64;
/** Milliseconds between parts. */
const tellEvery = 40;

/**
 * Reads the prompt and continues it, and reports each token with the alternatives the model expected: the same text as
 * `unrolled sample` writes with these options. It yields now and then, so that a run can train meanwhile.
 * @returns what of the prompt the model does not know, and was left out
 */
export async function writeTo(
  model: LanguageModel,
  input: WriteInput,
  tell: (tokens: readonly WrittenToken[]) => void,
  signal: AbortSignal,
): Promise<{ leftOut: readonly string[] }> {
  const { text, leftOut } = leaveOutUnknown(model.tokenizer, input.prompt);
  let tokens: WrittenToken[] = [];
  let told = performance.now();
  for await (const token of write(model, { ...input, prompt: text })) {
    tokens.push(token);
    if (performance.now() - told < tellEvery) continue;
    tell(tokens);
    tokens = [];
    await breathe();
    told = performance.now();
    if (signal.aborted) break;
  }
  if (!signal.aborted) tell(tokens);
  return { leftOut: Array.from(leftOut.keys(), describeCharacter) };
}

/** The tokens of the prompt, then those that are written. @throws ConfigError on an option out of range */
export async function* write(model: LanguageModel, input: WriteInput): AsyncGenerator<WrittenToken, void> {
  const { prompt, ...options } = input;
  yield* read(model, prompt);
  for await (const { piece, token, logits } of generateTogether(model, { ...options, prompts: [prompt] })) {
    yield { text: piece, given: false, ...expectations(model, logits, token) };
  }
}

async function* read(model: LanguageModel, prompt: string): AsyncGenerator<WrittenToken, void> {
  const { device, tokenizer } = model;
  const ids = tokenizer.encode(prompt);
  const V = tokenizer.size;
  const pieces = tokensAsTyped(tokenizer, prompt);
  if (ids.length > 0) yield { text: pieces[0], given: true, nats: null, expected: [] };
  let state: StackState | null = null;
  try {
    for (let start = 0; start + 1 < ids.length; start += chunk) {
      const T = Math.min(chunk, ids.length - 1 - start);
      const [after, logits]: [StackState, Numbers<Tensor>] = await device.carryAndRead<StackState, Tensor>(
        state,
        (carried) =>
          device.withoutGradients(() => {
            const run = model.apply(device.ids(ids.subarray(start, start + T), [T, 1]), undefined, { state: carried });
            return [run.state, run.logits]; // [T, V]
          }),
      );
      state = after;
      for (let t = 0; t < T; t++) {
        const id = ids[start + t + 1];
        yield {
          text: pieces[start + t + 1],
          given: true,
          ...expectations(model, logits.subarray(t * V, (t + 1) * V), id),
        };
      }
    }
  } finally {
    device.release(state);
  }
}

/** How surprising a token is, and what was likelier; what is never written is not named. */
function expectations(
  { tokenizer }: LanguageModel,
  logits: ArrayLike<number>,
  token: number,
): { nats: number; expected: readonly Expected[] } {
  let highest = Number.NEGATIVE_INFINITY;
  for (let id = 0; id < logits.length; id++) highest = Math.max(highest, logits[id]);
  let mass = 0;
  for (let id = 0; id < logits.length; id++) mass += Math.exp(logits[id] - highest);
  const logMass = highest + Math.log(mass);
  const best: number[] = [];
  for (let id = 0; id < logits.length; id++) {
    if (id === tokenizer.unknown) continue;
    if (best.length === most && logits[id] <= logits[best[most - 1]]) continue;
    const place = best.findIndex((other) => logits[id] > logits[other]);
    best.splice(place < 0 ? best.length : place, 0, id);
    if (best.length > most) best.pop();
  }
  return {
    nats: logMass - logits[token],
    expected: best.map((id) => ({ text: tokenizer.decode([id]), probability: Math.exp(logits[id] - logMass) })),
  };
}
