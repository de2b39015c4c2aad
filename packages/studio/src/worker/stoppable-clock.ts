/** A clock in milliseconds that stands still during pauses. */
export class StoppableClock {
  readonly #source: () => number;
  #stoppedAt: number | null = null;
  #lost = 0;

  constructor(source: () => number = () => performance.now()) {
    this.#source = source;
  }

  now(): number {
    return (this.#stoppedAt ?? this.#source()) - this.#lost;
  }

  stop(): void {
    this.#stoppedAt ??= this.#source();
  }

  go(): void {
    if (this.#stoppedAt === null) return;
    this.#lost += this.#source() - this.#stoppedAt;
    this.#stoppedAt = null;
  }
}
