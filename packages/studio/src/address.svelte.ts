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
    return hashOf(room, this.#settings);
  }

  /** The address of a room with other settings beside those of now. */
  hrefFor(room: string, changes: Readonly<Record<string, string>>): string {
    return hashOf(room, { ...this.#settings, ...changes });
  }

  #read(): void {
    const [named, settings = ''] = location.hash.slice(1).split('?', 2);
    const read = Object.fromEntries(new URLSearchParams(settings));
    const room = named === 'cells' ? 'units' : named;
    // Links from when units were called cells.
    if (named === 'cells' && read.cell !== undefined) {
      read.unit = read.cell;
      delete read.cell;
    }
    this.room = rooms.some(({ id }) => id === room) ? room : rooms[0].id;
    this.#settings = read;
  }
}

function hashOf(room: string, all: Readonly<Record<string, string>>): string {
  const settings = new URLSearchParams(all).toString().replaceAll('%2C', ',');
  return `#${room}${settings ? `?${settings}` : ''}`;
}

export const address = new Address();
