import { rooms } from './rooms.ts';

/**
 * What is shown, in the address after `#`: a room and its settings, such as `#train?text=hello&cells=rnn,lstm`. Copied, it
 * shows the same view elsewhere. Settings that are at their default are left out.
 */
class Address {
  room = $state('');
  #settings = $state.raw<Readonly<Record<string, string>>>({});

  constructor() {
    this.#read();
    addEventListener('hashchange', () => this.#read());
  }

  get(name: string): string | null {
    return this.#settings[name] ?? null;
  }

  /** @param value  null: the default */
  set(changes: Readonly<Record<string, string | number | null>>): void {
    const settings = { ...this.#settings };
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) delete settings[name];
      else settings[name] = String(value);
    }
    this.#settings = settings;
    history.replaceState(null, '', this.hrefOf(this.room));
  }

  hrefOf(room: string): string {
    const settings = new URLSearchParams(this.#settings).toString().replaceAll('%2C', ',');
    return `#${room}${settings ? `?${settings}` : ''}`;
  }

  #read(): void {
    const [room, settings = ''] = location.hash.slice(1).split('?', 2);
    this.room = rooms.some(({ id }) => id === room) ? room : rooms[0].id;
    this.#settings = Object.fromEntries(new URLSearchParams(settings));
  }
}

export const address = new Address();
