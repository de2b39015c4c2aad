import { sequential } from 'unrolled/charts';
import { formatCount } from '../../format.ts';
import type { NormPoint } from '../../norm-curve.ts';
import { mix } from '../../pictures/colours.ts';
import {
  axisMarks,
  decadesOf,
  type Frame,
  linear,
  logarithmic,
  pathMarks,
  powerOfTen,
  powersBetween,
  roundNumbers,
} from '../../pictures/plot.ts';
import type { Mark, Scene } from '../../pictures/scene.ts';
import type { GradientsSeen, WeightsApart, WeightsSeen } from '../../protocol.ts';
import type { Palette } from '../../theme.svelte.ts';

const heatFrame = (width: number): Frame => ({ left: 34, right: width - 6, top: 66, bottom: 300 });

/** Which t and k a point of the heat map is; null outside. */
export function cellAt(seen: GradientsSeen, width: number, x: number, y: number): { p: number; k: number } | null {
  const { left, right, top, bottom } = heatFrame(width);
  const p = Math.floor(((x - left) / (right - left)) * seen.positions.length);
  const k = Math.floor(((y - top) / (bottom - top)) * (seen.lags + 1));
  return p < 0 || k < 0 || p >= seen.positions.length || k > seen.lags ? null : { p, k };
}

/** ‖∂Lₜ/∂hₜ₋ₖ‖ over t and k as colour, by powers of ten. */
export function heatScene(
  seen: GradientsSeen,
  layer: number,
  decades: readonly [number, number],
  width: number,
  palette: Palette,
): Scene {
  const { lags, positions } = seen;
  const { norms } = seen.layers[layer];
  const frame = heatFrame(width);
  const { left, right, top, bottom } = frame;
  const share = logarithmic(...decades, 0, 1);
  const cell = { w: (right - left) / positions.length, h: (bottom - top) / (lags + 1) };
  const marks: Mark[] = [];
  const text = { kind: 'text', size: 12, fill: palette.soft } as const;
  const bar = { from: left, to: Math.min(right, left + 320) };
  for (let i = 0; i < 64; i++) {
    const w = (bar.to - bar.from) / 64;
    marks.push({ kind: 'rect', x: bar.from + i * w, y: 6, w: w + 0.5, h: 10, fill: sequential((i + 0.5) / 64) });
  }
  for (const value of powersBetween(decades)) {
    const x = linear(0, 1, bar.from, bar.to)(share(value));
    marks.push({ ...text, x, y: 31, text: powerOfTen(value), align: 'middle' });
  }
  positions.forEach((_, p) => {
    for (let k = 0; k <= lags; k++) {
      const norm = norms[p * (lags + 1) + k];
      if (!Number.isFinite(norm)) continue;
      const [x, y] = [left + p * cell.w, top + k * cell.h];
      marks.push({ kind: 'rect', x, y, w: cell.w + 0.4, h: cell.h + 0.4, fill: sequential(share(norm)) });
    }
  });
  const every = Math.max(1, Math.ceil((34 * positions.length) / (right - left)));
  positions.forEach((t, p) => {
    if (p % every === 0)
      marks.push({ ...text, x: left + (p + 0.5) * cell.w, y: bottom + 16, text: String(t), align: 'middle' });
  });
  for (const k of roundNumbers(0, lags)) {
    marks.push({ ...text, x: left - 6, y: top + (k + 0.5) * cell.h + 4, text: String(k), align: 'end' });
  }
  marks.push({ ...text, x: 0, y: top - 10, text: 'k, steps back' });
  marks.push({ ...text, x: right, y: bottom + 32, text: 't, the step of the loss', align: 'end' });
  return { width, height: bottom + 40, marks };
}

/** A norm by lag for each of some runs. */
export function decayScene(
  lines: readonly { readonly colour: string; readonly mean: Float32Array }[],
  decades: readonly [number, number],
  width: number,
  palette: Palette,
): Scene {
  const frame: Frame = { left: 44, right: width - 10, top: 34, bottom: 216 };
  const last = Math.max(1, ...lines.map(({ mean }) => mean.length - 1));
  const x = linear(0, last, frame.left, frame.right);
  const y = logarithmic(...decades, frame.bottom, frame.top);
  const marks = axisMarks(
    frame,
    { at: x, values: roundNumbers(0, last, 6), label: 'k, steps back' },
    { at: y, values: powersBetween(decades, 5), name: powerOfTen, label: '‖∂Lₜ/∂hₜ₋ₖ‖, mean over t' },
    palette,
  );
  lines.forEach(({ colour, mean }, i) => {
    // Where it is 0, there is no place on the scale.
    const points = Array.from(mean, (norm, k) => [x(k), y(norm), norm] as const).filter(([, , norm]) => norm > 0);
    marks.push(
      ...pathMarks(
        points.map(([px, py]) => [px, py] as const),
        colour,
        2.5,
        i % 2 === 1 ? 7 : undefined,
      ),
    );
  });
  return { width, height: frame.bottom + 40, marks };
}

/** The eigenvalues beside the unit circle: as they were at first, and are now. */
export function eigenScene(first: WeightsSeen | null, now: WeightsSeen, width: number, palette: Palette): Scene {
  const size = Math.min(width, 300);
  const all = [...now.eigenvalues, ...(first?.eigenvalues ?? [])];
  const reach = Math.max(1.2, ...all.map(({ re, im }) => 1.08 * Math.max(Math.abs(re), Math.abs(im))));
  const [middle, one] = [size / 2, size / 2 / reach];
  const marks: Mark[] = [
    { kind: 'line', x1: 0, x2: size, y1: middle, y2: middle, colour: palette.line, width: 1 },
    { kind: 'line', x1: middle, x2: middle, y1: 0, y2: size, colour: palette.line, width: 1 },
  ];
  const circle = Array.from({ length: 73 }, (_, i) => {
    const angle = (i / 36) * Math.PI;
    return [middle + one * Math.cos(angle), middle - one * Math.sin(angle)] as const;
  });
  marks.push(...pathMarks(circle, palette.soft, 1.5));
  const dot = (fill: string, r: number, { re, im }: { re: number; im: number }): Mark => ({
    ...{ kind: 'rect', x: middle + one * re - r, y: middle - one * im - r, w: 2 * r, h: 2 * r, fill, round: r },
  });
  const faint = mix(palette.paper, palette.soft, 0.45);
  if (first) marks.push(...first.eigenvalues.map((value) => dot(faint, 2, value)));
  marks.push(...now.eigenvalues.map((value) => dot(palette.above, 3, value)));
  marks.push({ kind: 'text', x: middle + one + 4, y: middle - 5, text: '1', size: 12, fill: palette.soft });
  return { width: size, height: size, marks };
}

/** Largest, middle and smallest singular value over the steps of training, and the largest |eigenvalue|. */
export function singularScene(
  history: readonly WeightsApart[],
  pick: (snapshot: WeightsApart) => WeightsSeen | undefined,
  width: number,
  palette: Palette,
): Scene {
  const frame: Frame = { left: 40, right: width - 10, top: 34, bottom: 180 };
  const rows = history.flatMap((snapshot) => {
    const found = pick(snapshot);
    if (!found) return [];
    const { singularValues: s, eigenvalues } = found;
    const radius = Math.max(...eigenvalues.map(({ re, im }) => Math.hypot(re, im)));
    return [{ step: snapshot.step, values: [s[0], s[Math.floor(s.length / 2)], s[s.length - 1], radius] }];
  });
  const [from, to] = [rows.at(0)?.step ?? 0, Math.max(rows.at(-1)?.step ?? 1, (rows.at(0)?.step ?? 0) + 1)];
  const high = Math.max(1.25, ...rows.flatMap(({ values }) => values)) * 1.05;
  const x = linear(from, to, frame.left, frame.right);
  const y = linear(0, high, frame.bottom, frame.top);
  const marks = axisMarks(
    frame,
    { at: x, values: roundNumbers(from, to).filter(Number.isInteger), name: formatCount, label: 'updates' },
    { at: y, values: roundNumbers(0, high), label: 'singular values and spectral radius' },
    palette,
  );
  marks.push({
    ...{ kind: 'line', x1: frame.left, x2: frame.right, y1: y(1), y2: y(1) },
    ...{ colour: palette.ink, width: 1, dash: 3 },
  });
  const [strong, faint] = [palette.accent, mix(palette.paper, palette.accent, 0.55)];
  [strong, faint, faint, palette.above].forEach((colour, i) => {
    const points = rows.map(({ step, values }) => [x(step), y(values[i])] as const);
    marks.push(...pathMarks(points, colour, i === 0 || i === 3 ? 2.5 : 1.5, i === 3 ? 5 : undefined));
    const last = points.at(-1);
    if (last) marks.push({ kind: 'rect', x: last[0] - 3, y: last[1] - 3, w: 6, h: 6, fill: colour, round: 3 });
  });
  return { width, height: frame.bottom + 40, marks };
}

/** The gradient's norm over the steps of training; where it was clipped, there is a mark. */
export function normScene(points: readonly NormPoint[], clip: number | null, width: number, palette: Palette): Scene {
  const frame: Frame = { left: 40, right: width - 10, top: 34, bottom: 160 };
  const decades = decadesOf([...points.map(({ norm }) => norm), ...(clip ? [clip] : [])], 6);
  const [from, to] = [points.at(0)?.step ?? 0, Math.max(points.at(-1)?.step ?? 1, (points.at(0)?.step ?? 0) + 1)];
  const x = linear(from, to, frame.left, frame.right);
  const y = logarithmic(...decades, frame.bottom, frame.top);
  const marks = axisMarks(
    frame,
    { at: x, values: roundNumbers(from, to).filter(Number.isInteger), name: formatCount, label: 'updates' },
    { at: y, values: powersBetween(decades, 4), name: powerOfTen, label: 'norm of the gradient' },
    palette,
  );
  if (clip)
    marks.push({
      ...{ kind: 'line', x1: frame.left, x2: frame.right, y1: y(clip), y2: y(clip) },
      ...{ colour: palette.ink, width: 1, dash: 3 },
    });
  for (const { step, clipped } of points) {
    if (clipped <= 0) continue;
    const [at, h] = [x(step), 4 + 8 * clipped];
    const ends = { x1: at, x2: at, y1: frame.bottom, y2: frame.bottom - h };
    marks.push({ kind: 'line', ...ends, colour: palette.above, width: 1.5 });
  }
  marks.push(
    ...pathMarks(
      points.filter(({ norm }) => norm > 0).map(({ step, norm }) => [x(step), y(norm)] as const),
      palette.accent,
      1.5,
    ),
  );
  return { width, height: frame.bottom + 40, marks };
}

/** The values of one gate, in bins. */
export function gateScene(gate: GradientsSeen['gates'][number], width: number, palette: Palette): Scene {
  const [top, bottom] = [22, 74];
  const most = Math.max(...gate.shares, 1e-9);
  const bin = width / gate.shares.length;
  const colour = gate.from < 0 ? palette.accent : palette.gate;
  const marks = gate.shares.map((share, i): Mark => {
    const h = (share / most) * (bottom - top);
    return { kind: 'rect', x: i * bin + 0.5, y: bottom - h, w: bin - 1, h, fill: colour };
  });
  const text = { kind: 'text', size: 12, fill: palette.soft } as const;
  const short = (value: number): string => String(Number(value.toPrecision(2))).replace('-', '−');
  marks.push(
    { kind: 'line', x1: 0, x2: width, y1: bottom, y2: bottom, colour: palette.soft, width: 1 },
    { kind: 'text', x: 0, y: 12, text: gate.name, size: 13, fill: palette.ink, bold: true, mono: true },
    { ...text, x: 0, y: bottom + 14, text: short(gate.from) },
    { ...text, x: width, y: bottom + 14, text: short(gate.to), align: 'end' },
  );
  return { width, height: bottom + 18, marks };
}
