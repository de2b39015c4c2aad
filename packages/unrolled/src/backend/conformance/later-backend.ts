import { DeviceError } from '../../errors.ts';
import type { Backend } from '../backend.ts';

/** A backend that answers only later, as a GPU does: reads give what the block held when they were called, after a while. */
export function laterBackend(backend: Backend): Backend {
  const own: Partial<Backend> = {
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
      if (name in own) return own[name as keyof Backend];
      const value = backend[name as keyof Backend];
      return typeof value === 'function' ? value.bind(backend) : value;
    },
  });
}
