import { escapeXml, textMap } from 'unrolled/charts';
import { toCsv } from '../../pictures/csv.ts';
import type { SavedPicture } from '../../pictures/save.ts';
import type { FoundUnits, TextSpan } from '../../protocol.ts';
import { theme } from '../../theme.svelte.ts';
import { stripPixels, valuesOf } from './strip-colours.ts';

const measureOf = ({ measure }: FoundUnits): string => (measure === 'auc' ? 'AUC' : 'correlation');

/**
 * The coloured span to keep, with all that was found.
 * @param command  what finds the same
 */
export function unitPicture(
  search: FoundUnits,
  span: TextSpan,
  unit: string,
  command: string,
  address: string,
): SavedPicture {
  const found = search.units.find(({ name }) => name === unit);
  const sign = found?.sign ?? 1;
  const values = valuesOf(span, unit);
  const score = found
    ? `${measureOf(search)} ${found.heldOut.toFixed(3)} held out, shifted ${search.shuffledLevel.toFixed(3)}`
    : '';
  return {
    name: `unit-${unit}`,
    svg: textMap({
      title: `${unit} and ${search.property}`,
      description: `Each character has the colour of the unit after it; ${score}. Made by: ${command}`,
      label: `${unit}, ${sign > 0 ? 'low to high' : 'high to low'}`,
      pieces: span.pieces.map((text, i) => ({ text, value: sign * values[i] })),
    }),
    csv: toCsv(
      ['token', 'text', 'unit', 'property'],
      span.pieces.map((text, i) => [span.from + i, text, values[i], span.labels[i]]),
    ),
    json: {
      address,
      unit,
      search,
      span: { from: span.from, pieces: span.pieces, values: [...values], labels: [...span.labels] },
    },
    command,
  };
}

/** Units of the picture: as many as can be told apart. */
const drawn = 60;

/** All units along the span, to keep: the best of them drawn, all as numbers. */
export function stripsPicture(search: FoundUnits, span: TextSpan, command: string, address: string): SavedPicture {
  const rows = search.units.map((unit) => ({ unit, values: valuesOf(span, unit.name) }));
  const title = `${Math.min(drawn, rows.length)} of ${rows.length} units beside ${search.property}`;
  return {
    name: 'units',
    svg: stripsSvg(rows.slice(0, drawn), search, span, title, `Made by: ${command}`),
    csv: toCsv(
      ['token', 'text', 'property', ...rows.map(({ unit }) => unit.name)],
      span.pieces.map((text, i) => [span.from + i, text, span.labels[i], ...rows.map(({ values }) => values[i])]),
    ),
    json: { address, search, from: span.from, pieces: span.pieces, labels: [...span.labels] },
    command,
  };
}

function stripsSvg(
  rows: readonly { readonly unit: FoundUnits['units'][number]; readonly values: Float32Array }[],
  search: FoundUnits,
  { labels }: TextSpan,
  title: string,
  description: string,
): string {
  const { paper, ink, soft, accent } = theme.palette;
  const [left, width, row, top] = [150, 900, 14, 76];
  const height = top + rows.length * row + 12;
  const text = (x: number, y: number, what: string, fill: string, more = ''): string =>
    `<text x="${x}" y="${y}" fill="${fill}" ${more}>${escapeXml(what)}</text>`;
  const image = (pixels: ImageData, y: number): string =>
    `<image x="${left}" y="${y}" width="${width}" height="${row - 2}" preserveAspectRatio="none" ` +
    `style="image-rendering:pixelated" href="${pngOf(pixels)}"/>`;
  const [low, high] = labels.reduce(([a, b], label) => [Math.min(a, label), Math.max(b, label)], [Infinity, -Infinity]);
  const place = (label: number): number => 68 - (high > low ? (24 * (label - low)) / (high - low) : 0);
  const step = width / labels.length;
  const line = Array.from(labels, (label, i) => `H${(left + i * step).toFixed(1)}V${place(label).toFixed(1)}`).join('');
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${left + width + 12} ${height}" role="img" ` +
    `font-family="ui-monospace, Menlo, Consolas, monospace" font-size="11">` +
    `<title>${escapeXml(title)}</title><desc>${escapeXml(description)}</desc>` +
    `<rect width="100%" height="100%" fill="${paper}"/>` +
    text(12, 26, title, ink, 'font-size="15" font-weight="600" font-family="system-ui, sans-serif"') +
    text(12, 66, `unit  ${measureOf(search)}`, soft) +
    `<path d="M${left} ${place(labels[0]).toFixed(1)}${line}H${left + width}" fill="none" stroke="${accent}" stroke-width="1.2"/>` +
    rows
      .map(({ unit, values }, i) => {
        const y = top + i * row;
        const label = `${unit.name.padEnd(9)} ${unit.sign > 0 ? '↑' : '↓'} ${unit.heldOut.toFixed(3)}`;
        return `${text(12, y + 10, label, ink, 'xml:space="preserve"')}${image(stripPixels(values, unit.sign), y)}`;
      })
      .join('\n') +
    '</svg>\n'
  );
}

function pngOf(pixels: ImageData): string {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [pixels.width, pixels.height];
  canvas.getContext('2d')!.putImageData(pixels, 0, 0);
  return canvas.toDataURL();
}
