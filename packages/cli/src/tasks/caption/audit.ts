import { Option } from 'commander';
import { Random } from 'unrolled';
import type { TypesOf } from 'unrolled/tasks';
import {
  auditCaptions,
  type Captioner,
  captionFeatures,
  PeopleWords,
  type PersonEvidence,
  personEvidence,
  summariseEvidence,
} from 'unrolled/tasks/caption';
import { readImage } from '../../input/images.ts';
import { number, option, whole } from '../../options/parse.ts';
import type { UseFlags } from '../../options/use.ts';
import { progressShare } from '../../output/progress-share.ts';
import { toStandardError } from '../../run/open-device.ts';
import { FeatureFiles } from '../feature-files.ts';
import type { FurtherPart } from '../task-commands.ts';
import { describeAudit, describeEvidence } from './audit-report.ts';
import { auditWordsOf, wordsOption } from './audit-words.ts';
import { type CaptionedFile, readCaptionFiles } from './data.ts';
import { type EvaluatedFlags, evaluatedImages, evaluatedOptions } from './evaluated.ts';
import { type SearchFlags, searchOf, searchOptions } from './options.ts';

type Types = TypesOf<'caption'>;

interface AuditFlags extends UseFlags, SearchFlags, EvaluatedFlags {
  words?: string;
  printWords?: boolean;
  evidence?: number;
  share?: number;
  minCount?: number;
  resamples?: number;
  seed?: number;
}

export const audit: FurtherPart<Types, AuditFlags> = {
  name: 'audit',
  description: 'compare what captions say about people with what people said, by lists of words',
  argument: { name: '[files...]', description: 'a folder of images with captions, in the formats of train' },
  options: () => [
    ...evaluatedOptions(),
    wordsOption(),
    new Option('--print-words', 'print the word lists as JSON, to begin a file of your own'),
    option(
      '--evidence <n>',
      'captions for which parts of the image are hidden, to find what the word for a person rests on (default 100; 0: none)',
      whole(0),
    ),
    option(
      '--share <share>',
      'share of the image that is hidden then (default 0.25)',
      number((value) => value > 0 && value < 1, 'between 0 and 1'),
    ),
    option(
      '--min-count <n>',
      'leave out objects and activities in fewer sentences about people (default 10)',
      whole(1),
    ),
    option('--resamples <n>', 'bootstrap resamples (default 1000)', whole(1)),
    option('--seed <n>', 'random seed of the resamples and of the choice of captions (default 1)', whole(0)),
    ...searchOptions(),
  ],
  help: `
Examples:
  unrolled caption audit runs/Flickr8k Flickr8k/ --split Flickr_8k.testImages.txt
  unrolled caption audit runs/Flickr8k --print-words > words.json

The lists tell which words are used, nothing about the people in the images: docs/caption.md has what they cannot say.`,
  async use({ model, run }, paths, flags) {
    const { evidence = 100, share = 0.25, minCount, resamples: samples, seed = 1 } = flags;
    const words = auditWordsOf(flags.words === undefined ? undefined : readCaptionFiles([flags.words]));
    if (flags.printWords) return { json: { words }, text: `${JSON.stringify(words, null, 2)}\n` };
    const { chosen, others, about } = await evaluatedImages('audit', paths, flags);
    const files = await FeatureFiles.of(run, model);
    await files.complete(
      model,
      chosen.map(({ file }) => file),
      toStandardError,
    );
    const written = await captionFeatures(
      model,
      chosen.map(({ file }) => files.read(file)),
      searchOf(flags),
    );
    const said = chosen.map(({ captions }, i) => ({ caption: written[i].text, references: captions }));
    const known = others.flatMap(({ captions }) => captions);
    const options = { samples, seed };
    const found = auditCaptions(said, { ...options, words, minCount, ...(known.length > 0 && { known }) });
    const judged = await evidenceOf(model, chosen, said, {
      people: new PeopleWords(words),
      words,
      count: evidence,
      share,
      seed,
    });
    const [right, wrong] = [true, false].map((agrees) =>
      summariseEvidence(
        judged.filter((one) => one.agrees === agrees).map((one) => one.evidence),
        options,
      ),
    );
    return {
      json: { ...found, evidence: { share, right, wrong }, read: about },
      text:
        about.map((line) => `${line}\n`).join('') +
        describeAudit(found) +
        describeEvidence('that agree with the references', right, share) +
        describeEvidence('that disagree with them', wrong, share),
    };
  },
};

interface EvidenceChoice {
  readonly people: PeopleWords;
  readonly words: Parameters<typeof personEvidence>[3];
  readonly count: number;
  readonly share: number;
  readonly seed: number;
}

interface Judged {
  /** Whether the caption names the group of the references. */
  readonly agrees: boolean;
  readonly evidence: PersonEvidence;
}

/** The evidence for captions of images whose references name one group alone, chosen at random. */
async function evidenceOf(
  model: Captioner,
  images: readonly CaptionedFile[],
  said: readonly { readonly caption: string; readonly references: readonly string[] }[],
  { people, words, count, share, seed }: EvidenceChoice,
): Promise<Judged[]> {
  const order = Array.from(new Random(seed).fork('evidence').permutation(images.length));
  const judged = order.flatMap((i) => {
    const [theirs, own] = [people.namingOf(...said[i].references), people.namingOf(said[i].caption)];
    return theirs.kind === 'group' && own.kind === 'group' ? [{ i, agrees: theirs.group === own.group }] : [];
  });
  const chosen = judged.slice(0, count);
  const onProgress = progressShare('Hiding parts');
  const found: Judged[] = [];
  for (const [done, { i, agrees }] of chosen.entries()) {
    const image = await readImage(images[i].file.path);
    const evidence = await personEvidence(model, image, said[i].caption, words, { share });
    if (evidence) found.push({ agrees, evidence });
    onProgress?.((done + 1) / chosen.length);
  }
  return found;
}
