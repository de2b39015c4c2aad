import { shown } from '../../checks.ts';
import { FormatError } from '../../errors.ts';
import { type ActivationName, activationNames } from '../activations.ts';
import { type Constraint, requireConstraint } from '../constraints.ts';
import { type Initializer, requireInitializer } from '../initializers.ts';
import { type Regularizer, requireRegularizer } from '../regularizers.ts';

/** Plain data from a file, of which nothing is known yet. */
export type Raw = Readonly<Record<string, unknown>>;

export const isRaw = (value: unknown): value is Raw =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `return_sequences` → `returnSequences`. */
export const camel = (name: string): string =>
  name.replace(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
/** `returnSequences` → `return_sequences`. */
export const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
/** `GlorotUniform` → `glorotUniform`. */
const lower = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);
const upper = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

/** What a file is written by, as far as it decides what its names mean. */
export interface Dialect {
  /** 1, 2 or 3: Keras' major version; tf.keras and TensorFlow.js are of 2. */
  readonly version: 1 | 2 | 3;
  readonly isTfjs: boolean;
  /** What the user should know. */
  readonly notes: Set<string>;
}

// ── activations ─────────────────────────────────────────────────────────────────────────────────────────────

/** Names that Keras has for what is called otherwise here. */
const otherActivations: Readonly<Record<string, ActivationName>> = {
  hardSwish: 'hardSilu',
  exp: 'exponential',
  // Names of TensorFlow.js and KerasHub.
  geluNew: 'geluTanh',
  'kerasHub>geluApproximate': 'geluTanh',
  'kerasNlp>geluApproximate': 'geluTanh',
};

/** An activation of a file: its name, or an object that names it. @throws FormatError if there is none of that name */
export function readActivation(given: unknown, dialect: Dialect): ActivationName {
  const name = activationNameOf(given);
  const own = camel(name);
  if (own === 'hardSigmoid') return dialect.version === 3 ? 'hardSigmoid' : 'hardSigmoidKeras2';
  const found = otherActivations[own] ?? own;
  if (found !== 'hardSigmoidKeras2' && (activationNames as readonly string[]).includes(found))
    return found as ActivationName;
  throw new FormatError(`the activation ${shown(name)} is not one of this library`, { activation: name });
}

function activationNameOf(given: unknown): string {
  if (given === null || given === undefined) return 'linear';
  if (typeof given === 'string') return given;
  if (isRaw(given)) {
    const { class_name: kind, config } = given;
    if (kind === 'function' && typeof config === 'string') return config;
    if (String(kind).toLowerCase() === 'gelu' && isRaw(config) && typeof config.approximate === 'boolean') {
      return config.approximate ? 'gelu_tanh' : 'gelu';
    }
    const isPlain = isRaw(config) && Object.keys(config).every((key) => ['name', 'trainable', 'dtype'].includes(key));
    if (typeof kind === 'string' && isPlain) return snake(lower(kind)).replace('re_l_u', 'relu');
    throw new FormatError(`the activation ${shown(kind ?? given)} is a layer or a function of its own`, { given });
  }
  throw new FormatError(`an activation is ${shown(given)}`, { given });
}

/** @throws FormatError if the other program computes something else under that name */
export function writeActivation(name: ActivationName, isTfjs: boolean): string {
  if (name === 'hardSigmoidKeras2' && isTfjs) return 'hard_sigmoid';
  if (name === 'hardSigmoid' && isTfjs) {
    throw new FormatError("the activation 'hardSigmoid' is Keras 3's, clip(x/6 + ½), which TensorFlow.js lacks");
  }
  if (name === 'geluTanh') {
    if (isTfjs) return 'gelu_new';
    throw new FormatError("the activation 'geluTanh' has no name in Keras, whose gelu in files is the exact one");
  }
  if (name === 'hardSigmoidKeras2') {
    throw new FormatError("the activation 'hardSigmoidKeras2' is not in Keras 3, whose hard_sigmoid is clip(x/6 + ½)");
  }
  return snake(name);
}

// ── initializers, regularizers, constraints ─────────────────────────────────────────────────────────────────

type Table = 'initializer' | 'regularizer' | 'constraint';
type Value = Initializer | Regularizer | Constraint;

const checks: Readonly<Record<Table, (value: never) => void>> = {
  initializer: (value) => requireInitializer('initializer', value),
  regularizer: (value) => requireRegularizer('regularizer', value),
  constraint: (value) => requireConstraint('constraint', value),
};

/** Names before Keras 2, and of functions. */
const otherNames: Readonly<Record<string, string>> = {
  zero: 'zeros',
  one: 'ones',
  uniform: 'randomUniform',
  normal: 'randomNormal',
  orthogonalRegularizer: 'orthogonal',
  orthogonalInitializer: 'orthogonal',
  identityInitializer: 'identity',
  maxnorm: 'maxNorm',
  nonneg: 'nonNeg',
  unitnorm: 'unitNorm',
  weightRegularizer: 'l1l2',
};
const modes: Readonly<Record<string, string>> = {
  fan_in: 'fanIn',
  fan_out: 'fanOut',
  fan_avg: 'fanAvg',
  truncated_normal: 'truncatedNormal',
  untruncated_normal: 'untruncatedNormal',
  normal: 'truncatedNormal',
};
/** Options without a meaning for the numbers. */
const ignored = ['seed', 'name', 'dtype', 'input_axes', 'output_axes', 'partition'];

/**
 * An initializer, regularizer or constraint of a file. One that is not known concerns training alone: it is left out, and
 * a note says so.
 */
export function readNamed(table: Table, given: unknown, dialect: Dialect): Value | null | undefined {
  if (given === null || given === undefined) return undefined;
  const raw = typeof given === 'string' ? { class_name: given, config: {} } : isRaw(given) ? given : {};
  const kind = typeof raw.class_name === 'string' ? raw.class_name : typeof raw.name === 'string' ? raw.name : '';
  const options = isRaw(raw.config)
    ? raw.config
    : Object.fromEntries(Object.entries(raw).filter(([key]) => key !== 'name'));
  const own = lower(camel(kind)).replace('l1L2', 'l1l2');
  const kept = Object.entries(options).filter(([key, value]) => !ignored.includes(key) && value !== null);
  const value = {
    name: otherNames[own] ?? own,
    ...Object.fromEntries(kept.map(([key, one]) => [camel(key), modes[String(one)] ?? one])),
  };
  try {
    checks[table](value as never);
    return value as Value;
  } catch {
    const what = kind === '' ? '' : ` ${shown(kind)}`;
    dialect.notes.add(`The ${table}${what} is not one of this library and was left out; it matters to training alone.`);
    return undefined;
  }
}

const names: Readonly<Record<string, string>> = { l1l2: 'L1L2' };

/** As Keras writes it: a class and its options. */
export function writeNamed(table: Table, given: Value | null, isTfjs: boolean): Raw | null {
  if (given === null) return null;
  const { name, ...options } = (typeof given === 'string' ? { name: given } : given) as { name: string } & Raw;
  const values = Object.fromEntries(
    Object.entries(options).map(([key, value]) => [
      snake(key),
      typeof value === 'string' && modes[snake(value)] === value ? snake(value) : value,
    ]),
  );
  if (isTfjs && table === 'regularizer') {
    if (name === 'orthogonal') throw new FormatError("TensorFlow.js has no regularizer 'orthogonal'");
    // Its one class of them.
    const least = name === 'l1l2' ? {} : { [name]: 0.01 };
    return { class_name: 'L1L2', config: { l1: 0, l2: 0, ...least, ...values } };
  }
  const orthogonal = table === 'regularizer' && name === 'orthogonal' ? 'OrthogonalRegularizer' : null;
  const class_name = orthogonal ?? names[name] ?? upper(name);
  return isTfjs
    ? { class_name, config: values }
    : { module: `keras.${table}s`, class_name, config: values, registered_name: null };
}
