/**
 * Networks for images as plain configurations, and their files.
 * @module
 */

export { Backbone, type BackboneDescription, backboneDescription } from './backbone.ts';
export { ImageNetwork, type ImageNetworkDescription } from './image-network.ts';
export { withoutHead } from './layer-paths.ts';
export {
  type ImageNetworkFile,
  imageNetworkFile,
  type OpenImageNetworkOptions,
  openImageNetwork,
  readImageNetwork,
  type StoredImageNetwork,
} from './network-file.ts';
export {
  type BlockKind,
  type BlockNetworkOptions,
  type BlockOptions,
  blockConfig,
  blockKinds,
  blockNetworkConfig,
} from './networks/blocks.ts';
export { withClasses } from './networks/classifier.ts';
export { type NetworkName, networkConfig, networkNames, usualInput } from './networks/index.ts';
export type { NetworkConfig, NetworkOptions } from './networks/options.ts';
export { type LayerProfile, multiplyAddsOf, type Profile, profile } from './profile.ts';
