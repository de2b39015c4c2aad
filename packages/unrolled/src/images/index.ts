/**
 * Images as bytes and as a network takes them: resizing, normalisation, and what a page shows.
 * @module
 */

export * from './batch.ts';
export * from './cifar.ts';
export * from './header.ts';
export * from './idx-images.ts';
export { type Image, type ImagePart, onWhite, withChannels } from './image.ts';
export * from './orientation.ts';
export * from './page.ts';
export * from './preprocessing.ts';
export * from './resize.ts';
