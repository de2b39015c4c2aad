import { number } from '../../checks.ts';
import { listOf, listOfDifferent, mismatch, objectOf, optionsOf, type Schema, scalar, text } from '../../schema.ts';
import { taskName } from '../../train/description.ts';
import { type ForecasterDescription, forecasterKinds } from './config.ts';
import type { ColumnScaling, Scaling } from './scaling.ts';

const above0 = scalar<number>(number({ above: 0 }));

const columns = listOf(
  objectOf<ColumnScaling>({ name: text, mean: scalar<number>(number()), deviation: above0, windowDeviation: above0 }),
  1,
);

const fields = objectOf<ForecasterDescription>({
  task: taskName('forecast'),
  config: optionsOf(forecasterKinds),
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
