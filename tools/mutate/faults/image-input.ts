import { type FaultGroup, faultsIn } from '../fault.ts';

const images = 'packages/unrolled/src/images';
const input = 'packages/cli/src/input';
const golden = 'test/golden/image-resize.test.ts';
const decoding = ['packages/cli/test/images.test.ts', 'packages/cli/test/damaged-images.test.ts'];
const folders = ['packages/cli/test/image-data.test.ts'];

/** Image files and folders, resizing, normalisation and augmentation. */
export const imageInput: FaultGroup = {
  name: 'image input',
  faults: [
    ...faultsIn(
      `${images}/resize.ts`,
      [golden, `${images}/images.test.ts`],
      [
        ['const support = Math.max(scale, 1);', 'const support = 1;'],
        ['(first + i + 0.5) * scale', '(first + i) * scale'],
        [
          'if (byShorter && byShorter[0] >= h && byShorter[1] >= w) return byShorter;',
          'if (byShorter) return byShorter;',
        ],
        ['length % 2 === 1 && half % 2 === 1 ? half + 1 : half', 'half'],
        ["if (crop === 'none') return [h, w];", ''],
        ['const first = rows.starts[0];', 'const first = 0;'],
      ],
    ),
    ...faultsIn(
      `${images}/batch.ts`,
      [`${images}/images.test.ts`],
      [
        ['reversed ? [2, 0] : [0, 2]', '[0, 2]'],
        ["order === 'bgr' ? i + 2 - 2 * c : i", 'i'],
        ['((byte * range) / 255 - m) / std[c]', '(byte * range) / 255 / std[c] - m'],
      ],
    ),
    ...faultsIn(
      `${images}/affine.ts`,
      [`${images}/augment.test.ts`],
      [
        ['return place > last ? period - place : place;', 'return place > last ? last : place;'],
        ['[Math.cos(angle) / zoom, Math.sin(angle) / zoom]', '[Math.cos(angle) * zoom, Math.sin(angle) * zoom]'],
        ['cy - sin * (x - cx)', 'cy + sin * (x - cx)'],
      ],
    ),
    ...faultsIn(
      `${images}/augment.ts`,
      [`${images}/augment.test.ts`],
      [
        [
          'const [left, top] = [random.below(width - part.width + 1), random.below(height - part.height + 1)];',
          'const [left, top] = [1, 1];',
        ],
        ['contrast === 1 ? 0 : (1 - contrast) * brightness * meanGrey(image)', '(1 - contrast) * meanGrey(image) * 0'],
        ['.map((centre) => centre - (side >> 1))', ''],
        ['const data = image.data.slice();', 'const { data } = image;'],
      ],
    ),
    ...faultsIn(
      `${images}/mix-up.ts`,
      [`${images}/augment.test.ts`],
      [
        ['random.uniform() ** (1 / alpha)', 'random.uniform()'],
        ['(1 - share) * other[k] + 0.5', '(1 - share) * other[k]'],
      ],
    ),
    ...faultsIn(`${images}/orientation.ts`, decoding, [
      ['[2, 3, 7, 8].includes(orientation)', '[2, 3, 6, 7].includes(orientation)'],
      ['const little = view.getUint16(0) === 0x4949;', 'const little = true;'],
    ]),
    ...faultsIn(`${images}/cifar.ts`, folders, [['planes[c * plane + p]', 'planes[3 * p + c]']]),
    ...faultsIn(`${input}/decoders/png.ts`, decoding, [
      ['maxOutputLength: total + 2 ** 16', 'maxOutputLength: 2 ** 30'],
      ['return a <= b && a <= c ? left : b <= c ? above : corner;', 'return a <= b && a <= c ? left : above;'],
      ['i < step ? 0 : rows[start + i - step]', 'rows[start + i - step]'],
      ['const hidden = type === 0 && transparency?.[1] === index;', 'const hidden = false;'],
      ['bytes.length < total', 'bytes.length < 0'],
    ]),
    ...faultsIn(`${input}/decoders/gif.ts`, decoding, [
      ['if (next === 1 << width && width < 12) width++;', ''],
      ['if (code === next) out[done++] = first;', ''],
      ['if (index === frame.transparent) continue;', ''],
      ['if (done < count) throw cutOff();', ''],
    ]),
    ...faultsIn(`${input}/decoders/wasm-codecs.ts`, decoding, [
      ['if (++scans > mostScans)', 'if (++scans < 0)'],
      ['if (pixels !== null && problem === undefined) return pixels;', 'if (pixels !== null) return pixels;'],
      ['const next = last.then(() => decode(bytes));', 'const next = decode(bytes);'],
    ]),
    ...faultsIn(`${input}/images.ts`, decoding, [
      ['if (width * height > pixels) {', 'if (width * height < 0) {'],
      ['return orientImage(image, orientation);', 'return image;'],
    ]),
    ...faultsIn(`${input}/image-sets.ts`, folders, [['targets.push(file.label);', 'targets.push(0);']]),
  ],
};
