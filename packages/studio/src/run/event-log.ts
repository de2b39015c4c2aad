/** An `events.jsonl` that is being written: each read gives the whole lines that are new. */
export class EventLog {
  readonly #url: string;
  readonly #fetch: typeof fetch;
  /** Bytes that were read, and which file they were of. */
  #read = 0;
  #file: string | null = null;

  constructor(url: string, fetcher: typeof fetch = (input, init) => fetch(input, init)) {
    this.#url = url;
    this.#fetch = fetcher;
  }

  /**
   * @returns `restarted`: the file is another one than before (a resumed run drops the steps it repeats), and `events`
   *   begin anew
   * @throws TypeError if the server cannot be reached
   */
  async read(): Promise<{ restarted: boolean; events: Readonly<Record<string, unknown>>[] }> {
    const response = await this.#fetch(`${this.#url}?from=${this.#read}&file=${this.#file ?? ''}`, {
      cache: 'no-store',
    });
    if (!response.ok) return { restarted: false, events: [] };
    const file = response.headers.get('x-file');
    const begins = response.headers.get('x-from');
    let bytes = new Uint8Array(await response.arrayBuffer());
    // A server that knows nothing of `from` gives the whole file.
    const restarted = begins === null ? bytes.length < this.#read : Number(begins) < this.#read;
    if (restarted) this.#read = 0;
    if (begins === null) bytes = bytes.subarray(this.#read);
    this.#file = file;
    // The line that is being written is read next time.
    const end = bytes.lastIndexOf(10) + 1;
    this.#read += end;
    const lines = new TextDecoder().decode(bytes.subarray(0, end)).split('\n');
    return { restarted, events: lines.flatMap(eventOf) };
  }
}

/** A line that is no event, as after a crash, is passed over. */
function eventOf(line: string): Readonly<Record<string, unknown>>[] {
  try {
    const event: unknown = JSON.parse(line);
    return typeof event === 'object' && event !== null && !Array.isArray(event)
      ? [event as Record<string, unknown>]
      : [];
  } catch {
    return [];
  }
}
