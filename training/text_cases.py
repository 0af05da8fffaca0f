"""Small tokenizers of every make that decoders have, with the ids and character ranges that Python's `tokenizers` gives.

    python text_cases.py        # writes ../tests/fixtures/tokenizers/NAME.json

Each file holds {"about", "tokenizer" (tokenizer.json), "config" (tokenizer_config.json), "cases"}; a case is a text
with `ids` (no special tokens added), `fed` (as the tokenizer itself would feed it) and `ranges`, the [start, end) of
each of `ids` in code points of the text. A text that Python refuses has "refused" instead. Merges are learned from the
texts themselves, unsplit, so that a text split at another place than Python's shows in its ids.
"""

import json
import re
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

OUT = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "tokenizers"

CORPUS = [
    "The capital of France is Paris. The capital of Spain is Madrid, isn't it?",
    "Playing is good; the players played well-known games, and they're playing on.",
    "Tee für zwei Leute, naïve café, Ärger über Öl, déjà vu in Łódź.",
    "法国的首都是巴黎。你好，世界。日本の首都は東京です。",
    "Η Αθήνα είναι. Столица России. שלום עולם। भारत की राजधानी नई दिल्ली है।",
    "In 1999 there were 12345 of 67890, 3.14 and 2+2=4.",
] * 4

TEXTS = [
    "The capital of France is",
    "playing is good",
    " leading  and   inner spaces ",
    "two\nlines\r\n\tand a tab",
    "isn't it? They're WELL-known!!",
    "a ½ b", "１２３", "٣٤", "x² y₃ Ⅷ ④ 12345", "3.14 and 2+2=4",
    "Tee für zwei Leute", "naïve café", "cafe\u0301 décor", "ſtraße İstanbul", "ΟΔΟΣ ΣΑΣ.",
    "法国的首都是", "你好", "日本の首都は", "𠮷野家 ok", "नई दिल्ली है", "שלום עולם", "각하 가",
    "👩‍🚀 flies 🇫🇷", "a\u00a0b\u2003c\u3000d", "a \u0085.b", "x\ufeff y", "zero\u200bwidth \u00adsoft",
    "under_score snake_case2", "a▁b ▁c", "…“quoted”— yes", "a\u0301\u0323b", "ﬁne Ⅳ ①", " \u0085.b \u0085", "\u0378 \ue000 \u200e.", "\U0002b850 \U0002a700",
    "~~ $5 €7 ^_^",
    "<|end|>after", "before <|end|> after", "<|END|> loud", "tab\t<|end|>\n",
]

LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
END = "<|end|>"
BYTES = pre_tokenizers.ByteLevel.alphabet()


def bpe(alphabet=(), size=600, specials=(END,), pre=None, unsplit=None, normalizer=None, **options) -> Tokenizer:
    """@param unsplit what takes the place of `pre` while merges are learned."""
    tokenizer = Tokenizer(models.BPE(**options))
    if normalizer:
        tokenizer.normalizer = normalizer
    if unsplit:
        tokenizer.pre_tokenizer = unsplit
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=list(specials), initial_alphabet=list(alphabet),
                                  show_progress=False)
    tokenizer.train_from_iterator(CORPUS + TEXTS * 2, trainer)
    if pre:
        tokenizer.pre_tokenizer = pre
    return tokenizer


def byte_level(pre, normalizer=None) -> Tokenizer:
    unsplit = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer = bpe(BYTES, 256 + 300, pre=pre, unsplit=unsplit, normalizer=normalizer)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def bytes_after(*first) -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.Sequence([*first, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def template(tokenizer: Tokenizer, single: str, *specials: str) -> Tokenizer:
    tokenizer.post_processor = processors.TemplateProcessing(
        single=single, special_tokens=[(token, tokenizer.token_to_id(token)) for token in specials])
    return tokenizer


def with_added(tokenizer: Tokenizer, *tokens) -> Tokenizer:
    tokenizer.add_tokens(list(tokens))
    return tokenizer


def metaspace(scheme: str, split: bool) -> Tokenizer:
    bytes_ = [f"<0x{byte:02X}>" for byte in range(256)]
    tokenizer = bpe(size=650, specials=("<unk>", "<s>", "</s>", END, *bytes_), unk_token="<unk>", fuse_unk=True,
                    byte_fallback=True, unsplit=pre_tokenizers.Metaspace(prepend_scheme="never", split=False),
                    pre=pre_tokenizers.Metaspace(replacement="▁", prepend_scheme=scheme, split=split))
    tokenizer = Tokenizer.from_str(without_bytes(tokenizer))
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
                                           decoders.Strip(" ", 1, 0)])
    return template(tokenizer, "<s> $A", "<s>")


def without_bytes(tokenizer: Tokenizer) -> str:
    """The byte tokens are words of the vocabulary, not added ones that would be found in a text."""
    data = json.loads(tokenizer.to_str())
    data["added_tokens"] = [token for token in data["added_tokens"] if not token["content"].startswith("<0x")]
    return json.dumps(data, ensure_ascii=False)


def legacy_llama() -> Tokenizer:
    tokenizer = metaspace("never", False)
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    data = json.loads(tokenizer.to_str())
    data["pre_tokenizer"] = None
    return Tokenizer.from_str(json.dumps(data, ensure_ascii=False))


def unigram() -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=200, special_tokens=["<pad>", "</s>", "<unk>", END], unk_token="<unk>",
                                      show_progress=False)
    tokenizer.train_from_iterator(CORPUS + TEXTS, trainer)
    tokenizer.decoder = decoders.Metaspace()
    return template(tokenizer, "$A </s>", "</s>")


def wordpiece(lowercase: bool) -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=300, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", END],
                                        show_progress=False)
    tokenizer.train_from_iterator(CORPUS + TEXTS[:-8], trainer)
    tokenizer.decoder = decoders.WordPiece()
    return template(tokenizer, "[CLS] $A [SEP]", "[CLS]", "[SEP]")


def wordlevel(unknown: str | None) -> Tokenizer:
    words = sorted({word for text in CORPUS for word in re.findall(r"[A-Za-z]+|[.,]", text)})
    vocab = {END: 0, **{word: at for at, word in enumerate(words, 1)}}
    if unknown:
        vocab[unknown] = len(vocab)
    tokenizer = Tokenizer(models.WordLevel(vocab, unk_token=unknown or "[none]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.add_special_tokens([END])
    return tokenizer


GPT2 = pre_tokenizers.ByteLevel(add_prefix_space=False)
UMLAUTS = [AddedToken(text, normalized=False) for text in ("für", "łódź", "日本ü", "÷÷")]
EDGES = [AddedToken("<|left|>", lstrip=True, special=True), AddedToken("<|right|>", rstrip=True, special=True)]

# name: (about, tokenizer, extra texts)
TOKENIZERS = {
    "byte-level": ("GPT-2's make", lambda: byte_level(GPT2), []),
    "byte-level-prefix": ("GPT-2's make with a space put in front",
                          lambda: byte_level(pre_tokenizers.ByteLevel(add_prefix_space=True)), []),
    "byte-level-bos": ("GPT-2's make, its end token put first by the template",
                       lambda: template(byte_level(GPT2), f"{END} $A", END), []),
    "byte-level-eos": ("GPT-2's make, its end token put last by the template",
                       lambda: template(byte_level(GPT2), f"$A {END}", END), []),
    "digits": ("single digits, then GPT-2's make",
               lambda: byte_level(pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), GPT2])), []),
    "digit-runs": ("runs of digits, then bytes", lambda: byte_level(bytes_after(pre_tokenizers.Digits())), []),
    "split-llama3": ("Llama 3's pattern",
                     lambda: byte_level(bytes_after(pre_tokenizers.Split(Regex(LLAMA3), "isolated"))), []),
    "split-nfc": ("Llama 3's pattern after NFC, as Qwen has it",
                  lambda: byte_level(bytes_after(pre_tokenizers.Split(Regex(LLAMA3), "isolated")), normalizers.NFC()),
                  []),
    "split-with-next": ("a space begins a piece",
                        lambda: byte_level(bytes_after(pre_tokenizers.Split(" ", "merged_with_next"))), []),
    "split-with-previous": ("a full stop, comma or space ends a piece",
                            lambda: byte_level(bytes_after(pre_tokenizers.Split(Regex(r"[., ]"),
                                                                                "merged_with_previous"))), []),
    "split-contiguous": ("runs of spaces stand alone",
                         lambda: byte_level(bytes_after(pre_tokenizers.Split(" ", "contiguous"))), []),
    "punctuation": ("each sign alone", lambda: byte_level(bytes_after(pre_tokenizers.Punctuation())), []),
    "punctuation-runs": ("runs of signs",
                         lambda: byte_level(bytes_after(pre_tokenizers.Punctuation("contiguous"))), []),
    "whitespace": ("words and signs, spaces dropped",
                   lambda: bpe(pre=pre_tokenizers.Whitespace(), unk_token="[UNK]", specials=("[UNK]", END)), []),
    "whitespace-split": ("what stands between spaces",
                         lambda: bpe(pre=pre_tokenizers.WhitespaceSplit(), unk_token="[UNK]", specials=("[UNK]", END)),
                         []),
    "added-umlauts": ("ordinary added tokens with letters beyond ASCII",
                      lambda: with_added(byte_level(GPT2), *UMLAUTS), ["10 ÷÷ 5", "日本ü łódź"]),
    "added-edges": ("special tokens that take the spaces beside them",
                    lambda: with_added(byte_level(GPT2), *EDGES), ["a  <|left|> b", "a <|right|>  b", " <|left|><|right|> "]),
    "lowercase": ("text is made lower case", lambda: byte_level(GPT2, normalizers.Lowercase()), []),
    "strip-accents": ("decomposed, accents and spaces at the ends dropped",
                      lambda: byte_level(GPT2, normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents(),
                                                                     normalizers.Strip()])), []),
    "metaspace-first": ("SentencePiece with bytes, ▁ before the text alone", lambda: metaspace("first", False),
                        ["<s>typed", "hello <s> again"]),
    "metaspace-always": ("SentencePiece with bytes, ▁ before every part, split at ▁", lambda: metaspace("always", True),
                         []),
    "metaspace-never": ("SentencePiece with bytes, nothing in front", lambda: metaspace("never", True), []),
    "legacy-llama": ("Llama 2's make: a normaliser puts ▁ in front", legacy_llama, ["<s>typed", "hello <s> again"]),
    "unigram": ("Unigram after NFKC, runs of spaces as one", unigram, []),
    "wordpiece-lower": ("BERT's make, lower case", lambda: wordpiece(True), []),
    "wordpiece-cased": ("BERT's make, case kept", lambda: wordpiece(False), []),
    "wordlevel": ("whole words with an unknown one", lambda: wordlevel("[UNK]"), []),
    "wordlevel-closed": ("whole words and none for the unknown", lambda: wordlevel(None), ["The capital of France is"]),
}


def case(tokenizer: Tokenizer, text: str) -> dict:
    try:
        plain_ = tokenizer.encode(text, add_special_tokens=False)
    except Exception as refusal:  # noqa: BLE001  (tokenizers raises bare exceptions)
        return {"text": text, "refused": str(refusal)}
    return {"text": text, "ids": plain_.ids, "fed": tokenizer.encode(text).ids,
            "ranges": [list(offset) for offset in plain_.offsets]}


def config_of(name: str) -> dict:
    known = {"metaspace": ("<s>", "</s>", "<unk>"), "legacy": ("<s>", "</s>", "<unk>"), "unigram": (None, "</s>", "<unk>"),
             "wordpiece": ("[CLS]", "[SEP]", "[UNK]")}.get(name.split("-")[0], (END, END, END))
    bos, eos, unk = known
    return {"tokenizer_class": "PreTrainedTokenizerFast", **({"bos_token": bos} if bos else {}), "eos_token": eos,
            "unk_token": unk}


def main() -> None:
    OUT.mkdir(exist_ok=True)
    for name, (about, make, extra) in TOKENIZERS.items():
        tokenizer = make()
        data = {"about": about, "tokenizer": json.loads(tokenizer.to_str()), "config": config_of(name),
                "cases": [case(tokenizer, text) for text in [*TEXTS, *extra]]}
        (OUT / f"{name}.json").write_text(json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\n",
                                          encoding="utf-8")
        refused = sum("refused" in one for one in data["cases"])
        print(f"{name}: {tokenizer.get_vocab_size()} tokens, {len(data['cases'])} texts, {refused} refused")


if __name__ == "__main__":
    main()
