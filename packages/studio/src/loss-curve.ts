/** Losses over steps, in at most so many points: where there are more, each stands for the mean of several. */
export class LossCurve {
  /** The last step of each point, and the mean loss in nats. */
  readonly steps: number[] = [];
  readonly losses: number[] = [];
  readonly #most: number;
  /** How many updates each point stands for. */
  #width = 1;
  #sum = 0;
  #count = 0;

  constructor(most = 500) {
    this.#most = most;
  }

  /** @param last  the step of the last loss; @param each  how many updates each loss is the mean of */
  add(last: number, losses: ArrayLike<number>, each = 1): void {
    for (let i = 0; i < losses.length; i++) {
      this.#sum += losses[i] * each;
      this.#count += each;
      if (this.#count < this.#width) continue;
      this.steps.push(last - (losses.length - 1 - i) * each);
      this.losses.push(this.#sum / this.#count);
      this.#sum = 0;
      this.#count = 0;
      if (this.steps.length >= this.#most) this.#halve(each);
    }
  }

  /** The mean of the last few points, which does not jump from batch to batch; undefined while there is none. */
  get recent(): number | undefined {
    const last = this.losses.slice(-Math.max(1, Math.min(10, Math.floor(this.losses.length / 10))));
    return last.length === 0 ? undefined : last.reduce((sum, loss) => sum + loss, 0) / last.length;
  }

  #halve(each: number): void {
    const half = Math.floor(this.steps.length / 2);
    for (let i = 0; i < half; i++) {
      this.steps[i] = this.steps[2 * i + 1];
      this.losses[i] = (this.losses[2 * i] + this.losses[2 * i + 1]) / 2;
    }
    this.steps.length = half;
    this.losses.length = half;
    this.#width = 2 * Math.max(this.#width, each);
  }
}
