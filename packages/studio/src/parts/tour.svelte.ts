import { remembered } from '../remembered.svelte.ts';

/** The first tour: offered until it was taken or declined. */
class Tour {
  running = $state(false);
  readonly #offered = remembered('tour-offered', true);

  get offered(): boolean {
    return this.#offered.value && !this.running;
  }

  start(): void {
    this.running = true;
  }

  /** Left, finished or declined: it is not offered again, but the button in the header stays. */
  end(): void {
    this.running = false;
    this.#offered.value = false;
  }
}

export const tour = new Tour();
