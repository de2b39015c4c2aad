import { textMap } from 'unrolled/charts';
import { toCsv } from '../../pictures/csv.ts';
import type { SavedPicture } from '../../pictures/save.ts';
import type { CellSearch, CellStretch } from '../../protocol.ts';
import { shellWord } from '../../run/command.ts';

/** The coloured stretch to keep, with all that was found. @param trained  the command that made the model */
export function cellsPicture(
  search: CellSearch,
  stretch: CellStretch,
  cell: string,
  trained: string,
  address: string,
): SavedPicture {
  const found = search.cells.find(({ name }) => name === cell);
  const sign = found?.sign ?? 1;
  const measure = search.measure === 'auc' ? 'AUC' : 'correlation';
  const score = found
    ? `${measure} ${found.heldOut.toFixed(3)} held out, shifted ${search.shuffledLevel.toFixed(3)}`
    : '';
  return {
    name: `cell-${cell}`,
    svg: textMap({
      title: `${cell} and ${search.property}`,
      description: `Each character has the colour of the cell after it; ${score}. Trained by: ${trained}`,
      label: `${cell}, ${sign > 0 ? 'low to high' : 'high to low'}`,
      pieces: stretch.pieces.map((text, i) => ({ text, value: sign * stretch.values[i] })),
    }),
    csv: toCsv(
      ['token', 'text', 'cell', 'property'],
      stretch.pieces.map((text, i) => [stretch.from + i, text, stretch.values[i], stretch.labels[i]]),
    ),
    json: { address, cell, search, stretch: { ...stretch, values: [...stretch.values], labels: [...stretch.labels] } },
    command: `npx unrolled cells RUN --property ${shellWord(search.property)}`,
  };
}
