import { type FaultGroup, faultsIn } from '../fault.ts';

const vision = 'packages/unrolled/src/inspect/vision';
const classify = 'packages/unrolled/src/tasks/classify-images';
const maps = [`${vision}/maps.test.ts`];
const growing = [`${vision}/growing.test.ts`];

/** What convolutional networks look at: maps, images that grow, pictures of them. */
export const looking: FaultGroup = {
  name: 'looking into networks',
  faults: [
    ...faultsIn(`${vision}/occlusion.ts`, maps, [
      ['fall: score - left[row]', 'fall: left[row] - score'],
      ['return [...even, last];', 'return even;'],
      ['value / Math.max(1, covered[i])', 'value'],
      ['(y * width + x) * channels);', '(x * width + y) * channels);'],
      ['for (let y = place.y; y < place.y + patch; y++) {', 'for (let y = place.y; y <= place.y + patch; y++) {'],
    ]),
    ...faultsIn(`${vision}/gradients.ts`, maps, [
      ['return [first && relu(first), ...others];', 'return arriving;'],
      ["rectifiers: readonly unknown[] = ['relu', 'relu6'];", "rectifiers: readonly unknown[] = ['relu6'];"],
      ['!rectifiers.includes(name) && !rectifiers.includes(activation)', '!rectifiers.includes(name)'],
      ['const sigma = noise * (high - low);', 'const sigma = 0;'],
      ['mul(total!, 1 / samples)', 'total!'],
      ['before === null ? added : before.add(added)', 'added'],
      ['Math.max(strongest[pixel], Math.abs(values[i]))', 'Math.max(strongest[pixel], values[i])'],
    ]),
    ...faultsIn(`${vision}/grad-cam.ts`, maps, [
      [
        'relu(sum(mul(weights, maps), { axes: -1, keepDims: true }))',
        'sum(mul(weights, maps), { axes: -1, keepDims: true })',
      ],
      ['mean(gradient, { axes: [1, 2], keepDims: true })', 'sum(gradient, { axes: [1, 2], keepDims: true })'],
      ['shape[0] * shape[1] > 1', 'shape[0] * shape[1] > 0'],
      ['.findLast((', '.find(('],
    ]),
    ...faultsIn(`${vision}/network.ts`, maps, [
      ['probability: softmax, logProbability: logSoftmax', 'probability: logSoftmax, logProbability: softmax'],
      ['if (y !== undefined) found = slice(found, 1, y, y + 1);', ''],
      ['slice(found, 2, x, x + 1)', 'slice(found, 2, 0, 1)'],
      ['(x ?? 0) >= w', 'false'],
    ]),
    ...faultsIn(`${vision}/ascent.ts`, growing, [
      ['let loss = neg(score);', 'let loss = score;'],
      ['mul(squaredNorm(image), decay / u ** 2)', 'mul(squaredNorm(image), -decay / u ** 2)'],
      ['mul(totalVariation(image), variation / u ** 2)', 'mul(totalVariation(image), 0)'],
      ['blurEvery > 0 && step % blurEvery === 0', 'false'],
      ['coarse?.of,', 'undefined,'],
    ]),
    ...faultsIn(`${vision}/picture.ts`, growing, [
      ['maximum(image, this.#low!)', 'image'],
      ['minimum(image, this.#high!)', 'image'],
      ['div(spread(image, C), spread(device.ones([1, H, W, 1]), 1))', 'spread(image, C)'],
      ['(least / Math.max(least, Math.hypot(fy, fx))) ** 2', '(least / Math.max(least, Math.hypot(fy, fx))) ** 1'],
      ['[Math.floor(i / W) / (2 * H), (i % W) / (2 * W)]', '[(i % W) / (2 * W), (i % W) / (2 * W)]'],
      ['Math.sqrt((k === 0 ? 1 : 2) / n)', 'Math.sqrt(2 / n)'],
      ['(kept.colours ? pixels.matmul(kept.colours) : pixels)', 'pixels'],
      ['return add(along(1, H), along(2, W));', 'return along(1, H);'],
    ]),
    ...faultsIn(`${vision}/style.ts`, growing, [
      ['return scale(F.matmul(F, { transposeA: true }), 1 / (h * w));', 'return F.matmul(F, { transposeA: true });'],
      ['style[Math.max(0, style.length - 2)]', 'style[style.length - 1]'],
      ['shape[0] >= H / 10', 'shape[0] >= H'],
      ["start === 'content' ? await", "start !== 'content' ? await"],
      ['scale(content, contentWeight)', 'content'],
      ['sum(square(sub(value, goal.value)))', 'sum(sub(value, goal.value))'],
    ]),
    ...faultsIn(
      `${vision}/draw.ts`,
      [`${vision}/draw.test.ts`],
      [
        ['const alpha = opacity * strength;', 'const alpha = opacity;'],
        ['i + 2 - 2 * (i % channels)', 'i'],
        ['0.995 * (sorted.length - 1)', 'sorted.length - 1'],
        ['(value / scale + 1) / 2', 'value / scale'],
        ['0.5 + scale * value', '0.5 - scale * value'],
      ],
    ),
    ...faultsIn(
      `${classify}/inspected.ts`,
      ['packages/studio/src/worker/seeing.test.ts'],
      [['softmaxOf(logits, network.temperature)', 'softmaxOf(logits, 1)']],
    ),
  ],
};
