"""published-tokenizers.json: small tokenizers in the files of published models, and the ids of hard texts.

byteLevel (Hugging Face's tokenizers): byte pairs as GPT-2's. llama (tokenizers): byte pairs on characters, with bytes for what
is missing, in the two forms of tokenizer.json. scores (SentencePiece): the same kind, by scores, in llama2.c's tokenizer.bin.
bert, bertCased (tokenizers): WordPiece. gpt2 (tokenizers with GPT-2's own files, if their folder is given): ids alone.
"""
import base64
import io
import json
import struct
import sys
from pathlib import Path

import sentencepiece
import tokenizers
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from fixture import Inputs, save

WORDS = """the of and to in a is that for it as was with be by on not he his but at are this have from or had an they
there would their we him been has when who will more no if out so said what up its about into than don't naïve café
Straße läuft 世界 こんにちは 🙂 2021 3.14 once upon time little girl named Lily [ ] < > ! ? ' " ( ) ##""".split()
TEXTS = [
    "the first time they said it's not like that, don't you think?", "DON'T they'LL we'Ve",
    " leading,   several   of them\n\nline breaks\r\n\tand tabs  ", "a", " ", "  ", "", "\n",
    "こんにちは世界 🙂🙃 👩‍👩‍👧 naïve café Straße İstanbul ΣΑΣ", "e\u0301 é \u1e9b\u0323 ﬁ Å",
    "12345 3.14 1,000,000 a1b2 ½ ² ٣", "aaaaaaaaaaaaaaaaaaaaa thethethe",
    "\ufeffmark\u0000\u0007null \u0085nel\u00a0nbsp\u2028line\u3000wide\u200bzero\u00adsoft\x1cfs",
    "中文字符and英文 한국어 ไทย हिन्दी עברית", "price: $5+5=10 ^~`|<tag> [MASK] x_y", "a<|endoftext|>b <s> c</s>", "a</s>b<s>c[MASK]d", "▁ under ▁▁",
    "x" * 120, "word" * 30, "\U0001fae0 new emoji \U000e0041 \ue000 \ufffd",
]


def corpus():
    source = Inputs(7)
    ranks = source.ids(4000, below=len(WORDS) ** 2)
    marks = source.ids(4000, below=12)
    return "".join(WORDS[int(rank ** 0.5)] + {0: ", ", 1: ". ", 2: "\n"}.get(int(mark), " ")
                   for rank, mark in zip(ranks, marks))


def encodings(tokenizer):
    return [{"text": json.dumps(text), "ids": tokenizer.encode(text, add_special_tokens=False).ids,
             "decoded": json.dumps(tokenizer.decode(tokenizer.encode(text, add_special_tokens=False).ids,
                                                    skip_special_tokens=False))} for text in TEXTS]


def case(tokenizer):
    return {"file": tokenizer.to_str(), "framed": tokenizer.encode("the time").ids, "encodings": encodings(tokenizer)}


def byte_level(digits=False):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    if digits:
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
            pre_tokenizers.Digits(individual_digits=True), tokenizer.pre_tokenizer])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator([corpus()], trainers.BpeTrainer(
        vocab_size=330, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    tokenizer.add_special_tokens(["<|endoftext|>"])
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def llama(new):
    tokens = ["<unk>", "<s>", "</s>"] + ["<0x%02X>" % byte for byte in range(256)]
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    spaces = [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    tokenizer.normalizer = normalizers.Sequence(spaces)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()  # for training alone
    tokenizer.train_from_iterator([corpus()], trainers.BpeTrainer(
        vocab_size=400, special_tokens=tokens, show_progress=False, limit_alphabet=40))
    if new:
        tokenizer.normalizer = normalizers.Sequence([])
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first", split=False)
    file = json.loads(tokenizer.to_str())
    if not new:
        file["pre_tokenizer"] = None
    else:
        file["normalizer"] = None
    file["added_tokens"] = file["added_tokens"][:3]
    tokenizer = Tokenizer.from_str(json.dumps(file))
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
                                           decoders.Strip(" ", 1, 0)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)])
    return tokenizer


def bert(cased):
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    text = corpus() + " x_y $5+5=10 ^~`| stand under ing##"
    signs = sorted(set(text if cased else text.lower()) - set(" \n"))
    words = sorted({word if cased else word.lower() for word in WORDS if len(word) > 1})
    pieces = special + signs + ["##" + sign for sign in signs] + words + ["##ing", "##er", "##ould", "##ave"]
    vocabulary = {piece: i for i, piece in enumerate(dict.fromkeys(pieces))}
    # Trainers give equals no fixed order, so the pieces are written here.
    tokenizer = Tokenizer(models.WordPiece(vocab=vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=not cased, strip_accents=None)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##", cleanup=True)
    tokenizer.add_special_tokens(special)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return tokenizer


def scores():
    file = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus().split("\n")), model_writer=file, model_type="bpe", vocab_size=400,
        byte_fallback=True, character_coverage=0.99, normalization_rule_name="identity", remove_extra_whitespaces=False,
        num_threads=1, minloglevel=2)
    model = sentencepiece.SentencePieceProcessor(model_proto=file.getvalue())
    pieces = []
    for i in range(model.get_piece_size()):
        text = {1: "\n<s>\n", 2: "\n</s>\n"}.get(i, model.id_to_piece(i).replace("▁", " "))
        pieces.append((model.get_score(i), text.encode("utf-8")))
    out = struct.pack("<i", max(len(text) for _, text in pieces))
    for score, text in pieces:
        out += struct.pack("<fi", score, len(text)) + text
    usable = [text for text in TEXTS if "\0" not in text]
    return {"file": base64.b64encode(out).decode("ascii"), "encodings": [
        {"text": json.dumps(text), "ids": model.encode(text), "decoded": json.dumps(model.decode(model.encode(text)))}
        for text in usable]}


def gpt2(folder):
    vocabulary = json.loads((folder / "encoder.json").read_text("utf-8"))
    merges = [tuple(line.split(" ")) for line in (folder / "vocab.bpe").read_text("utf-8").split("\n")[1:] if line]
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|endoftext|>"])
    return encodings(tokenizer)


if __name__ == "__main__":
    values = {
        "source": "tokenizers %s, sentencepiece %s" % (tokenizers.__version__, sentencepiece.__version__),
        "byteLevel": case(byte_level()), "digits": case(byte_level(True)),
        "llama": case(llama(False)), "llamaNew": case(llama(True)),
        "scores": scores(), "bert": case(bert(False)), "bertCased": case(bert(True)),
    }
    if len(sys.argv) > 1:
        values["gpt2"] = gpt2(Path(sys.argv[1]))
    save("published-tokenizers.json", values)
