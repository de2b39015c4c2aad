export * from './ascent.ts';
export * from './draw.ts';
export * from './grad-cam.ts';
export {
  guidedBackpropagation,
  guidedRule,
  type ImageGradientOptions,
  imageGradient,
  type SaliencyOptions,
  type SmoothGradOptions,
  saliency,
  smoothGrad,
  strongestChannel,
} from './gradients.ts';
export {
  type ChannelMap,
  type ClassTarget,
  featureMaps,
  type ImageLayer,
  type ImageTarget,
  type InspectedNetwork,
  imageLayers,
  type PixelMap,
  type UnitTarget,
} from './network.ts';
export * from './occlusion.ts';
export { blur, totalVariation, type ValueRange } from './picture.ts';
export * from './style.ts';
