import type { ModelFile } from 'unrolled/train';

/** A file of a model, as it was read. */
export interface ModelInput {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** The bytes of a file in the same folder, such as the weights beside a `model.json`. @throws Failure if it cannot be read */
  beside(name: string): Uint8Array;
  /** Names of the files in the same folder. */
  readonly names: readonly string[];
  /** The architecture as JSON, from --config, for files that hold weights alone. */
  readonly config: string | null;
}

/** What `import` writes. */
export interface Imported {
  /** A safetensors file: a model of `unrolled/keras`, or weights by name. */
  readonly file: Uint8Array;
  /** What it holds, such as 'a model of 3 layers'. */
  readonly what: string;
  readonly parameters: number;
  /** What the user should know: what was left out, what computes differently. */
  readonly notes: readonly string[];
}

/** A layer or a weight of a file. */
export interface InspectedRow {
  readonly name: string;
  /** The kind of a layer or the type of a weight, as the file says it. */
  readonly kind: string;
  /** The shape of its output, or of a weight; null where it is not known. */
  readonly shape: readonly (number | null)[] | null;
  readonly parameters: number;
  /** Why it would not open; null if it would. */
  readonly refused: string | null;
}

export interface Inspection {
  /** Such as 'Keras 3.15.1, a model with its weights'. */
  readonly what: string;
  readonly rows: readonly InspectedRow[];
  /** What else would keep it from opening. */
  readonly problems: readonly string[];
}

/** How a model is written. */
export interface ExportOptions {
  /** 16-bit floats. */
  readonly half: boolean;
  /** Whether masked steps come after all others in each row. */
  readonly rightPadded: boolean;
}

/** One format of model files: a row of the table that `import`, `inspect` and `export` share. */
export interface ModelFormat {
  /** As people name it. */
  readonly name: string;
  /** Endings of file names that it is written under, the usual one first. */
  readonly endings: readonly string[];
  /** Whether a file is of this format, by its content. */
  fits(bytes: Uint8Array): boolean;
  readonly import?: (input: ModelInput) => Promise<Imported>;
  /** Without `import`: what to do instead, after the name of the file. */
  readonly instead?: string;
  readonly inspect?: (input: ModelInput) => Promise<Inspection>;
  /**
   * Writes a model. @param name  of the file to write
   * @returns the files to write beside each other, by name
   */
  readonly export?: (
    model: ModelFile,
    name: string,
    options: ExportOptions,
  ) => Promise<Readonly<Record<string, Uint8Array>>>;
  /** Whether it can be written with 16-bit floats. Default false. */
  readonly half?: boolean;
  /** Whether masks are written as the number of steps of each row. Default false. */
  readonly rightPadded?: boolean;
  /** Whether a file of this content may be written over. Default: whatever `fits`. */
  readonly replaces?: (bytes: Uint8Array) => boolean;
}
