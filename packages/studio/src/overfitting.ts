export interface ValidationLoss {
  readonly step: number;
  /** In nats. */
  readonly loss: number;
}

/** The validation loss has risen by this share above its best, over at least this many validations since. */
const [risen, validationsPast] = [0.02, 3];

/** The lowest validation loss; null while there is none that is a number. */
export function bestValidation(validations: readonly ValidationLoss[]): ValidationLoss | null {
  return validations.reduce<ValidationLoss | null>(
    (best, one) => (Number.isFinite(one.loss) && (best === null || one.loss < best.loss) ? one : best),
    null,
  );
}

/** Whether the validation loss has been rising since its best: the training text is being learned by heart. */
export function overfits(validations: readonly ValidationLoss[]): boolean {
  const best = bestValidation(validations);
  const last = validations.at(-1);
  if (!best || !last) return false;
  const since = validations.filter(({ step }) => step > best.step).length;
  return since >= validationsPast && last.loss > best.loss + risen * Math.abs(best.loss);
}
