import { number, oneOf } from '../../checks.ts';
import { listOf, listOfDifferent, mismatch, objectOf, optional, type Schema, scalar, text } from '../../schema.ts';
import { cellSource, dropoutRate, size, taskName, trueOrFalse } from '../../train/description.ts';
import type { ForecasterConfig, ForecasterDescription } from './config.ts';
import type { ColumnScaling, Scaling } from './scaling.ts';

const above0 = scalar<number>(number({ above: 0 }));

const columns = listOf(
  objectOf<ColumnScaling>({ name: text, mean: scalar<number>(number()), deviation: above0, windowDeviation: above0 }),
  1,
);

const fields = objectOf<ForecasterDescription>({
  task: taskName('forecast'),
  config: objectOf<ForecasterConfig>({
    cell: cellSource,
    hidden: size,
    layers: size,
    dropout: dropoutRate,
    window: size,
    horizon: size,
    targets: optional(listOfDifferent(text, 1)),
    output: optional(scalar<'gaussian' | 'quantiles'>(oneOf(['gaussian', 'quantiles']))),
    quantiles: optional(listOf(scalar<number>(number({ above: 0, below: 1 })), 1)),
    centre: optional(scalar<'window' | 'training'>(oneOf(['window', 'training']))),
    linear: optional(trueOrFalse),
  }),
  scaling: objectOf<Scaling>({ columns }),
  calibration: listOf(above0, 1),
});

/** The description of a forecaster in a file. */
export const forecasterDescription: Schema<ForecasterDescription> = (value, place) => {
  const read = fields(value, place);
  const names = read.scaling.columns.map(({ name }) => name);
  listOfDifferent(text)(names, `${place}.scaling.columns`);
  const targets = read.config.targets ?? names;
  if (read.calibration.length !== targets.length) {
    throw mismatch(`${place}.calibration`, `a list of ${targets.length} numbers, one a target`, read.calibration);
  }
  return read;
};
