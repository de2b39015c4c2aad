import { DeviceError } from '../../errors.ts';
import type { Backend } from '../backend.ts';

/**
 * A backend that answers only later, as a GPU does: reads give what the block held when they were called, after a while.
 * @param isLate  whether that is so at the moment; else it is the given backend. Default: always
 */
export function laterBackend(backend: Backend, isLate: () => boolean = () => true): Backend {
  const late: Partial<Backend> = {
    readsAtOnce: false,
    readSync() {
      throw new DeviceError('readSync: this backend answers only later', {});
    },
    read(x) {
      const values = backend.readSync(x);
      return new Promise((resolve) => setTimeout(() => resolve(values), 1));
    },
  };
  return new Proxy(backend, {
    get(_, name) {
      if (name in late && isLate()) return late[name as keyof Backend];
      const value = backend[name as keyof Backend];
      return typeof value === 'function' ? value.bind(backend) : value;
    },
  });
}

/** A backend that answers at once except during `nothingRead`, where whatever reads in order to go on fails. */
export function watchedBackend(backend: Backend): {
  backend: Backend;
  nothingRead<Result>(body: () => Result): Result;
} {
  let watching = false;
  return {
    backend: laterBackend(backend, () => watching),
    nothingRead(body) {
      watching = true;
      try {
        return body();
      } finally {
        watching = false;
      }
    },
  };
}
