import type { Backend, TypedArray } from '../backend.ts';
import { referenceBackend } from '../reference/reference-backend.ts';
import { attentionCases } from './attention.ts';
import type { Subject } from './backends.ts';
import { elementwiseCases } from './elementwise.ts';
import { imageCases } from './images.ts';
import { type Case, differences, runCase } from './lab.ts';
import { learningCases } from './learning.ts';
import { productCases } from './products.ts';
import { recurrenceCases } from './recurrence.ts';
import { rowCases } from './rows.ts';
import { scanCases } from './scan.ts';

/** All cases by what they are about. */
export const suites = {
  'element by element': elementwiseCases,
  'rows and reductions': rowCases,
  products: productCases,
  images: imageCases,
  attention: attentionCases,
  recurrence: recurrenceCases,
  'step programs': scanCases,
  learning: learningCases,
};

const reference = referenceBackend({ float: 'float64' });
const known = new Map<Case, Truth>();

/** What a case gives on the reference in float64. */
interface Truth {
  readonly values: Record<string, TypedArray>;
  /** The operations that the case calls. */
  readonly called: ReadonlySet<string>;
}

/** Computed once for all backends. */
export async function truthOf(one: Case): Promise<Truth> {
  const before = known.get(one);
  if (before) return before;
  const called = new Set<string>();
  const noting = new Proxy(reference, {
    get(_, name) {
      called.add(String(name));
      const value = reference[name as keyof Backend];
      return typeof value === 'function' ? value.bind(reference) : value;
    },
  });
  const truth = { values: await runCase(one, noting), called };
  known.set(one, truth);
  return truth;
}

/** What is wrong with the results of a case on a backend. */
export async function faultsOf(one: Case, { backend, slack = 1 }: Omit<Subject, 'name'>): Promise<string[]> {
  const { values: expected } = await truthOf(one);
  const actual = await runCase(one, backend);
  if (Object.keys(actual).join() !== Object.keys(expected).join()) return [`results ${Object.keys(actual)}`];
  const tolerance = slack * (one.tolerance ?? 1e-5);
  return Object.entries(expected).flatMap(([name, values]) =>
    differences(actual[name], values, tolerance, one.floor).map((difference) => `${name}${difference}`),
  );
}
