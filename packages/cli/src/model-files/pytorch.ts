import { decodePytorch, encodePytorch, encodeSafetensors, isPytorch, stateDictOf } from 'unrolled/io';
import type { ModelFormat } from './format.ts';
import { rowsOf } from './safetensors.ts';

/** State dicts of `torch.save`: the weights by name, without a configuration. */
export const pytorch: ModelFormat = {
  name: 'PyTorch',
  endings: ['.pt', '.pth'],
  fits: isPytorch,
  async import({ bytes }) {
    const tensors = stateDictOf(decodePytorch(bytes));
    const parameters = Object.values(tensors).reduce((sum, { data }) => sum + data.length, 0);
    const file = encodeSafetensors({ tensors, metadata: { format: 'pt' } });
    return { file, what: `${Object.keys(tensors).length} weights by name`, parameters, notes: [] };
  },
  async inspect({ bytes }) {
    const { tensors, dicts } = decodePytorch(bytes);
    const named = dicts.filter((path) => path !== '');
    const what = named.length > 0 ? `a checkpoint with ${named.join(', ')}` : 'a state dict';
    return { what: `PyTorch, ${what}`, rows: rowsOf(tensors), problems: [] };
  },
  async export({ parameters }, name) {
    return { [name]: encodePytorch(parameters) };
  },
};
