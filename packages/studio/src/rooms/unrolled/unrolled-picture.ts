import { showToken } from '../../format.ts';
import { toCsv } from '../../pictures/csv.ts';
import type { SavedPicture } from '../../pictures/save.ts';
import { sceneToSvg } from '../../pictures/scene.ts';
import type { Part, Unrolling } from '../../protocol.ts';
import { theme } from '../../theme.svelte.ts';
import { layoutOf } from './layout.ts';
import { pictureOf } from './picture.ts';

/** The picture as it is, to keep, with every number in it. */
export function unrolledPicture(unrolling: Unrolling, command: string, address: string): SavedPicture {
  const { palette } = theme;
  const T = unrolling.tokens.length;
  const layout = layoutOf(unrolling);
  const view = { waves: { forward: T, backward: 0 }, chosen: null, from: 0, to: layout.width };
  const read = unrolling.tokens.map(showToken).join('');
  const parts: readonly (readonly [number, Part])[] = [
    [-1, unrolling.embedding],
    ...unrolling.layers.flatMap((layer, index) => layer.map((part) => [index, part] as const)),
  ];
  const rows = parts.flatMap(([layer, { name, size, values, gradients }]) =>
    Array.from(values, (value, i) => {
      const t = Math.floor(i / size);
      const gradient = gradients?.[i];
      return [
        t,
        unrolling.tokens[t],
        layer,
        name,
        i % size,
        value,
        gradient === undefined || Number.isNaN(gradient) ? '' : gradient,
      ];
    }),
  );
  const V = unrolling.vocabulary.length;
  const chances = Array.from(unrolling.probabilities, (p, i) => [
    Math.floor(i / V),
    unrolling.tokens[Math.floor(i / V)],
    unrolling.layers.length,
    `p(${unrolling.vocabulary[i % V]})`,
    i % V,
    p,
    '',
  ]);
  return {
    name: 'unrolled',
    svg: sceneToSvg(
      pictureOf(unrolling, layout, palette, view),
      palette.paper,
      `${unrolling.cell.toUpperCase()} unrolled over “${read}”, after ${unrolling.step} updates`,
      `Inputs, states, gates, gradients and predictions over ${T} steps. Trained by: ${command}`,
    ),
    csv: toCsv(['step', 'token', 'layer', 'part', 'unit', 'value', 'gradient'], [...rows, ...chances]),
    json: {
      address,
      ...unrolling,
      ids: [...unrolling.ids],
      probabilities: [...unrolling.probabilities],
      losses: [...unrolling.losses],
      embedding: plain(unrolling.embedding),
      layers: unrolling.layers.map((layer) => layer.map(plain)),
    },
    command,
  };
}

const plain = ({ values, gradients, ...rest }: Part) => ({
  ...rest,
  values: [...values],
  gradients: gradients && [...gradients],
});
