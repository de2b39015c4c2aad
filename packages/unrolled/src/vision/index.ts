/**
 * Networks for images as plain configurations, and their files.
 * @module
 */

export { imageNetPreprocessing, inputSize, type Preprocessing, preprocessingSchema } from './preprocessing.ts';
