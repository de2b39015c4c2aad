/**
 * Images as bytes and as a network takes them: resizing, normalisation, and what a page shows.
 * @module
 */

export * from './batch.ts';
export { type Image, type ImagePart, withChannels } from './image.ts';
export * from './page.ts';
export * from './preprocessing.ts';
export * from './resize.ts';
