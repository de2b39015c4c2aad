import { nearest, shown } from '../checks.ts';
import { ConfigError } from '../errors.ts';

/** A thing of a table: its name where it has only defaults, or an object with the name and its options. */
export type Named<Options extends object> = Config<Options> | WithDefaults<Options>;

/** Its configuration: plain data. */
export type Config<Options extends object> = {
  [Name in keyof Options]: { readonly name: Name } & Options[Name];
}[keyof Options];

/** Names of what needs no options. */
type WithDefaults<Options extends object> = {
  [Name in keyof Options]: Partial<Options[Name]> extends Options[Name] ? Name : never;
}[keyof Options];

/** The configuration of a thing of a table. @throws ConfigError, with the nearest name, if the table has none of that name */
export function configOf<Options extends object>(
  place: string,
  given: Named<Options>,
  table: Readonly<Record<keyof Options, unknown>>,
): Config<Options> {
  const config = typeof given === 'string' ? { name: given } : given;
  const name = (config as { readonly name?: unknown } | null)?.name;
  if (typeof name === 'string' && Object.hasOwn(table, name)) return config as Config<Options>;
  const names = Object.keys(table);
  const near = typeof name === 'string' ? nearest(name, names) : null;
  throw new ConfigError(
    `${place}: there is no ${shown(name ?? given)}; ${near ? `did you mean '${near}'? ` : ''}Use ${names.join(', ')}`,
    { name, known: names },
  );
}
