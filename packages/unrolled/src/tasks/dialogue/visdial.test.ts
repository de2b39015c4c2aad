import { describe, expect, test } from 'vitest';
import { DataError } from '../../errors.ts';
import { makeDialogues, parseVisDial, toVisDial, withCandidates } from './index.ts';

const made = withCandidates(makeDialogues({ seed: 3, count: 30 }), { seed: 1, count: 20 });
const ids = made.map((_, i) => 100 + i);

type Mutable = Record<string, unknown>;
interface Data {
  readonly dialogs: (Mutable & { readonly dialog: Mutable[] })[];
  questions: unknown;
  answers: unknown;
}

const file = (change: (data: Data) => void): string => {
  const content = JSON.parse(toVisDial(made.slice(0, 2), ids));
  change(content.data);
  return JSON.stringify(content);
};

test('what is written is read again', () => {
  const read = parseVisDial(toVisDial(made, ids), 'visdial.json');
  expect(read.map(({ caption, turns }) => ({ caption, turns }))).toEqual(
    made.map(({ caption, turns }) => ({ caption, turns })),
  );
  expect(read.map(({ image }) => image)).toEqual(ids.map(String));
  expect(read[1].place).toBe('visdial.json: dialog 2');
});

test('a round without an answer ends its dialog; a caption and options may be missing', () => {
  const json = file(({ dialogs }) => {
    delete dialogs[0].caption;
    delete dialogs[0].dialog[1].answer_options;
    delete dialogs[0].dialog[2].answer;
  });
  const [{ caption, turns }] = parseVisDial(json);
  expect(caption).toBe('');
  expect(turns).toHaveLength(2);
  expect(turns[1].candidates).toBeUndefined();
});

describe.each([
  ['no JSON', '{', /is not JSON/],
  ['another layout', '{"data": {"dialogs": []}}', /data\.questions/],
  ['a list', '[1]', /data\.questions/],
  ['nothing', 'null', /data\.questions/],
  ['an answer that is not in the list', file(({ dialogs }) => (dialogs[1].dialog[3].answer = 99)), /dialog 2, round 4/],
  [
    'a question that is no number',
    file(({ dialogs }) => (dialogs[0].dialog[0].question = 'what?')),
    /question must be/,
  ],
  ['options without the answer', file(({ dialogs }) => (dialogs[0].dialog[0].answer_options = [])), /not among/],
  ['options that are no list', file(({ dialogs }) => (dialogs[0].dialog[0].answer_options = 3)), /must be a list/],
  ['no rounds', file(({ dialogs }) => (dialogs[0] = { image_id: 1 } as never)), /dialog must be a list/],
  ['no image', file(({ dialogs }) => delete dialogs[0].image_id), /image_id must be/],
  ['a caption that is no text', file(({ dialogs }) => (dialogs[0].caption = 7)), /caption must be text/],
  ['questions that are no texts', file((data) => (data.questions = [1])), /data\.questions/],
  ['a dialog that is none', file(({ dialogs }) => (dialogs[0] = null as never)), /image_id must be/],
])('a file with %s', (_, json, message) => {
  test('is refused by name', () => {
    expect(() => parseVisDial(json, 'a.json')).toThrow(DataError);
    expect(() => parseVisDial(json, 'a.json')).toThrow(message);
  });
});
