/**
 * Images to labels.
 * @module
 */

export { imageInput } from '../../images/image-input.ts';
export { imageSource, type LabelledImage } from '../../images/labelled-images.ts';
export type { Classification, ClassifierEvaluation } from '../../metrics/label-predictions.ts';
export * from './config.ts';
export * from './evaluate.ts';
export * from './inspected.ts';
export { type ClassifyImagesOptions, ImageClassifier } from './model.ts';
export { type FeatureKind, featureKinds, type HeadOptions, withHead } from './network.ts';
export { channelStatistics } from './statistics.ts';
export * from './task.ts';
export * from './training.ts';
