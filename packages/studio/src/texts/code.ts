/** The files of the library's cells, one after the other, as `npx unrolled train packages/unrolled/src/nn/cells` reads them. */
const files = import.meta.glob<string>('../../../unrolled/src/nn/cells/*.ts', {
  query: '?raw',
  import: 'default',
  eager: true,
});

export default Object.keys(files)
  .sort()
  .map((path) => files[path])
  .join('\n');
