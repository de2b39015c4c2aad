import { nearest, shown } from '../checks.ts';
import { ConfigError } from '../errors.ts';
import type { DefinedCell } from './cells/define.ts';
import type { CellSource } from './cells/registry.ts';
import type { Layer, LayerConfig } from './layer.ts';

/** A layer with any inputs and outputs. */
export type AnyLayer = Layer<never, unknown, never, unknown>;

/** A class of layers, which makes one from its configuration. */
export type LayerKind =
  | (new (
      config: never,
    ) => AnyLayer)
  /** For a layer that holds others. */
  | { fromConfig(config: never, make: (config: LayerConfig) => Layer): AnyLayer };

/** What a configuration names and the library does not have. */
export interface OwnParts {
  /** Your own layers, by the name in their configuration. They come before the library's. */
  readonly layers?: Readonly<Record<string, LayerKind>> | undefined;
  /** Your own cells. */
  readonly cells?: readonly DefinedCell[] | undefined;
}

/** A configuration that names a cell, with one of the caller's own in place of its name. */
export type WithOwnCell = <Config extends { readonly cell: CellSource }>(
  config: Config,
  cells: readonly DefinedCell[],
) => Config;

/**
 * A layer from its configuration.
 * @param known  the library's kinds that can be meant, by name
 * @param withOwnCell  finds cells; left out where none of the kinds has any
 * @throws ConfigError if the layer or its cell is neither among these nor among your own
 */
export function layerOf(
  known: Readonly<Record<string, LayerKind>>,
  config: LayerConfig,
  own: OwnParts = {},
  withOwnCell?: WithOwnCell,
): AnyLayer {
  const { layers = {}, cells = [] } = own;
  const name = config?.layer;
  const kinds = [layers, known].find((table) => typeof name === 'string' && Object.hasOwn(table, name));
  if (kinds === undefined) {
    const names = [...Object.keys(known).sort(), ...Object.keys(layers)];
    const near = nearest(String(name), names);
    throw new ConfigError(
      `layer: unknown layer ${shown(name)}; ${near ? `did you mean '${near}'? ` : ''}Use ${names.join(', ')}, or pass the class ` +
        `of your own: { layers: { ${typeof name === 'string' ? shown(name) : 'myLayer'}: MyLayer } }`,
      { layer: name, known: names },
    );
  }
  const Kind = kinds[name];
  const hasCell = typeof (config as { cell?: unknown }).cell === 'string';
  const given = hasCell && withOwnCell ? withOwnCell(config as never, cells) : config;
  if (!('fromConfig' in Kind)) return new Kind(given as never);
  return Kind.fromConfig(given as never, (inner) => layerOf(known, inner, own, withOwnCell) as Layer);
}
