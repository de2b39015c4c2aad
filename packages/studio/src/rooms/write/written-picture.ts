import { formatNumber, showToken } from '../../format.ts';
import { mostNats, surpriseColour } from '../../pictures/colours.ts';
import { toCsv } from '../../pictures/csv.ts';
import type { SavedPicture } from '../../pictures/save.ts';
import { type Mark, type Scene, sceneToSvg } from '../../pictures/scene.ts';
import type { WriteInput, WrittenToken } from '../../protocol.ts';
import { theme } from '../../theme.svelte.ts';

const [columns, character, line, margin] = [80, 9, 21, 16];

/** The text in its colours, in lines of eighty characters. */
function sceneOf(tokens: readonly WrittenToken[], title: string): Scene {
  const { palette, dark } = theme;
  const marks: Mark[] = [];
  let [x, y] = [0, 2];
  for (const { text, nats, given } of tokens) {
    for (const one of text) {
      if (x >= columns) [x, y] = [0, y + 1];
      const [left, top] = [margin + x * character, margin + y * line];
      if (nats !== null) {
        const fill = surpriseColour(nats, dark);
        marks.push({ kind: 'rect', x: left, y: top, w: character, h: line - 3, fill });
      }
      const [middle, base] = [left + character / 2, top + 14];
      const shown = one === '\n' ? '⏎' : one === ' ' ? '' : showToken(one);
      const fill = one === '\n' ? palette.soft : palette.ink;
      if (shown)
        marks.push({ kind: 'text', x: middle, y: base, text: shown, size: 14, fill, align: 'middle', mono: true });
      if (given) {
        const foot = { x1: left, x2: left + character, y1: top + line - 3, y2: top + line - 3 };
        marks.push({ kind: 'line', ...foot, colour: palette.accent, width: 1.5 });
      }
      [x, y] = one === '\n' ? [0, y + 1] : [x + 1, y];
    }
  }
  const width = 2 * margin + columns * character;
  const height = 2 * margin + (y + 1) * line;
  marks.push({ kind: 'text', x: margin, y: 24, text: title, size: 14, fill: palette.ink, bold: true });
  const steps = 24;
  for (let i = 0; i < steps; i++) {
    const fill = surpriseColour(((i + 0.5) / steps) * mostNats, dark);
    marks.push({ kind: 'rect', x: width - margin - 190 + 5 * i, y: 12, w: 5.3, h: 14, fill });
  }
  const legend = { kind: 'text', y: 24, size: 12, fill: palette.soft } as const;
  marks.push({ ...legend, x: width - margin - 196, text: '0', align: 'end' });
  marks.push({ ...legend, x: width - margin, text: `${mostNats} nats`, align: 'end' });
  return { width, height, marks };
}

/** What was read and written, to keep. */
export function writtenPicture(
  tokens: readonly WrittenToken[],
  input: WriteInput,
  name: string,
  step: number,
  command: string,
): SavedPicture {
  const title = `${name} after ${step} updates: how surprising each character is`;
  const description = `−log p in nats. The prompt is underlined. Made by: ${command}`;
  return {
    name: 'written',
    svg: sceneToSvg(sceneOf(tokens, title), theme.palette.paper, title, description),
    csv: toCsv(
      ['place', 'token', 'from', 'nats', 'expected'],
      tokens.map(({ text, given, nats, expected }, place) => [
        place,
        text,
        given ? 'prompt' : 'model',
        nats ?? '',
        expected.map(({ text, probability }) => `${showToken(text)} ${formatNumber(probability)}`).join(' '),
      ]),
    ),
    json: { model: name, step, ...input, tokens },
    command,
  };
}
