import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { prepareImage } from 'unrolled/images';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { imageData } from '../src/input/image-data.ts';
import { isImageList, readImageList } from '../src/input/image-list.ts';
import { isStoredImages, storedImages } from '../src/input/stored-images.ts';
import { encodePng } from '../src/output/png.ts';
import { picture } from './image-fixtures.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'unrolled-images-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, content: Uint8Array | string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), content);
}
const png = encodePng(picture(4, 6));
const writeImages = (...names: readonly string[]): void => {
  for (const name of names) write(name, png);
};

describe('a folder for each label', () => {
  test('gives images, labels and names in order', async () => {
    writeImages('rose/b.png', 'rose/a.PNG', 'daisy/deep/er/c.jpeg', '.hidden/x.png');
    write('rose/notes.txt', 'not an image');
    const data = imageData(folder)!;
    expect(data).toMatchObject({ format: 'folders', labels: ['daisy', 'rose'], test: null });
    const { images, targets, names, leftOut, source } = await data.train.read();
    expect(images).toEqual([picture(4, 6), picture(4, 6), picture(4, 6)]);
    expect(Array.from(targets)).toEqual([0, 1, 1]);
    expect(names).toEqual(['daisy/deep/er/c.jpeg', 'rose/a.PNG', 'rose/b.png'].map((name) => join(folder, name)));
    expect(leftOut).toEqual([]);
    expect(source).toMatchObject({ path: folder, bytes: 3 * png.length });
  });

  test('below train and test', async () => {
    writeImages('train/a/1.png', 'train/b/1.png', 'val/b/2.png');
    const data = imageData(folder)!;
    expect(data.labels).toEqual(['a', 'b']);
    expect([data.train.length, data.test?.length]).toEqual([2, 1]);
    expect(Array.from((await data.test!.read()).targets)).toEqual([1]);
    writeImages('val/c/3.png');
    expect(() => imageData(folder)).toThrow(/3\.png: its label 'c' is not among the 2 labels of .*train/);
  });

  test('the hash is of names and contents, wherever the folder is', async () => {
    const hashOf = async (where: string) => (await imageData(join(folder, where))!.train.read()).source.sha256;
    writeImages('x/a/1.png', 'x/b/1.png', 'y/a/1.png', 'y/b/1.png', 'z/a/1.png', 'z/c/1.png');
    expect(await hashOf('x')).toBe(await hashOf('y'));
    expect(await hashOf('x')).not.toBe(await hashOf('z'));
    write('y/b/1.png', encodePng(picture(4, 7)));
    expect(await hashOf('x')).not.toBe(await hashOf('y'));
  });

  test('each image is made small before the next is read', async () => {
    writeImages('a/1.png', 'b/1.png');
    const preprocessing = { size: 2, mean: [0], std: [1] };
    const seen: number[] = [];
    const { images } = await imageData(folder)!.train.read({
      prepare: (image) => prepareImage(image, preprocessing),
      onProgress: (done, total) => void seen.push(done, total),
    });
    expect(images.map(({ width, height, channels }) => [width, height, channels])).toEqual([
      [2, 2, 1],
      [2, 2, 1],
    ]);
    expect(seen).toEqual([1, 2, 2, 2]);
  });

  test('broken files are named, or left out', async () => {
    writeImages('a/1.png', 'b/1.png');
    write('b/2.png', png.subarray(0, 60));
    const { train } = imageData(folder)!;
    const message = `${join(folder, 'b/2.png')}: the PNG file is cut off`;
    await expect(train.read()).rejects.toThrow(`${message}; --skip-broken leaves such files out`);
    const { images, targets, leftOut } = await train.read({ skipBroken: true });
    expect([images.length, Array.from(targets), leftOut]).toEqual([2, [0, 1], [message]]);
    for (const name of ['a/1.png', 'b/1.png']) write(name, 'x');
    await expect(imageData(folder)!.train.read({ skipBroken: true })).rejects.toThrow(
      /none of its 3 images can be read/,
    );
  });

  test('says what has no label, and leaves folders of texts to others', () => {
    writeImages('a/1.png');
    expect(() => imageData(folder)).toThrow(/there is one label, 'a'; there must be images of two or more/);
    writeImages('b/1.png', 'loose.png');
    expect(() => imageData(folder)).toThrow(/loose\.png: the image lies in no folder of a label/);
    for (let i = 0; i < 4; i++) write(`a/${i}.txt`, 'words');
    expect(imageData(folder)).toBeNull();
    expect(imageData(join(folder, 'a/1.png'))).toBeNull();
    expect(() => imageData(join(folder, 'nothing'))).toThrow('there is no such file');
  });
});

describe('a table of images and labels', () => {
  const list = (content: string, name = 'list/flowers.csv') => {
    write(name, content);
    return join(folder, name);
  };

  test('by the names of its columns, in any order, or without them', async () => {
    writeImages('list/a.png', 'list/b c.png', 'd.png');
    for (const [name, content] of [
      ['list/named.csv', 'id,Label,note,image\n1,rose,"x, y",a.png\n2,daisy,,"b c.png"\n3, rose,z,../d.png\n'],
      ['list/plain.csv', 'a.png,rose\nb c.png,daisy\n../d.png,rose'],
      ['list/tabs.tsv', 'filename\tclass\r\na.png\trose\r\nb c.png\tdaisy\r\n../d.png\trose\r\n'],
      ['list/turned.csv', `rose;a.png\ndaisy;b c.png\nrose;${join(folder, 'd.png')}`],
    ]) {
      const path = list(content, name);
      expect(isImageList(path)).toBe(true);
      const { format, labels, train, files } = await readImageList(path);
      expect([format, labels, train.length]).toEqual(['list', ['daisy', 'rose'], 3]);
      expect(files).toEqual(['list/a.png', 'list/b c.png', 'd.png'].map((name) => join(folder, name)));
      const { images, targets } = await train.read();
      expect([images.length, Array.from(targets)]).toEqual([3, [1, 0, 1]]);
    }
  });

  test('is no table of texts', () => {
    expect(isImageList(list('label,text\nrose,"a flower, see a.png"\n'))).toBe(false);
    expect(isImageList(list('image,label\nno file,x\n'))).toBe(false);
    expect(isImageList(list('a.png\trose', 'list.txt'))).toBe(false);
  });

  test('names what is wrong, with its line', async () => {
    for (const [content, message] of [
      ['image,kind,more\na.png,rose,1\n', /no column 'label'; the first line must name the columns image and label/],
      ['picture,label\na.png,rose\n', /no column 'image'/],
      ['image,label\na.png,rose\nb.png,\n', /flowers\.csv: line 3: there is no label of 'b\.png'/],
      ['image,label\na.png,rose\n,daisy\n', /line 3: there is no image/],
      ['image,label\na.png,rose\nb.png,rose\n', /there is one label, 'rose'/],
      ['image,label\na.png,rose\nb.png\n', /line 3 has 1 field, the first line 2/],
    ] as const) {
      await expect(readImageList(list(content))).rejects.toThrow(message);
    }
    writeImages('list/a.png');
    const { train } = await readImageList(list('image,label\na.png,rose\ngone.png,daisy\n'));
    await expect(train.read()).rejects.toThrow(/gone\.png: there is no such file.*--skip-broken/);
    expect((await train.read({ skipBroken: true })).leftOut).toHaveLength(1);
  });
});

describe('IDX files', () => {
  const idx = (type: number, shape: readonly number[], bytes: readonly number[]): Uint8Array =>
    Uint8Array.from([0, 0, type, shape.length, ...shape.flatMap((n) => [0, 0, n >> 8, n & 255]), ...bytes]);

  test('given by name: the images alone or with their labels, and those to test on', async () => {
    write('train-images-idx3-ubyte.gz', gzipSync(idx(8, [2, 1, 1], [1, 2])));
    write('train-labels-idx1-ubyte', idx(8, [2], [0, 1]));
    write('t10k-images.idx3-ubyte', idx(8, [1, 1, 1], [7]));
    write('t10k-labels.idx1-ubyte', idx(8, [1], [1]));
    const [images, labels, test] = [
      'train-images-idx3-ubyte.gz',
      'train-labels-idx1-ubyte',
      't10k-images.idx3-ubyte',
    ].map((name) => join(folder, name));
    for (const paths of [[images], [labels, images]]) {
      expect(paths.every(isStoredImages)).toBe(true);
      const data = storedImages(paths);
      expect(data).toMatchObject({ format: 'idx', labels: ['0', '1'], test: null, files: [images, labels] });
      expect(Array.from((await data.train.read()).targets)).toEqual([0, 1]);
    }
    expect(storedImages([test, images]).test?.length).toBe(1);
    expect(storedImages([test]).train.length).toBe(1);
    expect(() => storedImages([labels])).toThrow(
      /train-labels-idx1-ubyte: it holds labels; give the file of their images/,
    );
    expect(() => storedImages([labels, test])).toThrow(/it holds labels; give the file of their images, too/);
    expect(() => storedImages([images, join(folder, 'a.png')])).toThrow(/a\.png: it cannot go with .*images-idx3/);
    expect(() => storedImages([images, join(folder, 'test_batch.bin')])).toThrow(/give files of one kind/);
    rmSync(labels);
    expect(() => storedImages([images])).toThrow(/there is no train-labels-idx1-ubyte beside it/);
  });

  test('come in pairs, compressed or not', async () => {
    write('train-images-idx3-ubyte.gz', gzipSync(idx(8, [3, 1, 2], [1, 2, 3, 4, 5, 6])));
    write('train-labels-idx1-ubyte', idx(8, [3], [0, 2, 1]));
    write('t10k-images.idx3-ubyte', idx(8, [1, 1, 2], [7, 8]));
    write('t10k-labels.idx1-ubyte.gz', gzipSync(idx(8, [1], [1])));
    const data = imageData(folder)!;
    expect([data.format, data.labels]).toEqual(['idx', ['0', '1', '2']]);
    const { images, targets } = await data.train.read();
    expect(images.map(({ data }) => Array.from(data))).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    expect(images[0]).toMatchObject({ width: 2, height: 1, channels: 1 });
    expect(Array.from(targets)).toEqual([0, 2, 1]);
    expect(Array.from((await data.test!.read()).targets)).toEqual([1]);
  });

  test('that do not fit each other are named', () => {
    write('train-images-idx3-ubyte', idx(8, [2, 1, 1], [1, 2]));
    expect(() => imageData(folder)).toThrow(/there is no train-labels-idx1-ubyte beside it/);
    write('train-labels-idx1-ubyte', idx(8, [3], [0, 1, 2]));
    expect(() => imageData(folder)).toThrow(/labels of shape \[3\] for 2 images/);
    write('train-images-idx3-ubyte', idx(9, [2, 1, 1], [1, 2]));
    expect(() => imageData(folder)).toThrow(/images are bytes of shape \[N, H, W\]/);
    write('train-images-idx3-ubyte', idx(8, [2, 1, 1], [1]));
    expect(() => imageData(folder)).toThrow(/it was cut off/);
  });
});

describe("CIFAR's binary version", () => {
  /** An image whose red, green and blue are three numbers. */
  const record = (labels: readonly number[], colour: readonly number[]): Uint8Array =>
    Uint8Array.from([...labels, ...colour.flatMap((byte) => Array.from({ length: 1024 }, () => byte))]);

  test('of ten labels: batches, and their names', async () => {
    write('data_batch_1.bin', Buffer.concat([record([3], [1, 2, 3]), record([9], [4, 5, 6])]));
    write('data_batch_2.bin', record([0], [7, 8, 9]));
    write('test_batch.bin', record([1], [0, 0, 0]));
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];
    write('batches.meta.txt', `${names.join('\n')}\n\n`);
    const data = imageData(folder)!;
    expect([data.format, data.labels, data.test?.length]).toEqual(['cifar-10', names, 1]);
    const { images, targets } = await data.train.read();
    expect(Array.from(targets)).toEqual([3, 9, 0]);
    expect(images.map(({ data }) => Array.from(data.subarray(0, 4)))).toEqual([
      [1, 2, 3, 1],
      [4, 5, 6, 4],
      [7, 8, 9, 7],
    ]);
    write('batches.meta.txt', 'a\na');
    expect(() => imageData(folder)).toThrow(/2 names of labels, 10 different ones are needed/);
  });

  test('given by name: some batches, with or without those to test on', () => {
    for (const name of ['data_batch_1.bin', 'data_batch_2.bin', 'test_batch.bin', 'train.bin'])
      write(name, record(name === 'train.bin' ? [1, 2] : [3], [1, 2, 3]));
    const at = (...names: readonly string[]) => names.map((name) => join(folder, name));
    expect(storedImages(at('data_batch_2.bin')).train.length).toBe(1);
    const both = storedImages(at('data_batch_1.bin', 'data_batch_2.bin', 'test_batch.bin'));
    expect([both.format, both.train.length, both.test?.length]).toEqual(['cifar-10', 2, 1]);
    expect(storedImages(at('test_batch.bin'))).toMatchObject({ test: null, train: { length: 1 } });
    expect(storedImages(at('train.bin')).format).toBe('cifar-100');
    expect(() => storedImages(at('data_batch_1.bin', 'train.bin'))).toThrow(/give files of one kind/);
    // Alone in a folder, a test is nothing to learn from.
    write('other/test.bin', 'words');
    expect(imageData(join(folder, 'other'))).toBeNull();
  });

  test('of a hundred: the fine labels', async () => {
    write('train.bin', record([5, 77], [1, 2, 3]));
    const data = imageData(folder)!;
    expect([data.format, data.labels.length, data.test]).toEqual(['cifar-100', 100, null]);
    expect(Array.from((await data.train.read()).targets)).toEqual([77]);
    write('train.bin', record([5, 100], [1, 2, 3]));
    expect(() => imageData(folder)).toThrow(/image 0 has label 100, CIFAR-100 has 0 to 99/);
    write('train.bin', record([5], [1, 2, 3]));
    expect(() => imageData(folder)).toThrow(/has 3074 bytes an image, this one has 3073 bytes/);
  });
});
