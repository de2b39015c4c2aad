import type { Image } from 'unrolled/images';
import type { ClassTarget, UnitTarget } from 'unrolled/inspect';
import { WorkerClient } from '../../client.ts';
import type {
  GrowingImage,
  PaintInput,
  SeeAbout,
  SeeMethod,
  SeenImage,
  SeenLayer,
  SeenMap,
} from '../../protocol-see.ts';

/** A network that looks, with its worker. */
export class Viewer {
  readonly name: string;
  about = $state.raw<SeeAbout | null>(null);
  problem = $state('');
  seen = $state.raw<SeenImage | null>(null);
  map = $state.raw<SeenMap | null>(null);
  /** What the map is of. */
  target = $state.raw<ClassTarget | UnitTarget | null>(null);
  layer = $state.raw<(SeenLayer & { readonly name: string }) | null>(null);
  /** Share of a map that is done; null: nothing is computed. */
  progress = $state<number | null>(null);
  growing = $state.raw<(GrowingImage & { readonly of: string }) | null>(null);
  grows = $state(false);
  readonly #client = new WorkerClient();
  readonly #opened: Promise<SeeAbout>;
  #asked = 0;

  /** @param file  of a network or classifier; `untrained`: with random weights in place of its own */
  constructor(name: string, file: Promise<Uint8Array<ArrayBuffer>>, untrained = false) {
    this.name = name;
    this.#opened = file.then((bytes) => this.#client.call('seeOpen', { file: bytes, untrained }));
    this.#opened.then(
      (about) => {
        this.about = about;
      },
      (error) => this.#fail(error),
    );
  }

  /** Resolves when it is open. @throws WorkerFailure if it cannot be opened */
  get opened(): Promise<SeeAbout> {
    return this.#opened;
  }

  close(): void {
    this.#client.close();
  }

  async look(image: Image): Promise<void> {
    await this.#try(async () => {
      await this.#opened;
      this.map = null;
      this.layer = null;
      this.seen = await this.#client.call('seeImage', { image });
    });
  }

  async showLayer(name: string): Promise<void> {
    await this.#try(async () => {
      this.layer = { name, ...(await this.#client.call('seeLayer', { layer: name })) };
    });
  }

  /** A later question takes the place of an earlier one. */
  async explain(method: SeeMethod, target: ClassTarget | UnitTarget): Promise<void> {
    const asked = ++this.#asked;
    this.progress = 0;
    await this.#try(async () => {
      const map = await this.#client.call('seeMap', { method, target }, (share) => {
        if (asked === this.#asked) this.progress = share;
      });
      if (map === null || asked !== this.#asked) return;
      this.map = map;
      this.target = target;
    });
    if (asked === this.#asked) this.progress = null;
  }

  grow(of: string, target: ClassTarget | UnitTarget): Promise<void> {
    return this.#growing(of, (tell) => this.#client.call('grow', { target, steps: 256, seed: 1 }, tell));
  }

  paint(of: string, input: PaintInput): Promise<void> {
    return this.#growing(of, (tell) => this.#client.call('paint', input, tell));
  }

  async #growing(of: string, run: (tell: (part: GrowingImage) => void) => Promise<unknown>): Promise<void> {
    this.#asked++;
    this.progress = null;
    this.grows = true;
    await this.#try(() =>
      run((part) => {
        this.growing = { ...part, of };
      }),
    );
    this.grows = false;
  }

  stop(): void {
    void this.#client.call('stopSeeing', null);
  }

  async #try(work: () => Promise<unknown>): Promise<void> {
    this.problem = '';
    try {
      await work();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.problem = error instanceof Error ? error.message : String(error);
  }
}
