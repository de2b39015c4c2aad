import { toColumns } from './columns.ts';
import { aucOfCounts, bins } from './quantiser.ts';
import type { Chunk, UnitGroup } from './reading.ts';
import { Scale } from './scale.ts';
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

/** Sums gathered over one part for a property. */
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

  async add(chunk: Chunk): Promise<void> {
    if (this.#scales !== null) return this.#count(chunk);
    const { places, values, groups } = chunk;
    const own = values.map((all, index) => all.slice(0, places.length * groups[index].size));
    // The buffer is overwritten.
    this.#waiting.push({ groups, places, values: own });
    if (this.#waiting.reduce((sum, { places: waiting }) => sum + waiting.length, 0) >= this.#sampleSteps) {
      await this.#begin();
    }
  }

  /** Takes what has been read so far as the sample. */
  async #begin(): Promise<void> {
    this.#scales = this.#options.groups.map(
      (group, index) => new Scale(group, index, this.#waiting, this.#options.split),
    );
    for (const chunk of this.#waiting) await this.#count(chunk);
    this.#waiting = [];
  }

  async #count({ places, values, groups }: Chunk): Promise<void> {
    const { split } = this.#options;
    for (const [index, group] of groups.entries()) {
      requireFinite(values[index].subarray(0, places.length * group.size), group);
    }
    for (const part of partNames) {
      const rows = rowsOf(places, (place) => place >= split === (part === 'heldOut'));
      if (rows.length > 0) await this.#countPart(part, places, values, groups, rows);
    }
  }

  /** All that is counted goes unit by unit, over the steps of one after those of another. */
  async #countPart(
    part: PartName,
    places: Int32Array,
    values: readonly Float32Array[],
    groups: readonly UnitGroup[],
    rows: Int32Array,
  ): Promise<void> {
    const { sought, split } = this.#options;
    const some = (kind: 'binary' | 'graded') => sought.some((one) => one.kind === kind);
    const n = rows.length;
    const offset = part === 'heldOut' ? split : 0;
    const own = rows.map((row) => places[row] - offset);
    const sides = sought.map(({ kind, [part]: labels }) => (kind === 'binary' ? sidesOf(labels.values, own) : null));
    // What is multiplied with labels, `[C, n]`.
    const ranks = some('binary') && part === 'heldOut' ? new Float32Array(this.#units * n) : null;
    const standard = some('graded') ? new Float32Array(this.#units * n) : null;
    let first = 0;
    for (const [index, { size }] of groups.entries()) {
      const scale = this.#scales![index];
      const columns = toColumns(values[index], size, rows);
      const within = (all: Float32Array) => all.subarray(first * n, (first + size) * n);
      if (some('binary')) {
        const codes = scale.bins(columns);
        for (const [i, side] of sides.entries()) {
          if (side) addCounts(this.#gathered[i][part].counts!.subarray(first * 2 * bins), codes, side);
        }
        if (ranks) scale.rank(codes, within(ranks));
      }
      if (standard) {
        scale.standardise(columns, within(standard));
        addMoments(this.#moments[part], within(standard), n, first);
      }
      first += size;
    }
    for (const [i, { kind }] of sought.entries()) {
      const factors = kind === 'binary' ? ranks : standard;
      if (factors) await this.#gathered[i][part].products?.add(own, factors, this.#units, 0);
    }
  }

  async measure(): Promise<Measured[]> {
    if (this.#scales === null) await this.#begin();
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

/** Where the counts of a step's label begin. */
const sidesOf = (labels: Float32Array, places: Int32Array): Uint16Array =>
  Uint16Array.from(places, (place) => (labels[place] === 0 ? 0 : bins));

function addCounts(counts: Uint32Array, codes: Uint8Array, sides: Uint16Array): void {
  const n = sides.length;
  for (let from = 0, unit = 0; from < codes.length; from += n, unit++) {
    const own = counts.subarray(unit * 2 * bins, (unit + 1) * 2 * bins);
    for (let i = 0; i < n; i++) own[sides[i] + codes[from + i]]++;
  }
}

function addMoments(
  [sums, squares]: readonly [Float64Array, Float64Array],
  columns: Float32Array,
  n: number,
  first: number,
): void {
  for (let from = 0, unit = first; from < columns.length; from += n, unit++) {
    let [sum, square] = [0, 0];
    for (let i = from; i < from + n; i++) {
      sum += columns[i];
      square += columns[i] * columns[i];
    }
    sums[unit] += sum;
    squares[unit] += square;
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
