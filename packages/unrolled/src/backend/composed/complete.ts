import type { Backend, CoreBackend, FusedOperations, PartialBackend } from '../backend.ts';
import { attention, attentionGrad } from './attention.ts';
import * as images from './convolution.ts';
import { dropout, gradientRules } from './elementwise.ts';
import { optimize } from './optimize.ts';
import { recurrent, recurrentGrad } from './recurrent.ts';
import * as rows from './rows.ts';
import { scan } from './scan.ts';
import { Workspace } from './workspace.ts';

/** Every fused operation, composed of a backend's core. Slower, and rounded otherwise; masks, lengths and ties are the same. */
export function composedOperations(core: CoreBackend): FusedOperations {
  const run = (body: (w: Workspace) => void): void => Workspace.during(core, body);
  return {
    unaryGrad: (operation, x, y, dy, dx) => run((w) => w.put(gradientRules[operation](w, x, y, dy), dx)),
    addActivated: (a, b, out, activation) => run((w) => w.put(images.activated(w, w.add(a, b), activation), out)),
    axpy: (alpha, x, y) => run((w) => w.addTo(w.mul(x, alpha), y)),
    dropout: (x, out, rate, seed) => run((w) => w.put(dropout(w, x, rate, seed), out)),
    argmax: (x, out, outer, n, inner) => run((w) => w.put(rows.argmax(w, x, outer, n, inner), out)),
    norm: (x, out) => run((w) => w.put(rows.norm(w, x), out)),
    softmax: (x, out, n) => run((w) => w.put(rows.softmax(w, x, n), out)),
    logSoftmax: (x, out, n) => run((w) => w.put(rows.logSoftmax(w, x, n), out)),
    softmaxGrad: (y, dy, dx, n) => run((w) => w.put(rows.softmaxGrad(w, y, dy, n), dx)),
    logSoftmaxGrad: (y, dy, dx, n) => run((w) => w.put(rows.logSoftmaxGrad(w, y, dy, n), dx)),
    crossEntropy: (logits, targets, losses, logNormaliser) =>
      run((w) => {
        const found = rows.crossEntropy(w, logits, targets);
        w.put(found.losses, losses);
        w.put(found.logNormaliser, logNormaliser);
      }),
    crossEntropyGrad: (logits, targets, logNormaliser, dLosses, dLogits) =>
      run((w) => w.put(rows.crossEntropyGrad(w, logits, targets, logNormaliser, dLosses), dLogits)),
    layerNorm: (norm) => run((w) => rows.layerNorm(w, norm)),
    layerNormGrad: (norm) => run((w) => rows.layerNormGrad(w, norm)),
    convolution: (given) => run((w) => images.convolution(w, given)),
    convolutionInputGrad: (given) => run((w) => images.convolutionInputGrad(w, given)),
    convolutionWeightGrad: (given) => run((w) => images.convolutionWeightGrad(w, given)),
    pool: (given) => run((w) => images.pool(w, given)),
    poolGrad: (given) => run((w) => images.poolGrad(w, given)),
    batchNorm: (given) => run((w) => images.batchNorm(w, given)),
    batchNormGrad: (given) => run((w) => images.batchNormGrad(w, given)),
    batchNormAffine: (given) => run((w) => images.batchNormAffine(w, given)),
    attention: (given) => run((w) => attention(w, given)),
    attentionGrad: (given) => run((w) => attentionGrad(w, given)),
    recurrent: (layer) => recurrent(core, layer),
    recurrentGrad: (layer) => recurrentGrad(core, layer),
    scan: (given) => scan(core, given),
    optimize: (update) => run((w) => optimize(w, update)),
  };
}

/** The backend with those of the fused operations composed that it lacks; itself if it has them all. */
export function complete(backend: PartialBackend): Backend {
  const composed = composedOperations(backend);
  const names = Object.keys(composed) as (keyof FusedOperations)[];
  const missing = names.filter((name) => backend[name] === undefined);
  if (missing.length === 0) return backend as Backend;
  const own = [...coreOperations, ...names].filter((name) => backend[name] !== undefined);
  const { name, float, readsAtOnce } = backend;
  return {
    ...composed,
    ...Object.fromEntries(own.map((name) => [name, (backend[name] as () => unknown).bind(backend)])),
    name,
    float,
    readsAtOnce,
  } as Backend;
}

type CoreOperation = Exclude<keyof CoreBackend, 'name' | 'float' | 'readsAtOnce'>;
const coreOperations = Object.keys({
  describe: true,
  close: true,
  allocate: true,
  release: true,
  memory: true,
  write: true,
  read: true,
  readSync: true,
  fill: true,
  copy: true,
  stridedCopy: true,
  unary: true,
  binary: true,
  select: true,
  reduce: true,
  matmul: true,
  gather: true,
  scatterAdd: true,
} satisfies Record<CoreOperation, true>) as CoreOperation[];
