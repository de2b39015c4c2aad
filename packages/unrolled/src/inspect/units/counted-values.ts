import { aucOfCounts, bins, Quantiser } from './quantiser.ts';
import type { Chunk, UnitGroup } from './reading.ts';
import { ShuffledProducts } from './shuffled-products.ts';
import {
  aucDistance,
  farthestOf,
  type Measured,
  requireFinite,
  type Statistics,
  type StatisticsOptions,
  unitsOf,
} from './statistics.ts';

/** Values that are kept to learn how they are spread, before any is counted (32 MiB), and for how many steps at least. */
const [sampleValues, sampleSteps] = [2 ** 23, 4096];

/** The two parts of the sequence. */
const partNames = ['selection', 'heldOut'] as const;
type PartName = (typeof partNames)[number];

/** What is gathered of one part for a property. */
interface Gathered {
  /** Binary: counts `[C, 2, bins]` by label. */
  readonly counts: Uint32Array | null;
  /** Products with labels, in the held-out part also with shifted ones. Binary: only there, of ranks. */
  readonly products: ShuffledProducts | null;
}

/**
 * Counts values in bins by label, and sums up products with labels: what it keeps does not grow with the sequence. How
 * values are spread it learns from a sample, the first steps of all rows, which lie all over the sequence.
 */
export class CountedValues implements Statistics {
  readonly #options: StatisticsOptions;
  readonly #units: number;
  readonly #gathered: readonly Readonly<Record<PartName, Gathered>>[];
  /** Σ and Σ² of every unit's standardised values, `[C]` each. */
  readonly #moments: Readonly<Record<PartName, readonly [Float64Array, Float64Array]>>;
  readonly #sampleSteps: number;
  #waiting: Chunk[] = [];
  #scales: readonly Scale[] | null = null;

  constructor(options: StatisticsOptions) {
    this.#options = options;
    const { device, groups, sought, shifts } = options;
    const C = unitsOf(groups);
    this.#units = C;
    this.#sampleSteps = Math.max(sampleSteps, Math.floor(sampleValues / C));
    const moments = () => [new Float64Array(C), new Float64Array(C)] as const;
    this.#moments = { selection: moments(), heldOut: moments() };
    this.#gathered = sought.map(({ kind, selection, heldOut }) => {
      const counts = () => (kind === 'binary' ? new Uint32Array(C * 2 * bins) : null);
      return {
        selection: {
          counts: counts(),
          products: kind === 'graded' ? new ShuffledProducts(device, selection.standard, [0], C) : null,
        },
        heldOut: { counts: counts(), products: new ShuffledProducts(device, heldOut.standard, shifts, C) },
      };
    });
  }

  add(chunk: Chunk): void {
    if (this.#scales !== null) {
      this.#count(chunk);
      return;
    }
    const { places, values, groups } = chunk;
    const own = values.map((all, index) => all.slice(0, places.length * groups[index].size));
    // What stands in the buffer is written over.
    this.#waiting.push({ groups, places, values: own });
    if (this.#waiting.reduce((sum, { places: waiting }) => sum + waiting.length, 0) >= this.#sampleSteps) this.#begin();
  }

  /** Takes what has been read so far as the sample. */
  #begin(): void {
    this.#scales = this.#options.groups.map(
      (group, index) => new Scale(group, index, this.#waiting, this.#options.split),
    );
    for (const chunk of this.#waiting) this.#count(chunk);
    this.#waiting = [];
  }

  #count({ places, values, groups }: Chunk): void {
    const { sought, split } = this.#options;
    const some = (kind: 'binary' | 'graded') => sought.some((one) => one.kind === kind);
    let first = 0;
    for (const [index, group] of groups.entries()) {
      const { size } = group;
      requireFinite(values[index].subarray(0, places.length * size), group);
      const scale = this.#scales![index];
      for (const part of partNames) {
        const rows = rowsOf(places, (place) => place >= split === (part === 'heldOut'));
        if (rows.length === 0) continue;
        const offset = part === 'heldOut' ? split : 0;
        const own = rows.map((row) => places[row] - offset);
        const codes = some('binary') ? scale.bins(values[index], rows) : null;
        const standard = some('graded') ? scale.standardised(values[index], rows) : null;
        const ranks = codes && part === 'heldOut' ? scale.ranks(codes) : null;
        if (standard) addMoments(this.#moments[part], standard, size, first);
        for (const [i, { kind, [part]: labels }] of sought.entries()) {
          const { counts, products } = this.#gathered[i][part];
          if (counts) addCounts(counts.subarray(first * 2 * bins), codes!, size, own, labels.values);
          const factors = kind === 'binary' ? ranks : standard;
          if (products && factors) products.add(own, factors, size, first);
        }
      }
      first += size;
    }
  }

  measure(): Measured[] {
    if (this.#scales === null) this.#begin();
    const { sought, shifts } = this.#options;
    return sought.map(({ kind, ...labels }, index) => {
      const gathered = this.#gathered[index];
      if (kind === 'binary') {
        const { counts, products } = gathered.heldOut;
        const slopes = this.#slopes(counts!);
        const distance = aucDistance(labels.heldOut);
        return {
          selection: this.#aucs(gathered.selection.counts!),
          heldOut: this.#aucs(counts!),
          farthest: farthestOf(products!, shifts.length, (sum, unit) => slopes[unit] * distance(sum)),
        };
      }
      const toCorrelation = (part: PartName) => {
        const [sums, squares] = this.#moments[part];
        const n = labels[part].values.length;
        return (sum: number, unit: number): number => {
          const deviation = Math.sqrt(Math.max(0, squares[unit] / n - (sums[unit] / n) ** 2));
          return deviation > 0 ? sum / n / deviation : 0;
        };
      };
      const correlations = (part: PartName) => gathered[part].products!.of(0).map(toCorrelation(part));
      return {
        selection: correlations('selection'),
        heldOut: correlations('heldOut'),
        farthest: farthestOf(gathered.heldOut.products!, shifts.length, toCorrelation('heldOut')),
      };
    });
  }

  /**
   * The ranks in the products were those of the sample. By how much the true ones, known now from the counts, rise with
   * them: the slope of the straight line through both.
   */
  #slopes(counts: Uint32Array): Float64Array {
    let first = 0;
    const slopes: number[] = [];
    for (const [index, { size }] of this.#options.groups.entries()) {
      for (let unit = 0; unit < size; unit++) {
        const own = counts.subarray((first + unit) * 2 * bins, (first + unit + 1) * 2 * bins);
        const all = Float64Array.from({ length: bins }, (_, bin) => own[bin] + own[bins + bin]);
        slopes.push(slopeOf(this.#scales![index].ranksOf(unit), all));
      }
      first += size;
    }
    return Float64Array.from(slopes);
  }

  #aucs(counts: Uint32Array): Float64Array {
    return Float64Array.from({ length: this.#units }, (_, unit) => {
      const own = counts.subarray(unit * 2 * bins, (unit + 1) * 2 * bins);
      return aucOfCounts(own.subarray(0, bins), own.subarray(bins));
    });
  }
}

/** The rows whose places are wanted. */
function rowsOf(places: Int32Array, wanted: (place: number) => boolean): Int32Array {
  return Int32Array.from(places.keys()).filter((row) => wanted(places[row]));
}

function addCounts(
  counts: Uint32Array,
  codes: Uint8Array,
  size: number,
  places: Int32Array,
  labels: Float32Array,
): void {
  for (let i = 0; i < places.length; i++) {
    const side = labels[places[i]] === 0 ? 0 : bins;
    for (let unit = 0; unit < size; unit++) counts[unit * 2 * bins + side + codes[i * size + unit]]++;
  }
}

function addMoments(
  [sums, squares]: readonly [Float64Array, Float64Array],
  values: Float32Array,
  size: number,
  first: number,
): void {
  for (let i = 0; i < values.length; i += size) {
    for (let unit = 0; unit < size; unit++) {
      sums[first + unit] += values[i + unit];
      squares[first + unit] += values[i + unit] ** 2;
    }
  }
}

/** The slope of the true centred ranks of bins on others, every bin with its count. */
function slopeOf(ranks: Float32Array, counts: Float64Array): number {
  const n = counts.reduce((sum, count) => sum + count, 0);
  const mean = ranks.reduce((sum, rank, bin) => sum + counts[bin] * rank, 0) / n;
  let [below, both, squares] = [0, 0, 0];
  for (const [bin, count] of counts.entries()) {
    const rank = (below + count / 2) / n - 0.5;
    below += count;
    both += count * rank * (ranks[bin] - mean);
    squares += count * (ranks[bin] - mean) ** 2;
  }
  return squares > 0 ? both / squares : 0;
}

/** How the values of a group of units are spread, by a sample. */
class Scale {
  readonly #size: number;
  readonly #quantiser: Quantiser;
  /** `[size, bins]`: the centred rank that a bin stands for. */
  readonly #ranks: Float32Array;
  readonly #mean: Float64Array;
  readonly #deviation: Float64Array;

  constructor({ size }: UnitGroup, index: number, sample: readonly Chunk[], split: number) {
    this.#size = size;
    const n = sample.reduce((sum, { places }) => sum + places.length, 0);
    const columns = Array.from({ length: size }, () => new Float32Array(n));
    const isHeldOut = sample.flatMap(({ places }) => Array.from(places, (place) => place >= split));
    const heldOut = isHeldOut.filter(Boolean).length;
    let row = 0;
    for (const { places, values } of sample) {
      for (let i = 0; i < places.length; i++, row++) {
        for (let unit = 0; unit < size; unit++) columns[unit][row] = values[index][i * size + unit];
      }
    }
    this.#quantiser = new Quantiser(columns);
    this.#mean = Float64Array.from(columns, (column) => column.reduce((sum, value) => sum + value, 0) / n);
    this.#deviation = Float64Array.from(columns, (column, unit) => {
      const mean = this.#mean[unit];
      return Math.sqrt(column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n) || 1;
    });
    // Only held-out values are ranked; where the sample has none, all are.
    this.#ranks = new Float32Array(size * bins);
    for (const [unit, column] of columns.entries()) {
      const counts = new Uint32Array(bins);
      for (let i = 0; i < n; i++) if (heldOut === 0 || isHeldOut[i]) counts[this.#quantiser.binOf(unit, column[i])]++;
      let below = 0;
      for (let bin = 0; bin < bins; bin++) {
        this.#ranks[unit * bins + bin] = (below + counts[bin] / 2) / (heldOut || n) - 0.5;
        below += counts[bin];
      }
    }
  }

  /** `[rows, size]`. */
  bins(values: Float32Array, rows: Int32Array): Uint8Array {
    return this.#each(new Uint8Array(rows.length * this.#size), values, rows, (unit, value) =>
      this.#quantiser.binOf(unit, value),
    );
  }

  standardised(values: Float32Array, rows: Int32Array): Float32Array {
    return this.#each(
      new Float32Array(rows.length * this.#size),
      values,
      rows,
      (unit, value) => (value - this.#mean[unit]) / this.#deviation[unit],
    );
  }

  /** By bin. */
  ranksOf(unit: number): Float32Array {
    return this.#ranks.subarray(unit * bins, (unit + 1) * bins);
  }

  /** Centred ranks of values by their bins. */
  ranks(codes: Uint8Array): Float32Array {
    const ranks = new Float32Array(codes.length);
    for (let i = 0; i < codes.length; i += this.#size) {
      for (let unit = 0; unit < this.#size; unit++) ranks[i + unit] = this.#ranks[unit * bins + codes[i + unit]];
    }
    return ranks;
  }

  #each<Result extends Uint8Array | Float32Array>(
    result: Result,
    values: Float32Array,
    rows: Int32Array,
    of: (unit: number, value: number) => number,
  ): Result {
    const size = this.#size;
    for (let i = 0; i < rows.length; i++) {
      const from = rows[i] * size;
      for (let unit = 0; unit < size; unit++) result[i * size + unit] = of(unit, values[from + unit]);
    }
    return result;
  }
}
