import { Option } from 'commander';
import { loadTask, type TypesOf } from 'unrolled/tasks';
import {
  type NavigationBaselines,
  type NavigationData,
  type NavigationScores,
  type NavigatorAnswer,
  type NavigatorInput,
  navigationBaselines,
  type Pose,
} from 'unrolled/tasks/navigate';
import { Failure } from '../../failure.ts';
import { readTextFiles } from '../../input/text-files.ts';
import { option, whole } from '../../options/parse.ts';
import type { UseFlags } from '../../options/use.ts';
import { table } from '../../output/table.ts';
import { formatCount } from '../../output/units.ts';
import type { EvaluatePart, Item, PredictPart } from '../task-commands.ts';
import { type TextFlags, textItems, textOptions } from '../text-items.ts';
import { readNavigation, requireRoutes } from './files.ts';
import { poseOf } from './options.ts';
import { drawAttention, drawRoute, PictureFiles, picturePath } from './pictures.ts';
import { navigate } from './trainable.ts';

type Types = TypesOf<'navigate'>;

interface SearchFlags {
  beam?: number;
  maxActions?: number;
}

const searchOptions = (): Option[] => [
  option('--beam <n>', 'beam width (default 1: greedy search)', whole(1)),
  option('--max-actions <n>', 'maximum actions for a sentence (default 40)', whole(1)),
];

interface PredictFlags extends UseFlags, TextFlags, SearchFlags {
  map?: string;
  start?: Pose;
  picture?: string;
  attention?: string;
}

const predict: PredictPart<Types, PredictFlags, Item<NavigatorInput>> = {
  description: 'follow instructions',
  argument: { name: '[texts...]', description: 'the instructions (default: the lines of the standard input)' },
  instead: ['file'],
  options: () => [
    new Option('--map <map>', "a map's file, or the name of one that the model keeps (default: its first)"),
    new Option('--start <x,y,angle>', 'where to start, and the way to face (default: the first place)').argParser(
      poseOf,
    ),
    new Option('--picture <file>', 'draw the path over the map: .svg').argParser(picturePath),
    new Option('--attention <file>', 'draw the words attended at each move: .svg').argParser(picturePath),
    ...searchOptions(),
    ...textOptions(),
  ],
  help: `
Examples:
  unrolled navigate predict runs/sail "turn left and go to the chair" --map map-l.json --start 23,18,0 --picture path.svg
  unrolled navigate predict runs/sail --json-input < instructions.jsonl

A line of JSON is { "text": …, "map": …, "start": { "x": 3, "y": 5, "angle": 180 } }, the map a name or a whole one.`,
  async *items({ task }, given) {
    const { map: file, start } = given.flags;
    const map = file?.endsWith('.json') ? mapIn(file) : file;
    for await (const items of textItems(task, given)) {
      yield items.map(({ text, input }) => ({ text, input: input && { map, start, ...defined(input) } }));
    }
  },
  begin(_, { picture, attention, beam, maxActions }) {
    const files = [
      ...(picture === undefined ? [] : [new PictureFiles(picture, drawRoute)]),
      ...(attention === undefined ? [] : [new PictureFiles(attention, drawAttention)]),
    ];
    const note = (text: string, found: NavigatorAnswer | null): void => {
      for (const file of found ? files : []) file.add(text, found!);
    };
    return {
      options: { beam, maxActions },
      text({ text }, found) {
        note(text, found);
        if (found === null) return '\n';
        const { x, y, angle } = found.poses.at(-1)!;
        return `${found.sentences.map(({ actions }) => actions.join(' ')).join('; ')}\t(${x}, ${y}, ${angle})\n`;
      },
      json({ text }, found) {
        note(text, found);
        const { map, poses = [], sentences = [] } = found ?? {};
        return { type: 'walk', text, map: map?.name ?? null, poses, sentences };
      },
    };
  },
};

const defined = ({ text, ...where }: NavigatorInput): NavigatorInput => ({
  text,
  ...Object.fromEntries(Object.entries(where).filter(([, value]) => value !== undefined)),
});

function mapIn(file: string) {
  const { maps } = readNavigation(readTextFiles([file]));
  if (maps.length === 0) throw new Failure(`--map ${file}: holds instructions and no map`);
  return maps[0];
}

interface EvalFlags extends UseFlags, SearchFlags {
  baselines?: boolean;
}

interface EvalInput {
  readonly data: NavigationData;
  readonly options: SearchFlags;
  readonly baselines: NavigationBaselines | null;
}

const evaluate: EvaluatePart<Types, EvalFlags, EvalInput> = {
  description: 'evaluate a navigator on routes',
  argument: { name: '<files...>', description: 'maps, and instructions with their paths' },
  options: () => [
    ...searchOptions(),
    new Option('--baselines', 'also score random walks, the paths of the instructions, and shortest paths'),
  ],
  help: '\nExample:\n  unrolled navigate eval runs/sail map-l.json SingleSentence.l.json ParagraphRandom.l.json --beam 10',
  async read(_, paths, { beam, maxActions, baselines }) {
    const data = readNavigation(readTextFiles(paths));
    requireRoutes(data, 'navigate eval');
    return { data, options: { beam, maxActions }, baselines: baselines ? navigationBaselines(data) : null };
  },
  report: (scores, { baselines }) => ({
    json: { ...scores, ...(baselines && { baselines }) },
    text: describeScores(scores) + (baselines ? describeBaselines(baselines) : ''),
  }),
};

function describeBaselines({ randomWalk, path, shortestPath }: NavigationBaselines): string {
  const rows = [
    ['walking at random, as many actions as the path', randomWalk],
    ['exactly the path of the instruction', path],
    ['a shortest path to the end', shortestPath],
  ] as const;
  const named = rows.map(([name, { success, spl }]) => [name, percent(success), percent(spl)]);
  return `\n${table(['what knows no instruction, or the answer', 'success', 'SPL'], named).join('\n')}\n`;
}

const percent = (share: number): string => `${(100 * share).toFixed(2)}%`;

function describeScores({ loss, sentences, paragraphs, spl, routes }: NavigationScores): string {
  const lines = [
    ...(sentences === null
      ? []
      : [`${percent(sentences)} of the single sentences end at the right place, facing the right way`]),
    ...(paragraphs === null ? [] : [`${percent(paragraphs)} of the paragraphs end at the right place`]),
    `success weighted by path length ${percent(spl)}, over ${formatCount(routes)} routes`,
    ...(loss === null ? [] : [`loss ${loss.toFixed(4)} nats per action`]),
  ];
  return `${lines.join('\n')}\n`;
}

export const navigateCommands = { load: () => loadTask('navigate'), train: navigate, predict, evaluate };
