import { showToken } from '../../format.ts';
import { colourOf, gradientColour, inkOn } from '../../pictures/colours.ts';
import type { Mark, Scene } from '../../pictures/scene.ts';
import type { Part, Place, Unrolling } from '../../protocol.ts';
import type { Palette } from '../../theme.svelte.ts';
import { type Block, boxOf, columnX, type Layout, legible, shownOutputs } from './layout.ts';

/** How far the two waves have come: steps shown of the way forward, and the first step of the way back. */
export interface Waves {
  readonly forward: number;
  readonly backward: number;
}

export interface View {
  readonly waves: Waves;
  readonly chosen: Place | null;
  /** The part of the picture that is in sight. */
  readonly from: number;
  readonly to: number;
}

/** The whole picture, or what of it is in sight. */
export function pictureOf(unrolling: Unrolling, layout: Layout, palette: Palette, view: View): Scene {
  const marks: Mark[] = [];
  const T = unrolling.tokens.length;
  const first = Math.max(0, Math.floor((view.from - layout.left) / layout.column));
  const last = Math.min(T - 1, Math.ceil((view.to - layout.left) / layout.column));
  const scales = unrolling.layers.map(gradientScale);
  for (let t = first; t <= last; t++) {
    drawStep(marks, unrolling, layout, palette, t, view.waves, scales);
  }
  if (view.chosen) {
    const box = boxOf(unrolling, layout, view.chosen);
    if (box) outline(marks, box, palette.ink);
  }
  drawLabels(marks, unrolling, layout, palette, view.from);
  return { width: layout.width, height: layout.height, marks };
}

function outline(marks: Mark[], { x, y, w, h }: { x: number; y: number; w: number; h: number }, colour: string): void {
  const [l, t, r, b] = [x - 1.5, y - 1.5, x + w + 1.5, y + h + 1.5];
  for (const [x1, y1, x2, y2] of [
    [l, t, r, t],
    [r, t, r, b],
    [r, b, l, b],
    [l, b, l, t],
  ])
    marks.push({ kind: 'line', x1, y1, x2, y2, colour, width: 2.5 });
}

/** The largest gradient in a layer: what is drawn darkest. */
export function gradientScale(parts: readonly Part[]): number {
  let most = 0;
  for (const { gradients } of parts)
    for (const value of gradients ?? []) if (Math.abs(value) > most) most = Math.abs(value);
  return most;
}

function drawStep(
  marks: Mark[],
  unrolling: Unrolling,
  layout: Layout,
  palette: Palette,
  t: number,
  waves: Waves,
  scales: readonly number[],
): void {
  const x = columnX(layout, t);
  const inner = layout.column - layout.gap;
  const middle = x + inner / 2;
  const seen = t < waves.forward;
  const { rows } = layout;
  const token = showToken(unrolling.tokens[t]);
  marks.push(
    {
      kind: 'rect',
      x: middle - 17,
      y: rows.input - 10,
      w: 34,
      h: 28,
      fill: palette.raised,
      round: 7,
      outline: seen ? palette.accent : palette.line,
    },
    {
      kind: 'text',
      x: middle,
      y: rows.input + 10,
      text: token,
      size: 16,
      fill: palette.ink,
      align: 'middle',
      mono: true,
    },
  );
  if (!seen) return;
  const back = t >= waves.backward;
  const { embedding, layers } = layout;
  const outputs = rows.output + layout.outputs * layout.outputStep;
  const up = (from: number, to: number): void => {
    marks.push({
      kind: 'line',
      x1: middle,
      y1: from,
      x2: middle,
      y2: to + 4,
      colour: palette.accent,
      width: 1.5,
      arrow: true,
    });
  };
  up(rows.input - 10, embedding.top + embedding.height);
  up(embedding.top - 3, layers[0].top + layers[0].height);
  layers.forEach(({ top }, layer) => {
    const above = layers[layer + 1];
    up(top - 17, above ? above.top + above.height : outputs);
  });
  const counts = t + 1 < unrolling.ids.length && (unrolling.lossAt === null || unrolling.lossAt === t);
  if (back && counts) {
    const x1 = middle + 12;
    marks.push({
      kind: 'line',
      x1,
      y1: outputs + 4,
      x2: x1,
      y2: layers[layers.length - 1].top - 17,
      colour: palette.backAbove,
      width: 1.5,
      arrow: true,
    });
  }
  for (const block of [layout.embedding, ...layout.layers])
    drawBlock(marks, block, palette, x, t, back, scales[block.layer] ?? 0);
  for (const block of layout.layers)
    drawArrows(marks, unrolling, layout, block, palette, t, waves, scales[block.layer]);
  drawOutput(marks, unrolling, layout, palette, t);
}

function drawBlock(
  marks: Mark[],
  block: Block,
  palette: Palette,
  x: number,
  t: number,
  back: boolean,
  scale: number,
): void {
  for (const { part, gradient, x: shift, width } of block.strips) {
    if (gradient && !back) continue;
    if (block.layer >= 0) {
      const text = gradient ? '∂' : part.name;
      marks.push({
        kind: 'text',
        x: x + shift + width / 2,
        y: block.top - 4,
        text,
        size: 11,
        fill: palette.soft,
        align: 'middle',
        mono: true,
      });
    }
    const tall = block.unit > 5 ? 1 : 0;
    for (let unit = 0; unit < part.size; unit++) {
      const value = (gradient ? part.gradients! : part.values)[t * part.size + unit];
      const fill = gradient
        ? gradientColour(value, scale, palette)
        : colourOf(value, part.range, palette, part.range === 'open' ? openScale(part) : 1);
      const y = block.top + unit * block.unit;
      const outline = part.size <= legible ? palette.line : undefined;
      marks.push({ kind: 'rect', x: x + shift, y, w: width, h: block.unit - tall, fill, outline });
      if (!gradient && part.size <= legible) {
        marks.push({
          kind: 'text',
          x: x + shift + width / 2,
          y: y + block.unit / 2 + 3.5,
          text: short(value),
          size: 10.5,
          fill: inkOn(fill, palette),
          align: 'middle',
          mono: true,
        });
      }
    }
  }
}

const openScales = new WeakMap<Part, number>();
function openScale(part: Part): number {
  const known = openScales.get(part);
  if (known !== undefined) return known;
  const scale = part.values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
  openScales.set(part, scale);
  return scale;
}

/** "−.42", "1.3": four characters at most. */
const short = (value: number): string =>
  (Math.abs(value) < 0.995 ? value.toFixed(2).replace('0.', '.') : value.toFixed(1)).replace('-', '−');

function drawArrows(
  marks: Mark[],
  unrolling: Unrolling,
  layout: Layout,
  block: Block,
  palette: Palette,
  t: number,
  waves: Waves,
  scale: number,
): void {
  const T = unrolling.tokens.length;
  if (t + 1 >= T) return;
  const right = columnX(layout, t) + Math.max(...block.strips.map(({ x, width }) => x + width));
  const next = columnX(layout, t + 1) + Math.min(...block.strips.map(({ x }) => x));
  const y = block.top + block.height / 2;
  if (t + 1 < waves.forward) {
    marks.push({
      kind: 'line',
      x1: right + 4,
      y1: y - 9,
      x2: next - 4,
      y2: y - 9,
      colour: palette.accent,
      width: 2,
      arrow: true,
    });
  }
  const cut = unrolling.truncation > 0 && (t + 1) % unrolling.truncation === 0;
  if (cut) {
    const x = columnX(layout, t + 1) - layout.gap / 2;
    marks.push(
      {
        kind: 'line',
        x1: x,
        y1: block.top - 14,
        x2: x,
        y2: block.top + block.height + 10,
        colour: palette.ink,
        width: 1.5,
        dash: 5,
      },
      { kind: 'text', x, y: block.top - 18, text: 'cut', size: 11, fill: palette.ink, align: 'middle' },
    );
  }
  if (cut || t < waves.backward) return;
  const strength = stateGradient(unrolling.layers[block.layer], t + 1) / (scale || 1);
  if (!(strength > 0)) return;
  const width = 1 + 3 * Math.min(1, strength ** 0.5);
  const opacity = 0.25 + 0.75 * Math.min(1, strength ** 0.4);
  marks.push({
    kind: 'line',
    x1: next - 4,
    y1: y + 9,
    x2: right + 4,
    y2: y + 9,
    colour: palette.backAbove,
    width,
    arrow: true,
    opacity,
  });
}

/** The largest number of the gradient at a step's states; 0 where none came. */
function stateGradient(parts: readonly Part[], t: number): number {
  let most = 0;
  for (const { gradients, size } of parts) {
    for (let unit = 0; gradients && unit < size; unit++)
      most = Math.max(most, Math.abs(gradients[t * size + unit]) || 0);
  }
  return most;
}

function drawOutput(marks: Mark[], unrolling: Unrolling, layout: Layout, palette: Palette, t: number): void {
  const V = unrolling.vocabulary.length;
  const x = columnX(layout, t);
  const inner = layout.column - layout.gap;
  const target = unrolling.ids[t + 1];
  shownOutputs(unrolling, t, layout.outputs).forEach((id, row) => {
    const p = unrolling.probabilities[t * V + id];
    const y = layout.rows.output + row * layout.outputStep;
    const right = id === target;
    const full = inner - 20;
    marks.push(
      {
        kind: 'text',
        x: x + 8,
        y: y + 13,
        text: showToken(unrolling.vocabulary[id]),
        size: 13,
        fill: palette.ink,
        align: 'middle',
        bold: right,
        mono: true,
      },
      { kind: 'rect', x: x + 20, y: y + 2, w: full, h: 14, fill: palette.line, round: 3 },
      {
        kind: 'rect',
        x: x + 20,
        y: y + 2,
        w: Math.max(1.5, full * p),
        h: 14,
        fill: right ? palette.ink : palette.edge,
        round: 3,
      },
    );
    const fits = full * p > 34;
    const fill = fits ? palette.paper : palette.ink;
    const at = fits ? x + 20 + full * p - 4 : x + 24 + full * p;
    marks.push({
      kind: 'text',
      x: at,
      y: y + 13,
      text: p.toFixed(2).replace('0.', '.'),
      size: 10.5,
      fill,
      align: fits ? 'end' : 'start',
      mono: true,
    });
  });
  const middle = x + inner / 2;
  if (target === undefined) return;
  const loss = unrolling.losses[t];
  const counts = unrolling.lossAt === null || unrolling.lossAt === t;
  marks.push(
    {
      kind: 'text',
      x: middle,
      y: layout.rows.next - 8,
      text: showToken(unrolling.vocabulary[target]),
      size: 16,
      fill: palette.ink,
      align: 'middle',
      mono: true,
      bold: true,
    },
    {
      kind: 'text',
      x: middle,
      y: layout.rows.loss - 6,
      text: loss.toFixed(2),
      size: 12,
      fill: counts ? palette.backAbove : palette.soft,
      align: 'middle',
      mono: true,
      bold: counts,
    },
  );
}

function drawLabels(marks: Mark[], unrolling: Unrolling, layout: Layout, palette: Palette, from: number): void {
  const right = from + layout.left - 18;
  const label = (y: number, text: string): void => {
    marks.push({ kind: 'text', x: right, y, text, size: 12.5, fill: palette.soft, align: 'end' });
  };
  // They stay in sight when the picture is scrolled.
  marks.push({ kind: 'rect', x: from, y: 0, w: layout.left - 8, h: layout.height, fill: palette.paper });
  label(layout.rows.next - 9, 'next');
  label(layout.rows.loss - 6, 'loss, nats');
  label(layout.rows.output + (layout.outputs * layout.outputStep) / 2 + 4, 'predicted');
  layout.layers.forEach(({ top, height }, layer) => {
    label(top + height / 2 - 3, unrolling.cell.toUpperCase());
    label(top + height / 2 + 13, unrolling.layers.length > 1 ? `layer ${layer}` : 'state');
  });
  label(layout.embedding.top + layout.embedding.height / 2 + 4, 'vector x');
  label(layout.rows.input + 9, 'read');
}
