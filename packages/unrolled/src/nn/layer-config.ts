import { anything, count, type Kind, type Kinds, required, requireOptions } from '../checks.ts';

/** Options of layers that had another name in earlier versions; saved configurations may still have it. */
const renamed: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  embedding: { entries: 'vocabularySize', size: 'dimension' },
  linear: { firstBias: 'biasInit' },
};

/**
 * A layer's configuration from its options, or from a configuration that was saved.
 * @throws ConfigError on an unknown option or a value that cannot work
 */
export function layerConfig<Name extends string, Options extends object>(
  layer: Name,
  options: Options,
  kinds: Kinds<Options>,
): { readonly layer: Name } & Options {
  const names = renamed[layer] ?? {};
  const current = Object.fromEntries(
    Object.entries(options ?? {}).map(([name, value]) => [Object.hasOwn(names, name) ? names[name] : name, value]),
  ) as Options;
  requireOptions<Options & { readonly layer?: unknown }>(layer, options && current, {
    ...kinds,
    layer: anything,
  } as never);
  return { ...current, layer };
}

/**
 * The same for a cell, whose options besides `hidden` are of these kinds.
 * @throws ConfigError on an unknown option or a value that cannot work
 */
export function cellConfig<Name extends string, Options extends { readonly hidden: number }>(
  cell: Name,
  options: Options,
  kinds: Kinds<Omit<Options, 'hidden'>>,
): { readonly cell: Name } & Options {
  const given = options && Object.fromEntries(Object.entries(options).filter(([name]) => name !== 'cell'));
  requireOptions<Record<string, unknown>>(`cell '${cell}'`, given, { hidden: required(count), ...kinds } as never);
  return { ...options, cell };
}

export const initialiserKind: Kind = {
  must: "an initialiser, such as { kind: 'he' }",
  fits: (value) => typeof value === 'object' && value !== null && 'kind' in value,
};
