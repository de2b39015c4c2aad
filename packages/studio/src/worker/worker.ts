import { UnrolledError } from 'unrolled';
import type { CallMessage, WorkerMessage } from '../protocol.ts';
import { answer } from './calls.ts';
import { Desk } from './desk.ts';

const post = (message: WorkerMessage): void => self.postMessage(message);
const desk = new Desk((event) => post({ event }));

self.onmessage = async ({ data }: MessageEvent<CallMessage>) => {
  try {
    post({ id: data.id, result: await answer(desk, data, (part) => post({ id: data.id, part })) });
  } catch (error) {
    if (!(error instanceof UnrolledError)) console.warn(error);
    post({ id: data.id, error: error instanceof Error ? error.message : String(error) });
  }
};
