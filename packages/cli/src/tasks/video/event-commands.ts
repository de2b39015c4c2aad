import { loadTask, type TypesOf } from 'unrolled/tasks';
import type { Clip, ClipWithEvents, EvaluateEventsOptions, EventsEvaluation, ToldVideo } from 'unrolled/tasks/video';
import { number, option, whole } from '../../options/parse.ts';
import { table } from '../../output/table.ts';
import { printable } from '../../output/text.ts';
import { countOf } from '../../output/units.ts';
import { type SearchFlags, searchOf, searchOptions } from '../caption/options.ts';
import { captionJson, writtenLines } from '../caption-report.ts';
import type { EvaluatePart, Item, PredictPart } from '../task-commands.ts';
import { textItems, textOptions } from '../text-items.ts';
import { ClipAttentionFiles } from './attention-files.ts';
import { attentionOption } from './caption-commands.ts';
import {
  type EvalFlags,
  evaluated,
  type PredictFlags,
  type Read,
  readingOf,
  videoItems,
  videosArgument,
} from './commands.ts';
import { videoEvents, withEvents } from './events.ts';
import { frameOptions } from './options.ts';

type Types = TypesOf<'video-events'>;

interface ProposalFlags {
  threshold?: number;
  overlap?: number;
  mostEvents?: number;
}

interface TellFlags extends PredictFlags, SearchFlags, ProposalFlags {
  attention?: string;
}

const share = number((value) => value >= 0 && value <= 1, 'from 0 to 1');

const proposalOptions = () => [
  option('--threshold <score>', 'leave out events with a lower score (default 0.3)', share),
  option('--overlap <iou>', 'of two events that overlap more, keep the one with the higher score (default 0.5)', share),
  option('--most-events <n>', 'maximum number of events in a video (default 20)', whole(1, 10_000)),
];

const predict: PredictPart<Types, TellFlags, Item<Clip>> = {
  description: 'find events in videos and describe each',
  argument: videosArgument,
  instead: ['file'],
  options: () => [
    ...proposalOptions(),
    ...searchOptions(),
    attentionOption(),
    ...frameOptions("the run's"),
    ...textOptions(),
  ],
  help: `
Of a model that finds events, every line is one: first frame, last frame, score, caption, file.`,
  items: (used, given) =>
    given.flags.jsonInput ? textItems(used.task, given) : videoItems(given, readingOf(used, given.flags, videoEvents)),
  begin(_, { attention, jsonInput, threshold, overlap, mostEvents, ...flags }) {
    const pictures = attention === undefined ? null : new ClipAttentionFiles('attention', attention);
    const note = ({ text, input }: Item<Clip>, found: ToldVideo | null): void => {
      if (!found || !input) return;
      for (const one of found.events) pictures?.add(jsonInput ? 'the clip' : text, input, one, one.start);
    };
    return {
      options: { threshold, overlap, mostEvents, ...searchOf(flags) },
      text(item, found) {
        note(item, found);
        if (found === null) return '\n';
        const name = jsonInput ? '' : printable(item.text);
        if (found.events.length === 0) return `nothing\t\t\t\t${name}\n`;
        return found.events
          .map(
            ({ start, end, score, text }) => `${start}\t${end - 1}\t${score.toFixed(2)}\t${printable(text)}\t${name}\n`,
          )
          .join('');
      },
      json(item, found) {
        note(item, found);
        const events = found?.events.map(({ start, end, ...one }) => ({ start, end, ...captionJson(one) })) ?? [];
        return { type: 'events', ...(jsonInput ? {} : { file: item.text }), frames: found?.frames ?? 0, events };
      },
      end: () => pictures?.end(),
    };
  },
};

const evaluate: EvaluatePart<
  Types,
  EvalFlags & SearchFlags & ProposalFlags,
  Read<ClipWithEvents> & { options: EvaluateEventsOptions }
> = {
  description: 'evaluate events and captions of videos',
  argument: { name: '<files...>', description: 'videos with captions of parts, in the forms of train' },
  options: () => [...proposalOptions(), ...searchOptions(), ...frameOptions("the run's")],
  help: '',
  async read(used, paths, { threshold, overlap, mostEvents, ...flags }) {
    const { stored: _, ...reading } = readingOf(used, flags, videoEvents);
    const { found, clips, about } = await evaluated(paths, reading);
    const options = { threshold, overlap, mostEvents, ...searchOf(flags) };
    return { data: withEvents(found, clips), about, options };
  },
  report: (found, { about }) => ({
    json: { ...found, read: about },
    text: `${[...about, ...eventLines(found)].join('\n')}\n`,
  }),
};

const percent = (value: number): string => `${(100 * value).toFixed(1)}%`;

function eventLines({ clips, events, proposals, loss, segments, matched, told }: EventsEvaluation): string[] {
  const rows = matched.map(({ iou, recall, precision, captions }, i) => [
    `IoU ≥ ${iou}`,
    segments.map[i].map.toFixed(4),
    percent(recall),
    percent(precision),
    ...(captions ? [captions.bleu[3].toFixed(1), captions.ciderD.toFixed(1), percent(captions.wordErrorRate)] : []),
  ]);
  return [
    `${countOf(events, 'event')} in ${countOf(clips, 'clip')}, ${countOf(proposals, 'proposal')}`,
    '',
    ...table(['proposals', 'average precision', 'recall', 'precision', 'BLEU-4', 'CIDEr-D', 'word errors'], rows),
    '',
    'captions of the true events',
    ...writtenLines(told),
    `word error rate ${percent(told.wordErrorRate)}, ${percent(told.exact)} right word for word`,
    `loss ${loss.toFixed(4)} nats per word`,
  ];
}

export const videoEventsCommands = { load: () => loadTask('video-events'), train: videoEvents, predict, evaluate };
