import { ConfigError } from 'unrolled';
import type { Part, Place, Product, Term } from '../protocol.ts';
import type { ReadText } from './unrolling.ts';

/** Numbers with the names that the picture has for them. */
interface Vector {
  readonly name: string;
  at(unit: number): number;
  readonly size: number;
}

/** What the equations of one layer at one step are made of. */
class Around {
  readonly read: ReadText;
  readonly t: number;
  readonly layer: number;

  constructor(read: ReadText, t: number, layer: number) {
    this.read = read;
    this.t = t;
    this.layer = layer;
  }

  get top(): number {
    return this.read.unrolling.layers.length - 1;
  }

  part(name: string, layer = this.layer): Part {
    const { unrolling } = this.read;
    const part = layer < 0 ? unrolling.embedding : unrolling.layers[layer]?.find((one) => one.name === name);
    if (!part) throw new ConfigError(`there is no '${name}' in layer ${layer}`, { name, layer });
    return part;
  }

  /** A part's numbers at a step; before the first there are zeros. */
  vector(name: string, { layer = this.layer, before = false } = {}): Vector {
    const part = this.part(name, layer);
    const t = before ? this.t - 1 : this.t;
    const shown = layer < 0 ? 'x' : name;
    return {
      name: before ? `${shown}[t−1]` : shown,
      size: part.size,
      at: (unit) => (t < 0 ? 0 : part.values[t * part.size + unit]),
    };
  }

  /** What comes in from below. */
  get input(): Vector {
    return this.layer === 0
      ? this.vector('x', { layer: -1 })
      : { ...this.vector('h', { layer: this.layer - 1 }), name: 'x' };
  }

  weight(name: string): { readonly shape: readonly number[]; readonly data: ArrayLike<number> } | undefined {
    const { cell } = this.read.unrolling;
    return this.read.weights.get(`${cell}.${name}_l${this.layer}`);
  }

  /** row · vector, and its bias: a term for each. `factor` multiplies all. */
  row(kind: 'ih' | 'hh', row: number, vector: Vector, factor: readonly [string, number] | null = null): Term[] {
    const weight = this.weight(`weight_${kind}`);
    const bias = this.weight(`bias_${kind}`);
    if (!weight) return [];
    const term = (names: string[], factors: number[]): Term =>
      termOf(factor ? [factor[0], ...names] : names, factor ? [factor[1], ...factors] : factors);
    const terms = Array.from({ length: vector.size }, (_, j) =>
      term([`W_${kind}[${row}, ${j}]`, `${vector.name}[${j}]`], [weight.data[row * vector.size + j], vector.at(j)]),
    );
    if (bias) terms.push(term([`b_${kind}[${row}]`], [bias.data[row]]));
    return terms;
  }
}

const termOf = (names: readonly string[], factors: readonly number[]): Term => ({
  names,
  factors,
  product: factors.reduce((product, factor) => product * factor, 1),
});

const total = (terms: readonly Term[]): number => terms.reduce((sum, { product }) => sum + product, 0);

/**
 * How a number of an unrolled network came to be: what was multiplied and added up, and what was made of the sum. Of cells
 * other than rnn, irnn, lstm and gru only the value is known.
 * @throws ConfigError if there is no such place
 */
export function productOf(read: ReadText, place: Place): Product {
  const { unrolling } = read;
  if (place.layer === unrolling.layers.length) return outputProduct(read, place);
  const around = new Around(read, place.t, place.layer);
  const { size, values, gradients } = around.part(place.part);
  const index = place.t * size + place.unit;
  if (place.gradient) return gradientProduct(around, place, gradients?.[index] ?? Number.NaN);
  if (place.layer < 0) {
    return plain(`the row of the embedding that belongs to this character, number ${place.unit}`, values[index]);
  }
  return cellProduct(around, place, values[index]);
}

const plain = (equation: string, value: number): Product => ({
  equation,
  value,
  terms: [],
  sum: value,
  activation: '',
});

function cellProduct(around: Around, { part, unit: u }: Place, value: number): Product {
  const { cell } = around.read.unrolling;
  const H = around.part('h').size;
  const made = (equation: string, terms: readonly Term[], activation: string): Product => ({
    equation,
    value,
    terms,
    sum: total(terms),
    activation,
  });
  const before = around.vector('h', { before: true });
  const at = (name: string, options = {}): [string, number] => {
    const vector = around.vector(name, options);
    return [`${vector.name}[${u}]`, vector.at(u)];
  };
  const pair = (...of: (readonly [string, number])[]): Term =>
    termOf(
      of.map(([n]) => n),
      of.map(([, v]) => v),
    );
  const both = (row: number): Term[] => [...around.row('ih', row, around.input), ...around.row('hh', row, before)];
  if (cell === 'rnn' || cell === 'irnn') {
    const activation = cell === 'rnn' ? 'tanh' : 'relu';
    return made(`h = ${activation}(W_ih x + b_ih + W_hh h[t−1] + b_hh)`, both(u), activation);
  }
  const gate = (names: readonly string[]): number => names.indexOf(part) * H + u;
  if (cell === 'lstm') {
    if (part === 'h') {
      const [name, c] = at('c');
      return made('h = o ⊙ tanh(c)', [pair(at('o'), [`tanh(${name})`, Math.tanh(c)])], '');
    }
    if (part === 'c') {
      return made('c = f ⊙ c[t−1] + i ⊙ g', [pair(at('f'), at('c', { before: true })), pair(at('i'), at('g'))], '');
    }
    const activation = part === 'g' ? 'tanh' : 'σ';
    return made(
      `${part} = ${activation}(W_ih x + b_ih + W_hh h[t−1] + b_hh)`,
      both(gate(['i', 'f', 'g', 'o'])),
      activation,
    );
  }
  if (cell === 'gru') {
    if (part === 'h') {
      const [name, z] = at('z');
      return made(
        'h = z ⊙ h[t−1] + (1 − z) ⊙ n',
        [pair([name, z], at('h', { before: true })), pair([`1 − ${name}`, 1 - z], at('n'))],
        '',
      );
    }
    const row = gate(['r', 'z', 'n']);
    if (part !== 'n') return made(`${part} = σ(W_ih x + b_ih + W_hh h[t−1] + b_hh)`, both(row), 'σ');
    const terms = [...around.row('ih', row, around.input), ...around.row('hh', row, before, at('r'))];
    return made('n = tanh(W_ih x + b_ih + r ⊙ (W_hh h[t−1] + b_hh))', terms, 'tanh');
  }
  return plain(`${part}, as the cell '${cell}' makes it`, value);
}

function outputProduct(read: ReadText, { t, unit: v }: Place): Product {
  const { unrolling, weights } = read;
  const V = unrolling.vocabulary.length;
  const around = new Around(read, t, unrolling.layers.length - 1);
  const h = around.vector('h');
  const value = unrolling.probabilities[t * V + v];
  const weight = weights.get('output.weight');
  const bias = weights.get('output.bias');
  if (!weight || weight.shape[1] !== h.size) return plain('p = softmax(logits)', value);
  const terms = Array.from({ length: h.size }, (_, j) =>
    termOf([`W[${v}, ${j}]`, `h[${j}]`], [weight.data[v * h.size + j], h.at(j)]),
  );
  if (bias) terms.push(termOf([`b[${v}]`], [bias.data[v]]));
  return { equation: 'p = softmax(W h + b)', value, terms, sum: total(terms), activation: 'softmax' };
}

/** From this step's own loss by way of the output, and from all steps after it by way of the next one. */
function gradientProduct(around: Around, { t, part, unit: u }: Place, value: number): Product {
  const { unrolling, weights } = around.read;
  const V = unrolling.vocabulary.length;
  const own: Term[] = [];
  const weight = weights.get('output.weight');
  const counts = unrolling.lossAt === null ? t + 1 < unrolling.ids.length : unrolling.lossAt === t;
  const width = around.part('h').size;
  if (part === 'h' && around.layer === around.top && counts && weight?.shape[1] === width) {
    for (let v = 0; v < V; v++) {
      const error = unrolling.probabilities[t * V + v] - Number(unrolling.ids[t + 1] === v);
      own.push(termOf([`(p − y)[${v}]`, `W[${v}, ${u}]`], [error, weight.data[v * width + u]]));
    }
  }
  const through = value - total(own);
  const after = throughTime(around, t, part, u);
  const terms = [...own, ...(after ?? [termOf([rest(around)], [through])])];
  return {
    equation: `∂L/∂${part} at this step = by its own output + through what comes after`,
    value,
    terms,
    sum: total(terms),
    activation: '',
  };
}

const rest = ({ layer, top }: Around): string =>
  layer < top ? 'through the layer above and step t+1' : 'through step t+1';

/** W_hhᵀ ((1 − h²) ⊙ ∂L/∂h) of the step after, for the simple cell on top of all; null where it is not that simple. */
function throughTime(around: Around, t: number, part: string, u: number): Term[] | null {
  const weight = around.weight('weight_hh');
  if (around.read.unrolling.cell !== 'rnn' || around.layer !== around.top || part !== 'h' || !weight) return null;
  const { size: H, values, gradients } = around.part('h');
  const at = (t + 1) * H;
  if (!gradients || Number.isNaN(gradients[at] ?? Number.NaN) || cutAfter(around, t)) return [];
  return Array.from({ length: H }, (_, j) =>
    termOf(
      [`W_hh[${j}, ${u}]`, `(1 − h[t+1]²)[${j}]`, `∂L/∂h[t+1][${j}]`],
      [weight.data[j * H + u], 1 - values[at + j] ** 2, gradients[at + j]],
    ),
  );
}

/** Whether the way back ends between this step and the next. */
function cutAfter({ read }: Around, t: number): boolean {
  const { truncation } = read.unrolling;
  return truncation > 0 && (t + 1) % truncation === 0;
}
