/**
 * Colours that differ in lightness too, after Okabe and Ito (2008), so that they can be told apart by people who see
 * few colours; on light and on dark ground. Lines also differ in their dashes, points in their shapes.
 */
export const seriesColours = {
  light: ['#0072b2', '#c44e00', '#00795a', '#a8437f', '#7a6200', '#4a4a4a'],
  dark: ['#56b4e9', '#ff9d5c', '#35c99e', '#e79ccb', '#f0e442', '#cfcfcf'],
} as const;

export const seriesCount = seriesColours.light.length;
export const dashes = ['', '7 4', '2 4', '10 4 2 4', '14 4', '4 2'] as const;

const ground = {
  light: { paper: '#ffffff', ink: '#1d2733', soft: '#55606e', grid: '#e3e7ec' },
  dark: { paper: '#12171e', ink: '#e8edf3', soft: '#a3afbd', grid: '#2b343f' },
} as const;

function rules(mode: 'light' | 'dark'): string {
  const { paper, ink, soft, grid } = ground[mode];
  const coloured = seriesColours[mode].map((c, i) => `.c${i}{stroke:${c}}.f${i}{fill:${c}}`).join('');
  return `.paper{fill:${paper}}text{fill:${ink}}.soft{fill:${soft}}.grid{stroke:${grid}}.axis{stroke:${soft}}${coloured}`;
}

/** Style of every chart; it follows the reader's light or dark theme. */
export const styles =
  'text{font:14px system-ui,sans-serif}.title{font-weight:600;font-size:15px}.line{fill:none;stroke-width:2;stroke-linejoin:round}' +
  '.point{fill:none;stroke-width:1.2;opacity:.85}.band{stroke:none;opacity:.15}' +
  `${rules('light')}@media(prefers-color-scheme:dark){${rules('dark')}}`;

const viridis = ['#440154', '#3b528b', '#21918c', '#5ec962', '#fde725'];

/** Blue, white and red of ColorBrewer (RdBu): equally dark at both ends, also for people who see few colours. */
const blueToRed = ['#2166ac', '#67a9cf', '#d1e5f0', '#f7f7f7', '#fddbc7', '#ef8a62', '#b2182b'];

/** From dark blue (0) to yellow (1) in even steps of lightness: viridis. */
export const sequential = (share: number): string => between(viridis, share);

/** From blue (−1) by white (0) to red (1). */
export const diverging = (share: number): string => between(blueToRed, (share + 1) / 2);

/** A colour of a scale from 0 to 1. */
function between(colours: readonly string[], share: number): string {
  const place = Math.min(1, Math.max(0, share)) * (colours.length - 1);
  const index = Math.min(colours.length - 2, Math.floor(place));
  const channel = (start: number): string => {
    const [a, b] = [colours[index], colours[index + 1]].map((c) => Number.parseInt(c.slice(start, start + 2), 16));
    return Math.round(a + (b - a) * (place - index))
      .toString(16)
      .padStart(2, '0');
  };
  return `#${channel(1)}${channel(3)}${channel(5)}`;
}

/** Black or white, whichever stands out more from a colour `#rrggbb`. */
export function inkOn(colour: string): string {
  const [r, g, b] = [1, 3, 5].map((start) => {
    const channel = Number.parseInt(colour.slice(start, start + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  // Relative luminance (WCAG 2): contrast with black and with white is equal at 0.179.
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? '#000000' : '#ffffff';
}
