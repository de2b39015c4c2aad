import { shown } from '../checks.ts';
import { FormatError } from '../errors.ts';
import type { NamedArray } from '../io/safetensors.ts';
import { formatShape, type Shape, sameShape } from '../shape.ts';
import type { Weights } from './folder.ts';

export interface StateDictOptions {
  /** What all names may begin with, such as 'transformer.'. */
  readonly prefixes?: readonly string[];
  /** Names that nothing is computed with. */
  readonly ignored?: RegExp;
  /** Names that belong to something else than the model that is read; a note tells of them. */
  readonly leftOut?: { readonly names: RegExp; readonly what: string };
  /** Older spellings. */
  readonly renamed?: readonly (readonly [from: RegExp, to: string])[];
}

/**
 * Turns the tensors of a published model into the parameters of one of ours. What is missing, has another shape or is left over
 * is collected, so that one error names all of it.
 */
export class StateDict {
  /** Under our names. */
  readonly parameters: Record<string, NamedArray> = {};
  readonly notes: readonly string[];
  readonly #given: Map<string, NamedArray>;
  readonly #unread: ReadonlySet<string>;
  readonly #taken = new Set<string>();
  readonly #problems: string[] = [];

  constructor({ tensors, unread }: Weights, { prefixes = [], ignored, leftOut, renamed = [] }: StateDictOptions) {
    // What training on several devices, compiling, and a head around the model put in front.
    const wrappers = ['module.', '_orig_mod.', ...prefixes];
    const plain = (name: string): string => {
      const bare = wrappers.reduce(
        (rest, prefix) => (rest.startsWith(prefix) ? rest.slice(prefix.length) : rest),
        name,
      );
      return renamed.reduce((rest, [from, to]) => rest.replace(from, to), bare);
    };
    const wanted = (name: string): boolean => !ignored?.test(name) && !leftOut?.names.test(name);
    const names = Object.keys(tensors).map((name) => [name, plain(name)] as const);
    this.#given = new Map(names.filter(([, own]) => wanted(own)).map(([name, own]) => [own, tensors[name]]));
    this.#unread = new Set(unread.map(plain).filter(wanted));
    const other = names.filter(([, own]) => leftOut?.names.test(own)).map(([name]) => name);
    this.notes = other.length === 0 ? [] : [`Left out ${leftOut!.what}: ${some(other)}`];
  }

  has(name: string): boolean {
    return this.#given.has(name);
  }

  shapeOf(name: string): Shape | null {
    return this.#given.get(name)?.shape ?? null;
  }

  /** Numbers of one shape; a problem is noted where there are none. */
  take(name: string, shape: Shape): ArrayLike<number> & Iterable<number> {
    const given = this.#given.get(name);
    this.#taken.add(name);
    const empty = (why: string): Float32Array => {
      this.#problems.push(why);
      return new Float32Array(0);
    };
    if (this.#unread.has(name)) return empty(`'${name}' is of a type that is not read`);
    if (given === undefined) return empty(`'${name}' ${formatShape(shape)} is missing`);
    if (sameShape(given.shape, shape)) return given.data;
    return empty(`'${name}' is ${formatShape(given.shape)} and not ${formatShape(shape)}`);
  }

  /** A parameter with the numbers of a tensor. */
  copy(parameter: string, name: string, shape: Shape): void {
    this.set(parameter, shape, this.take(name, shape));
  }

  /** The weight `[units, F]`, and the bias, of a layer that is one there, too. */
  linear(parameter: string, name: string, [units, F]: readonly [number, number], bias = true): void {
    this.copy(`${parameter}.weight`, `${name}.weight`, [units, F]);
    if (bias) this.copy(`${parameter}.bias`, `${name}.bias`, [units]);
  }

  /** Gain and bias of a norm. */
  norm(parameter: string, name: string, width: number, bias = true): void {
    this.copy(`${parameter}.weight`, `${name}.weight`, [width]);
    if (bias) this.copy(`${parameter}.bias`, `${name}.bias`, [width]);
  }

  set(parameter: string, shape: Shape, data: ArrayLike<number>): void {
    this.parameters[parameter] = { shape, data: data instanceof Float32Array ? data : Float32Array.from(data) };
  }

  /** Whether two tensors are the same numbers, such as an output layer that shares the embedding's. */
  same(first: string, second: string): boolean {
    const [a, b] = [first, second].map((name) => this.#given.get(name)?.data);
    return !!a && !!b && a.length === b.length && a.every((value, i) => value === b[i]);
  }

  /** Takes a name that says nothing new. */
  skip(name: string): void {
    this.#taken.add(name);
  }

  /** @throws FormatError naming what was missing, did not fit, or is left over */
  finish(what: string): void {
    const rest = [...this.#given.keys(), ...this.#unread].filter((name) => !this.#taken.has(name));
    const problems = [...this.#problems, ...rest.map((name) => `there is no place for ${shown(name)}`)];
    if (problems.length === 0) return;
    throw new FormatError(`${what}: ${some(problems)}`, { problems });
  }
}

const some = (names: readonly string[]): string =>
  names.length > 8 ? `${names.slice(0, 8).join(', ')}, … ${names.length} in all` : names.join(', ');
