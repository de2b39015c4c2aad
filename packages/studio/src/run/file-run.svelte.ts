import { WorkerClient } from '../client.ts';
import { commandAbout, shellWord } from './command.ts';
import { Run } from './run.svelte.ts';

/** A trained model that was opened from a file. */
export class FileRun extends Run {
  readonly led = false;
  readonly command: string;
  readonly #client = new WorkerClient();
  readonly #ready: Promise<void>;

  constructor(id: string, file: File) {
    super(id, file.name);
    this.command = `npx unrolled eval ${shellWord(file.name)}`;
    this.#ready = this.#open(file);
    this.#ready.catch(() => {});
  }

  commandFor(verb: string, words: readonly string[]): string {
    return commandAbout(verb, this.name, words);
  }

  /** @throws WorkerFailure if the file holds no model that can be opened here */
  async worker(): Promise<WorkerClient> {
    await this.#ready;
    return this.#client;
  }

  close(): void {
    this.#client.close();
  }

  async #open(file: File): Promise<void> {
    try {
      const bytes = new Uint8Array(await file.arrayBuffer());
      this.about = await this.#client.call('load', { file: bytes });
      this.task = this.about.task;
      this.state = 'finished';
    } catch (error) {
      this.state = 'failed';
      this.message = error instanceof Error ? error.message : String(error);
      throw error;
    }
  }
}
