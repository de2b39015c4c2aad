import type { Part } from '../protocol.ts';
import type { Palette } from '../theme.svelte.ts';

const channels = (colour: string): number[] => [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));

/** From one colour (0) to another (1); both `#rrggbb`. */
export function mix(from: string, to: string, share: number): string {
  const [a, b] = [channels(from), channels(to)];
  const part = Math.min(1, Math.max(0, share));
  return `#${a
    .map((value, i) =>
      Math.round(value + (b[i] - value) * part)
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;
}

/** The ground colour stands for 0; a root makes small values visible. */
export function colourOf(value: number, range: Part['range'], palette: Palette, scale = 1): string {
  if (Number.isNaN(value)) return palette.paper;
  const share = Math.abs(value / scale) ** 0.8;
  if (range === 'unit') return mix(palette.paper, palette.gate, share);
  return mix(palette.paper, value < 0 ? palette.below : palette.above, share);
}

export function gradientColour(value: number, scale: number, palette: Palette): string {
  if (Number.isNaN(value) || scale === 0) return palette.paper;
  return mix(palette.paper, value < 0 ? palette.backBelow : palette.backAbove, Math.abs(value / scale) ** 0.6);
}

/** Ink or paper: what can be read on a colour. */
export function inkOn(colour: string, { ink, paper }: Palette): string {
  const light = (one: string): number => {
    const [r, g, b] = channels(one);
    return 0.3 * r + 0.59 * g + 0.11 * b;
  };
  return Math.abs(light(colour) - light(ink)) > Math.abs(light(colour) - light(paper)) ? ink : paper;
}

/** The most nats that are told apart by colour: a chance of 1 in 400. */
export const mostNats = 6;

/** From what was expected to what was not. Ink can be read on all of it, and it grows darker (lighter) for every eye. */
const surprises: Readonly<Record<'light' | 'dark', readonly string[]>> = {
  light: ['#ffffff', '#ffe29a', '#f2914f'],
  dark: ['#171d25', '#4a3c14', '#a2460f'],
};

/** Of −log p in nats. */
export function surpriseColour(nats: number, dark: boolean): string {
  const [none, some, most] = surprises[dark ? 'dark' : 'light'];
  const share = Math.min(1, Math.max(0, nats / mostNats));
  return share < 0.5 ? mix(none, some, 2 * share) : mix(some, most, 2 * share - 1);
}
