import type { CallMessage, CallName, Calls, PartOf, WorkerEvent, WorkerMessage } from './protocol.ts';

/** What went wrong in the worker, in words for the reader. */
export class WorkerFailure extends Error {}

interface Waiting {
  readonly resolve: (result: never) => void;
  readonly reject: (reason: Error) => void;
  readonly onPart: ((part: never) => void) | undefined;
}

/** The page's end of a worker: calls as promises, and the events it posts. */
export class WorkerClient {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;
  #broken: WorkerFailure | null = null;

  constructor(onEvent: (event: WorkerEvent) => void = () => {}) {
    this.#worker = new Worker(new URL('./worker/worker.ts', import.meta.url), { type: 'module' });
    this.#worker.onmessage = ({ data }: MessageEvent<WorkerMessage>) => {
      if ('event' in data) return onEvent(data.event);
      const waiting = this.#waiting.get(data.id);
      if ('part' in data) return waiting?.onPart?.(data.part as never);
      this.#waiting.delete(data.id);
      if ('error' in data) waiting?.reject(new WorkerFailure(data.error));
      else waiting?.resolve(data.result as never);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#end(`The worker ended: ${event.message || 'it could not be loaded'}`);
    };
  }

  /**
   * @param onPart  receives what a call reports before it ends
   * @throws WorkerFailure with the library's own words
   */
  call<Name extends CallName>(
    call: Name,
    input: Calls[Name]['input'],
    onPart?: (part: PartOf<Name>) => void,
  ): Promise<Calls[Name]['result']> {
    if (this.#broken) return Promise.reject(this.#broken);
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, onPart });
      this.#worker.postMessage({ id, call, input } as CallMessage);
    });
  }

  /** Ends the worker, with all it computes. */
  close(): void {
    this.#worker.terminate();
    this.#end('The run was closed');
  }

  #end(reason: string): void {
    this.#broken = new WorkerFailure(reason);
    for (const { reject } of this.#waiting.values()) reject(this.#broken);
    this.#waiting.clear();
  }
}
