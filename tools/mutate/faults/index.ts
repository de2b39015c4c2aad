import { convolution } from './convolution.ts';
import { decoding } from './decoding.ts';
import { fused } from './fused.ts';
import { glimpses } from './glimpses.ts';
import { imageInput } from './image-input.ts';
import { images } from './images.ts';
import { kerasFaults } from './keras.ts';
import { kernels } from './kernels.ts';
import { layers } from './layers.ts';
import { learning } from './learning.ts';
import { looking } from './looking.ts';
import { metrics } from './metrics.ts';
import { networkFaults } from './networks.ts';
import { operations } from './operations.ts';
import { published } from './published.ts';
import { questions } from './questions.ts';
import { architectureSearch } from './search.ts';
import { traced } from './traced.ts';
import { videoFaults } from './video.ts';

export const faultGroups = [
  operations,
  traced,
  fused,
  kernels,
  imageInput,
  convolution,
  images,
  layers,
  networkFaults,
  looking,
  glimpses,
  learning,
  decoding,
  metrics,
  videoFaults,
  questions,
  kerasFaults,
  architectureSearch,
  published,
];
