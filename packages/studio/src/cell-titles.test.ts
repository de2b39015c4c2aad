import { cellNames } from 'unrolled/nn';
import { expect, test } from 'vitest';
import { cellTitles } from './cell-titles.ts';

test('every cell there is can be trained in the page', () => {
  expect(Object.keys(cellTitles).toSorted()).toEqual(cellNames.toSorted());
});
