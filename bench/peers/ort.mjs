/** Runs an ONNX model in onnxruntime-web; also in a page. */
import { imagesOf, timeInference } from './graph.mjs';

export async function timeOrt(ort, model, images, { threads, warmup, runs }) {
  ort.env.wasm.numThreads = threads;
  const session = await ort.InferenceSession.create(model, {
    executionProviders: ['wasm'],
    graphOptimizationLevel: 'all',
  });
  const [B, H, W, C] = images;
  const x = imagesOf(images);
  const planes = new Float32Array(x.length);
  for (let i = 0; i < x.length; i++) {
    const [image, pixel, channel] = [Math.floor(i / (H * W * C)), Math.floor(i / C) % (H * W), i % C];
    planes[(image * C + channel) * H * W + pixel] = x[i];
  }
  const input = new ort.Tensor('float32', planes, [B, C, H, W]);
  const infer = async () => Object.values(await session.run({ images: input }))[0].data;
  return timeInference(infer, warmup, runs);
}
