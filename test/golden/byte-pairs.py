"""byte-pairs.json: byte-level byte pairs learnt on a text, and the ids of other texts, by Hugging Face's tokenizers."""
import json

import tokenizers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from fixture import Inputs, save

SIZE = 400
WORDS = """the of and to in a is that for it as was with be by on not he his but at are this have from or had an they
which one you were all her she there would their we him been has when who will more no if out so said what up its about
into than them can only other new some could time these two may then do first any my now such like our over don't it's
naïve café Straße läuft 世界 こんにちは 🙂 🙃🙂 2021 3.14 1,000""".split()
TEXTS = [
    "the first time they said it's not like that, don't you think?",
    " leading spaces,   several   of them\n\nline breaks\r\n\tand tabs  ",
    "こんにちは世界 🙂🙃 👩‍👩‍👧 naïve café Straße", "12345 3.14 1,000,000 a1b2", "aaaaaaaaaaaaaaaaaaaaa thethethe", "",
]


def text():
    source = Inputs(5)
    ranks = source.ids(3000, below=len(WORDS) ** 2)
    words = [WORDS[int(rank ** 0.5)] for rank in ranks]
    marks = source.ids(3000, below=12)
    return "".join(word + {0: ", ", 1: ". ", 2: "\n"}.get(int(mark), " ") for word, mark in zip(words, marks))


if __name__ == "__main__":
    learnt = text()
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator([learnt], trainers.BpeTrainer(
        vocab_size=SIZE, min_frequency=2, initial_alphabet=alphabet, show_progress=False))
    model = json.loads(tokenizer.to_str())["model"]
    save("byte-pairs.json", {
        "source": "tokenizers " + tokenizers.__version__,
        "size": SIZE,
        "text": learnt,
        "vocabulary": json.dumps(sorted(model["vocab"], key=model["vocab"].get), ensure_ascii=False),
        "merges": json.dumps([" ".join(pair) for pair in model["merges"]], ensure_ascii=False),
        "encodings": [{"text": one, "ids": tokenizer.encode(one).ids} for one in TEXTS + [learnt[:500]]],
    })
