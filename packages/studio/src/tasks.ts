/** What a model of each task is called. */
export const taskNames: Readonly<Record<string, string>> = {
  'language-model': 'language model',
  translate: 'translator',
  tag: 'tagger',
  classify: 'classifier',
  forecast: 'forecaster',
};
