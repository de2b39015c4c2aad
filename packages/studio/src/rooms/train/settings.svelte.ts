import { address } from '../../address.svelte.ts';
import { cellTitles } from '../../cell-titles.ts';
import type { RunSpec } from '../../protocol.ts';
import { type BuiltInText, ordinary, texts } from '../../texts/texts.ts';

type NumberSetting =
  | 'hidden'
  | 'layers'
  | 'embedding'
  | 'batch'
  | 'seq'
  | 'dropout'
  | 'clipNorm'
  | 'seed'
  | 'steps'
  | 'lr';

/** The lowest and highest each number may be; what is in the address may be anything. */
export const limits: Readonly<Record<NumberSetting, readonly [number, number]>> = {
  hidden: [1, 1024],
  layers: [1, 4],
  embedding: [1, 512],
  batch: [1, 256],
  seq: [1, 512],
  dropout: [0, 0.9],
  clipNorm: [0, 100],
  seed: [0, 2 ** 32 - 1],
  steps: [0, 1e7],
  lr: [1e-5, 1],
};

export const optimizers = ['adam', 'adamw', 'rmsprop', 'adagrad', 'momentum', 'sgd'] as const;

/** What the next runs will be: what the address says, otherwise what suits the text. */
class Settings {
  /** A text of the person's own; it is not in the address. */
  own = $state.raw<{ readonly name: string; readonly text: string } | null>(null);

  get textId(): string {
    const id = address.get('text');
    return id === 'own' || texts.some((text) => text.id === id) ? id! : 'sonnets';
  }

  get builtIn(): BuiltInText | null {
    return texts.find(({ id }) => id === this.textId) ?? null;
  }

  get defaults(): RunSpec {
    return this.builtIn?.defaults ?? ordinary;
  }

  /** The cells to train, each in a network of its own. */
  get cells(): readonly string[] {
    const named = (address.get('cells') ?? '').split(',').filter((cell) => Object.hasOwn(cellTitles, cell));
    return named.length > 0 ? named : [this.defaults.cell];
  }

  get optimizer(): RunSpec['optimizer'] {
    return optimizers.find((name) => name === address.get('optimizer')) ?? this.defaults.optimizer;
  }

  number(name: NumberSetting): number {
    const value = Number(address.get(name) ?? Number.NaN);
    const [low, high] = limits[name];
    return Number.isFinite(value) ? Math.min(high, Math.max(low, value)) : this.defaults[name];
  }

  get temperature(): number {
    const value = Number(address.get('temperature') ?? Number.NaN);
    return Number.isFinite(value) ? Math.min(2, Math.max(0, value)) : 0.8;
  }

  set(name: NumberSetting | 'temperature', value: number): void {
    const usual = name === 'temperature' ? 0.8 : this.defaults[name];
    address.set({ [name]: value === usual || !Number.isFinite(value) ? null : value });
  }

  get specs(): readonly RunSpec[] {
    const numbers = Object.fromEntries(
      (Object.keys(limits) as NumberSetting[]).map((name) => [name, this.number(name)]),
    ) as Record<NumberSetting, number>;
    return this.cells.map((cell) => ({ ...this.defaults, ...numbers, optimizer: this.optimizer, cell }));
  }

  /** @returns the text, and what the command would call it; null while there is none of one's own */
  async text(): Promise<{ text: string; name: string } | null> {
    if (this.builtIn) return { text: await this.builtIn.load(), name: this.builtIn.file };
    return this.own;
  }
}

export const settings = new Settings();

/** Another text: what suits one does not suit another, so all other settings are the usual ones again. */
export function chooseText(id: string): void {
  const names = [...Object.keys(limits), 'optimizer'];
  address.set({ ...Object.fromEntries(names.map((name) => [name, null])), text: id });
}
