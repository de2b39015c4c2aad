"""See `valueAt` in likeness.ts: the same numbers."""

import torch


def value_at(parameter, count, bound):
    mask = 2**32 - 1
    bits = ((torch.arange(count) + parameter * 1_000_003) & mask) * 2_654_435_761 & mask
    bits = (bits ^ (bits >> 15)) * 739_982_445 & mask
    bits = bits ^ (bits >> 12)
    return (bits.double() / 2**32 - 0.5) * 2 * bound
