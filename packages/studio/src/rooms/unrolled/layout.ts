import type { Part, Place, Unrolling } from '../../protocol.ts';

/** Where everything of an unrolled network stands, in CSS pixels. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  /** Width of a step, with the gap to the next. */
  readonly column: number;
  readonly gap: number;
  readonly rows: {
    readonly next: number;
    readonly loss: number;
    readonly output: number;
    readonly input: number;
  };
  /** The tokens that are shown of the output, at most so many. */
  readonly outputs: number;
  readonly outputStep: number;
  readonly embedding: Block;
  /** From the lowest; drawn upwards. */
  readonly layers: readonly Block[];
}

/** The vectors of one layer at one step, side by side. */
export interface Block {
  readonly layer: number;
  readonly top: number;
  readonly strips: readonly Strip[];
  /** Height of a unit's cell, and width of a strip of values and of one of gradients. */
  readonly unit: number;
  readonly height: number;
}

export interface Strip {
  readonly part: Part;
  readonly gradient: boolean;
  /** From the left edge of the step's column. */
  readonly x: number;
  readonly width: number;
}

/** Up to so many units are large enough for their numbers to be read. */
export const legible = 12;
const room = 210;
const between = 34;

/** @param available  where there is more room than is needed, steps stand further apart */
export function layoutOf(unrolling: Unrolling, available = 0): Layout {
  const T = unrolling.tokens.length;
  const V = unrolling.vocabulary.length;
  const [left, outputStep] = [86, 18];
  const outputs = Math.min(V, V <= 6 ? V : 5);
  const heightOf = (size: number): number => (size <= legible ? 19 : Math.max(2, Math.min(14, room / size)));
  const widthOf = (size: number): number => (size <= legible ? 40 : 18);
  const stripsOf = (parts: readonly Part[]): Strip[] => {
    let x = 0;
    return parts.flatMap((part) => {
      const width = widthOf(part.size);
      const strips: Strip[] = [{ part, gradient: false, x, width }];
      x += width + 2;
      if (part.gradients) {
        strips.push({ part, gradient: true, x: x - 1, width: 13 });
        x += 15;
      }
      return strips;
    });
  };
  const breadth = (strips: readonly Strip[]): number => Math.max(...strips.map(({ x, width }) => x + width));
  const all = unrolling.layers.map(stripsOf);
  const inner = Math.max(84, ...all.map(breadth));
  const gap = Math.min(90, Math.max(40, Math.floor((available - left - 10) / T) - inner));
  const centred = (strips: readonly Strip[]): Strip[] => {
    const shift = (inner - breadth(strips)) / 2;
    return strips.map((strip) => ({ ...strip, x: strip.x + shift }));
  };
  const rows = { next: 34, loss: 58, output: 72 };
  let top = rows.output + outputs * outputStep + between;
  const layers: Block[] = [];
  for (let layer = all.length - 1; layer >= 0; layer--) {
    const size = Math.max(...unrolling.layers[layer].map((part) => part.size));
    const unit = heightOf(size);
    layers[layer] = { layer, top: top + 16, strips: centred(all[layer]), unit, height: unit * size };
    top += 16 + unit * size + between;
  }
  const unit = unrolling.embedding.size <= legible ? 15 : Math.max(2, Math.min(10, 72 / unrolling.embedding.size));
  const strips = centred(stripsOf([unrolling.embedding]));
  const embedding: Block = { layer: -1, top: top + 4, strips, unit, height: unit * unrolling.embedding.size };
  const input = embedding.top + embedding.height + between;
  return {
    width: left + T * (inner + gap) + 10,
    height: input + 26,
    left,
    column: inner + gap,
    gap,
    rows: { ...rows, input },
    outputs,
    outputStep,
    embedding,
    layers,
  };
}

/** The left edge of a step. */
export const columnX = ({ left, column }: Layout, t: number): number => left + t * column;

/** Which tokens are shown of the output at a step: all in their order, or the likeliest first. */
export function shownOutputs({ probabilities, vocabulary }: Unrolling, t: number, count: number): number[] {
  const V = vocabulary.length;
  const ids = Array.from({ length: V }, (_, id) => id);
  if (count >= V) return ids;
  return ids.sort((a, b) => probabilities[t * V + b] - probabilities[t * V + a] || a - b).slice(0, count);
}

/** What is at a point of the picture. */
export function placeAt(unrolling: Unrolling, layout: Layout, x: number, y: number): Place | null {
  const t = Math.floor((x - layout.left) / layout.column);
  if (t < 0 || t >= unrolling.tokens.length) return null;
  const within = x - columnX(layout, t);
  for (const block of [layout.embedding, ...layout.layers]) {
    if (y < block.top || y >= block.top + block.height) continue;
    const strip = block.strips.find((one) => within >= one.x && within < one.x + one.width);
    if (!strip) return null;
    const unit = Math.floor((y - block.top) / block.unit);
    if (unit >= strip.part.size) return null;
    return { t, layer: block.layer, part: strip.part.name, unit, gradient: strip.gradient };
  }
  const row = Math.floor((y - layout.rows.output) / layout.outputStep);
  const inner = layout.column - layout.gap;
  if (row >= 0 && row < layout.outputs && within < inner) {
    const unit = shownOutputs(unrolling, t, layout.outputs)[row];
    return { t, layer: unrolling.layers.length, part: 'p', unit, gradient: false };
  }
  return null;
}

/** The step whose loss is at a point of the picture. */
export function lossAt(unrolling: Unrolling, layout: Layout, x: number, y: number): number | null {
  const t = Math.floor((x - layout.left) / layout.column);
  const inRow = y > layout.rows.loss - 22 && y < layout.rows.loss;
  return inRow && t >= 0 && t + 1 < unrolling.tokens.length ? t : null;
}

/** Where a place is drawn, for the frame around the one that is chosen. */
export function boxOf(
  unrolling: Unrolling,
  layout: Layout,
  place: Place,
): { x: number; y: number; w: number; h: number } | null {
  const x = columnX(layout, place.t);
  if (place.layer === unrolling.layers.length) {
    const row = shownOutputs(unrolling, place.t, layout.outputs).indexOf(place.unit);
    if (row < 0) return null;
    return { x, y: layout.rows.output + row * layout.outputStep, w: layout.column - layout.gap, h: layout.outputStep };
  }
  const block = place.layer < 0 ? layout.embedding : layout.layers[place.layer];
  const strip = block?.strips.find(({ part, gradient }) => part.name === place.part && gradient === place.gradient);
  if (!block || !strip) return null;
  return { x: x + strip.x, y: block.top + place.unit * block.unit, w: strip.width, h: block.unit };
}

/** The place an arrow key goes to: along the text, along the units and on to the next vector, or to the vector beside. */
export function moved(unrolling: Unrolling, layout: Layout, place: Place, key: string): Place | null {
  const T = unrolling.tokens.length;
  if (key === 'ArrowLeft' || key === 'ArrowRight') {
    const t = place.t + (key === 'ArrowLeft' ? -1 : 1);
    if (t < 0 || t >= T) return null;
    if (place.layer < unrolling.layers.length) return { ...place, t };
    const row = shownOutputs(unrolling, place.t, layout.outputs).indexOf(place.unit);
    return { ...place, t, unit: shownOutputs(unrolling, t, layout.outputs)[Math.max(0, row)] };
  }
  const stops: Place[] = [];
  const output = { t: place.t, layer: unrolling.layers.length, part: 'p', gradient: false };
  for (const unit of shownOutputs(unrolling, place.t, layout.outputs)) stops.push({ ...output, unit });
  const blocks = [...layout.layers.toReversed(), layout.embedding];
  const beside = (block: Block): Strip =>
    block.strips.find(({ part, gradient }) => part.name === place.part && gradient === place.gradient) ??
    block.strips.findLast(({ gradient }) => !gradient)!;
  for (const block of blocks) {
    const { part, gradient } = beside(block);
    for (let unit = 0; unit < part.size; unit++) {
      stops.push({ t: place.t, layer: block.layer, part: part.name, unit, gradient });
    }
  }
  if (key === 'ArrowUp' || key === 'ArrowDown') {
    const at = stops.findIndex((stop) => samePlace(stop, place));
    return stops[at + (key === 'ArrowUp' ? -1 : 1)] ?? null;
  }
  const block = place.layer < 0 ? layout.embedding : layout.layers[place.layer];
  if (!block || (key !== '[' && key !== ']')) return null;
  const at = block.strips.findIndex(({ part, gradient }) => part.name === place.part && gradient === place.gradient);
  const strip = block.strips[at + (key === '[' ? -1 : 1)];
  return strip ? { ...place, part: strip.part.name, gradient: strip.gradient } : null;
}

export const samePlace = (a: Place, b: Place): boolean =>
  a.t === b.t && a.layer === b.layer && a.part === b.part && a.unit === b.unit && a.gradient === b.gradient;
