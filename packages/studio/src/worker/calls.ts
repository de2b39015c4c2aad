import { ConfigError, openDevice, unlessAborted } from 'unrolled';
import type { CellSource } from 'unrolled/nn';
import { generateText, LanguageModel, ngramLadder, tokenizerFor } from 'unrolled/tasks/language-model';
import type { CallMessage, CallName, Calls, PartOf, RunSpec } from '../protocol.ts';
import { type Desk, isFused } from './desk.ts';
import type { Seeing } from './seeing.ts';
import { TrainingRun } from './training-run.ts';
import type { SearchedText } from './units.ts';

type Answers = {
  readonly [Name in CallName]: (
    desk: Desk,
    input: Calls[Name]['input'],
    tell: (part: PartOf<Name>) => void,
  ) => Calls[Name]['result'] | Promise<Calls[Name]['result']>;
};

const lead = (act: (run: TrainingRun) => void | Promise<void>) => async (desk: Desk) => {
  if (!desk.run) throw new ConfigError('this model does not train here');
  await act(desk.run);
  return null;
};

const answers: Answers = {
  async begin(desk, { text, spec, tuning, threads }) {
    const tokenizer = tokenizerFor('char', text);
    const { hidden, layers, embedding, dropout, seed } = spec;
    const cell = await cellOf(spec);
    const device = await openDevice('wasm', { threads });
    const model = new LanguageModel(device, tokenizer, { cell, hidden, layers, embedding, dropout }, seed);
    const run = new TrainingRun(model, tokenizer.encode(text), spec, tuning, desk.tell);
    const about = desk.put(model, run);
    void run.lead();
    return about;
  },
  load: (desk, { file }) => desk.load(file),
  run: lead((run) => run.run()),
  pause: lead((run) => run.pause()),
  step: lead((run) => run.stepOnce()),
  stop: lead((run) => run.stop()),
  stopAtBest: lead((run) => run.stopAtBest()),
  tune: (desk, tuning) => lead((run) => run.tune(tuning))(desk),
  save: (desk) => desk.save(),
  sample: (desk, input) => generateText(desk.model, input),
  async unroll(desk, input) {
    const { readText } = await import('./unrolling.ts');
    desk.read = await readText(desk.model, input, desk.step);
    return desk.read.unrolling;
  },
  async product(desk, place) {
    if (!desk.read) throw new ConfigError('nothing was unrolled yet');
    const { productOf } = await import('./product.ts');
    return productOf(desk.read, place);
  },
  async write(desk, input, tell) {
    const signal = desk.beginWriting();
    const { writeTo } = await import('./writing.ts');
    return writeTo(desk.model, input, tell, signal);
  },
  stopWriting(desk) {
    desk.stopWriting();
    return null;
  },
  async gradients(desk, input) {
    const { seeGradients } = await import('./gradients.ts');
    return seeGradients(desk.model, input, desk.step);
  },
  async spectra(desk, input, tell) {
    const { takeApart } = await import('./gradients.ts');
    return takeApart(desk.model, input, desk.step, tell);
  },
  async ask(desk, input) {
    const { askModel } = await import('./task-model.ts');
    return askModel(await desk.taskModel(input.task), input);
  },
  ladder(_, { text }) {
    const tokenizer = tokenizerFor('char', text);
    return ngramLadder(tokenizer.encode(text), tokenizer.size);
  },
  async findUnits(desk, input, tell) {
    // Before anything is waited for: of two that are asked for at once the second one counts.
    const signal = desk.beginSearching();
    const { searchUnits } = await import('./units.ts');
    const search = searchUnits(await desk.stillModel(), input, desk.step, { signal, tell, before: desk.searched });
    const result = await unlessAborted(search, signal);
    if (!result || signal.aborted) return null;
    desk.searched = result.searched;
    return result.found;
  },
  stopFindingUnits(desk) {
    desk.stopSearching();
    return null;
  },
  async textSpan(desk, input) {
    const { spanOf } = await import('./units.ts');
    return spanOf(searchedText(desk), input);
  },
  async similarSpans(desk, input, tell) {
    const signal = desk.beginComparing();
    const { similarSpans } = await import('./similar-spans.ts');
    return (await unlessAborted(similarSpans(searchedText(desk), input, { signal, tell }), signal)) ?? null;
  },
  async holdUnit(desk, input) {
    const { holdUnit } = await import('./units.ts');
    return holdUnit(searchedText(desk), input);
  },
  async seeOpen(desk, { file, untrained }) {
    const { Seeing } = await import('./seeing.ts');
    const opened = await Seeing.open(file, untrained);
    desk.seeing?.close();
    desk.seeing = opened;
    return opened.about;
  },
  seeImage: (desk, { image }) => seeingOf(desk).look(image),
  seeLayer: (desk, { layer }) => seeingOf(desk).layer(layer),
  seeMap: (desk, input, tell) => seeingOf(desk).map(input, seeingOf(desk).begin(), tell),
  grow: (desk, input, tell) => seeingOf(desk).grow(input, seeingOf(desk).begin(), tell),
  paint: (desk, input, tell) => seeingOf(desk).paint(input, seeingOf(desk).begin(), tell),
  stopSeeing(desk) {
    desk.seeing?.stop();
    return null;
  },
};

function seeingOf(desk: Desk): Seeing {
  if (!desk.seeing) throw new ConfigError('there is no network for images yet; open one first');
  return desk.seeing;
}

/** Few pages need more than the names of those that are always known. */
async function cellOf({ cell, hidden }: RunSpec): Promise<CellSource> {
  return isFused(cell) ? cell : (await import('unrolled/nn')).cellNamed(cell, hidden);
}

function searchedText(desk: Desk): SearchedText {
  if (!desk.searched) throw new ConfigError('no text was searched yet; search one first');
  return desk.searched;
}

/** Does what a message asks for. */
export async function answer(
  desk: Desk,
  { call, input }: CallMessage,
  tell: (part: unknown) => void,
): Promise<unknown> {
  // Which input belongs to which call is said by `CallMessage`; TypeScript cannot follow it through a table.
  return (answers[call] as (desk: Desk, input: unknown, tell: (part: unknown) => void) => unknown)(desk, input, tell);
}
