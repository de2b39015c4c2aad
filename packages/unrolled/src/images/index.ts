/**
 * Images as bytes and as a network takes them: resizing, normalisation, augmentation, and what a page shows.
 * @module
 */

export { type AffineChange, transformImage } from './affine.ts';
export * from './augment.ts';
export { type AugmentationConfig, augmentationSchema, requireAugmentation } from './augmentation.ts';
export * from './batch.ts';
export * from './cifar.ts';
export * from './header.ts';
export * from './idx-images.ts';
export { type Image, type ImagePart, onWhite, partOf, withChannels } from './image.ts';
export { imageSource, type LabelledImage } from './labelled-images.ts';
export * from './mix-up.ts';
export * from './orientation.ts';
export * from './page.ts';
export * from './preprocessing.ts';
export * from './resize.ts';
export * from './scenes.ts';
export * from './sheet.ts';
export { inText } from './text.ts';
