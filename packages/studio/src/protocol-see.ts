/** The part of the protocol for the room See: networks that classify images, and what they look at. */
import type { Image } from 'unrolled/images';
import type { ClassTarget, ImageLayer, UnitTarget } from 'unrolled/inspect';

export type SeeMethod = 'occlusion' | 'saliency' | 'smoothgrad' | 'guided' | 'gradcam';

/** A network that was opened for looking. */
export interface SeeAbout {
  /** By class. */
  readonly labels: readonly string[];
  readonly height: number;
  readonly width: number;
  readonly parameters: number;
  readonly layers: readonly ImageLayer[];
}

export interface SeenClass {
  readonly index: number;
  readonly label: string;
  readonly probability: number;
}

/** An image as a network saw it. */
export interface SeenImage {
  readonly picture: Image;
  /** Likeliest first. */
  readonly classes: readonly SeenClass[];
}

export interface SeeMapInput {
  readonly method: SeeMethod;
  readonly target: ClassTarget | UnitTarget;
}

/** A map of the image, drawn and as numbers `[H, W]`. */
export interface SeenMap {
  readonly method: SeeMethod;
  readonly height: number;
  readonly width: number;
  readonly values: Float32Array;
  /** Alone, and over the image with its colours at full strength. */
  readonly alone: Image;
  readonly over: Image;
}

/** All maps of a layer, `[h, w, c]`. */
export interface SeenLayer {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly values: Float32Array;
}

export interface GrowInput {
  readonly target: ClassTarget | UnitTarget;
  readonly steps: number;
  readonly seed: number;
}

export interface PaintInput {
  readonly style: Image;
  readonly styleWeight: number;
  readonly steps: number;
}

/** An image on its way. */
export interface GrowingImage {
  readonly step: number;
  /** Of ascent: the score. Of style transfer: how far the style is off, from 1. */
  readonly score: number;
  readonly image: Image;
}

export interface SeeCalls {
  /** A network from its file; `untrained`: with random weights in place of its own. */
  seeOpen: { input: { file: Uint8Array<ArrayBuffer>; untrained: boolean }; result: SeeAbout };
  seeImage: { input: { image: Image }; result: SeenImage };
  /** Progress is a share. Null if it was superseded. */
  seeMap: { input: SeeMapInput; result: SeenMap | null; part: number };
  seeLayer: { input: { layer: string }; result: SeenLayer };
  /** Gradient ascent from noise. False if it was stopped. */
  grow: { input: GrowInput; result: boolean; part: GrowingImage };
  /** Style transfer onto the image. False if it was stopped. */
  paint: { input: PaintInput; result: boolean; part: GrowingImage };
  /** Ends what grows, and maps that are on their way. */
  stopSeeing: { input: null; result: null };
}
