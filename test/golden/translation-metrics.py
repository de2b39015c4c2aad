"""translation-metrics.json: corpus BLEU and chrF2 of small corpora, and 13a tokens, by sacreBLEU.

    BLEU = 100 · min(1, e^(1 − r/h)) · exp(mean over n = 1 … 4 of log p_n), exponential smoothing
    chrF = 100 · 5 P R / (4 P + R), P and R averaged over n-grams of 1 to 6 characters
"""
import sacrebleu
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

from fixture import save

CORPORA = [
    ("one reference each", [
        ("The cat sat on the mat.", ["The cat is on the mat."]),
        ("It's 3,000.5 metres (about 9,843 feet) high-", ["It is 3,000.5 metres high (about 9,843 feet)."]),
        ("He said: \"no\" & left;", ["He said &quot;no&quot; &amp; left."]),
    ]),
    ("several references, of which the nearest in length counts", [
        ("a b c d e f", ["a b c d", "a b c d e f g h", "x a b c"]),
        ("the the the", ["the cat", "the the dog barks"]),
    ]),
    ("more references for one sentence than for another", [
        ("a small test of it all", ["a test of it", "a small test of that all"]),
        ("one two three", ["one two three four"]),
    ]),
    ("no 3-gram and no 4-gram matches", [("b a d c", ["a b c d"]), ("one two", ["two one two"])]),
    ("too short for 4-grams", [("good day", ["good day"])]),
    ("nothing right", [("x y z", ["a b c d"])]),
    ("empty", [("", ["something"]), ("", ["else"])]),
    ("longer than the reference", [("a b c d e f g", ["a b c d e"])]),
    ("other scripts", [
        ("Ein Mädchen läuft über die Straße, 5-mal.", ["Ein Mädchen läuft die Straße entlang, 5-mal."]),
        ("こんにちは 世界 🙂🙃", ["こんにちは 世界! 🙂"]),
        ("non\u00a0breaking\u3000space\ufeff here", ["non breaking space here"]),
    ]),
]
LINES = [
    "Hello, world!", "3.14 1,000 .5 5. a.b a,b 1.a", "5-6 a-b -1 x-", "<skipped>don't &lt;b&gt; &amp;amp;",
    "e-\nmail\nnext", "[x]{y}|z~ ^_` @home #1 50% $3 a/b c\\d * + = ? ;:", "  spaces\tand\u00a0more \x1c end  \n", "naïve – “quote” …", "",
]


def case(name, sentences):
    hypotheses = [hypothesis for hypothesis, _ in sentences]
    most = max(len(references) for _, references in sentences)
    # sacreBLEU takes one list for each place in the lists of references.
    references = [[(own + [None] * most)[i] for _, own in sentences] for i in range(most)]
    bleu, chrf = sacrebleu.BLEU(), sacrebleu.CHRF()
    score, f = bleu.corpus_score(hypotheses, references), chrf.corpus_score(hypotheses, references)
    return {"name": name, "hypotheses": hypotheses, "references": [own for _, own in sentences],
            "bleu": {"score": score.score, "precisions": score.precisions, "brevityPenalty": score.bp,
                     "hypothesisLength": score.sys_len, "referenceLength": score.ref_len,
                     "signature": str(bleu.get_signature())},
            "chrf": {"score": f.score, "signature": str(chrf.get_signature())}}


if __name__ == "__main__":
    tokenizer = Tokenizer13a()
    save("translation-metrics.json", {
        "source": "sacreBLEU " + sacrebleu.__version__,
        "tokens": [{"line": line, "tokens": tokenizer(line.rstrip())} for line in LINES],
        "corpora": [case(*corpus) for corpus in CORPORA],
    })
