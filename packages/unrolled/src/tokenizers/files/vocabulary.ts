import { shown } from '../../checks.ts';
import { FormatError } from '../../errors.ts';

/** @throws FormatError if the text is not JSON */
export function parsedJson(what: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FormatError(`${what}: it is not JSON; the file is damaged or of another kind`, {}, { cause: error });
  }
}

/**
 * Tokens by id from an object of ids by token; ids that no token has become ''.
 * @throws FormatError if an id is none, is given twice, or most ids are missing
 */
export function tokensById(what: string, ids: unknown, added: readonly (readonly [string, number])[] = []): string[] {
  if (typeof ids !== 'object' || ids === null || Array.isArray(ids)) {
    throw new FormatError(`${what}: the vocabulary must be an object of ids by token, received ${shown(ids)}`);
  }
  const entries: (readonly [string, unknown])[] = [...Object.entries(ids)];
  const known = ids as Readonly<Record<string, unknown>>;
  for (const [token, id] of added) if (!Object.hasOwn(known, token)) entries.push([token, id]);
  const tokens: string[] = [];
  const most = 2 * entries.length + 1000;
  for (const [token, id] of entries) {
    if (typeof id !== 'number' || !Number.isSafeInteger(id) || id < 0 || id >= most) {
      throw new FormatError(`${what}: token ${shown(token)} has the id ${shown(id)} among ${entries.length}`, {
        token,
      });
    }
    if (tokens[id] !== undefined) {
      throw new FormatError(`${what}: tokens ${shown(tokens[id])} and ${shown(token)} have the same id ${id}`, { id });
    }
    tokens[id] = token;
  }
  if (tokens.length === 0) throw new FormatError(`${what}: the vocabulary is empty`);
  return Array.from(tokens, (token) => token ?? '');
}
