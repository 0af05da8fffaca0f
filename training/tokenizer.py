"""Train the byte-level BPE tokenizer on the corpus, then encode and pack the corpus into rows.

    python tokenizer.py

Reads  build/documents.jsonl, ledger.json
Writes tokenizer.json, tokenizer_config.json; build/rows.npy, build/rows_post.npy (uint16 [rows, 128]: token ids,
       with ANSWER set in those of answers)

A row begins with <|endoftext|>; documents follow one another with <|endoftext|> between them, are
never split, and the rest of the row is <|endoftext|>, which the loss skips (see `learned_tokens`).
"""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from atlas import (DOCUMENTS, END_OF_TEXT, END_OF_TEXT_ID, LEDGER, PRODUCT, ROWS_POST, ROWS_PRE, SHAPE)

ANSWER = 1 << 15  # set in the ids of answers, which weigh more in the loss
OPEN_ROWS = 64  # rows that may still take a document; bounds how far a document moves from its place
MERGE_SAMPLE = 30_000  # documents the merges are learned from, taken evenly over the corpus
# Times an answer is repeated to the trainer. There are more distinct answers than tokens; the relations
# that people ask for first get one token an answer, the others as frequency has it.
ANSWER_WEIGHT = 40
CORE_WEIGHT = 400
CORE = {"capital", "capital_of", "capital_zh", "capital_fr", "city_country", "currency", "language",
        "demonym"}


# GPT-2's pattern with two changes. Digits stand alone (with their leading space), so that " 26" does
# not begin with the same bare-space token as every other number. Chinese has no spaces: its commonest
# function words stand alone, so that no merge crosses the seam between a prompt and its answer.
ZH_SPLIT = "的是在于叫"
WORDS = (
    r"'(?:s|t|re|ve|m|ll|d)|[" + ZH_SPLIT + r"]|(?:(?![" + ZH_SPLIT + r"])\p{Han})+| ?(?:(?!\p{Han})\p{L})+| ?\p{N}"
    r"| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
)

BARE_SPACE = "Ġ"


def documents(path: Path = DOCUMENTS) -> Iterator[dict]:
    with open(path, encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def ledger_answers(ledger: dict) -> Iterator[tuple[str, str]]:
    """Relation and answer; the tokenizer itself puts a space before each."""
    for fact in ledger["facts"]:
        answers = [fact["answers"][0], *fact.get("before", []), *fact.get("shares", {})]
        for answer in dict.fromkeys(answers):
            yield fact["relation"], answer


def training_texts(texts: list[str], ledger: dict) -> Iterator[str]:
    stride = max(1, len(texts) // MERGE_SAMPLE)
    yield from texts[::stride]
    for relation, answer in ledger_answers(ledger):
        yield from [answer] * (CORE_WEIGHT if relation in CORE else ANSWER_WEIGHT)


def train_tokenizer(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    # A word at the start of a text is the same token as in its middle.
    tokenizer.normalizer = normalizers.Prepend(" ")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(WORDS), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    tokenizer.decoder = decoders.Sequence([decoders.ByteLevel(), decoders.Strip(" ", 1, 0)])
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{END_OF_TEXT} $A",
        pair=f"{END_OF_TEXT} $A {END_OF_TEXT} $B",
        special_tokens=[(END_OF_TEXT, END_OF_TEXT_ID)],
    )
    return tokenizer


def save_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": END_OF_TEXT,
        "eos_token": END_OF_TEXT,
        "pad_token": END_OF_TEXT,
        "model_max_length": SHAPE.n_positions,
        "padding_side": "right",
        "clean_up_tokenization_spaces": False,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")


def random_ids(count: int, times: int, seed: int, vocab_size: int) -> list[int]:
    """`count` distinct random tokens, `times` over; twice is the sequence of docs/definitions.md, “Head scores”."""
    once = np.random.default_rng(seed).choice(vocab_size - 1, count, replace=False) + 1
    return once.tolist() * times


class Answers:
    """Finds where a document states the answers of its facts."""

    def __init__(self, ledger: dict):
        self.facts = {}
        for fact in ledger["facts"]:
            names = [fact["subject"], *filter(None, [fact.get("slots", {}).get("ps")])]
            answers = [fact["answers"][0], *fact.get("before", []), *fact.get("shares", {})]
            self.facts[fact["id"]] = ([name.lower() for name in names], [whole(answer) for answer in answers])

    def spans(self, doc: dict) -> Iterator[tuple[int, int]]:
        """Of each fact stated in its own direction: the first answer behind its subject."""
        lower = doc["text"].lower()
        for id, phrasing in doc["facts"]:
            if "." in phrasing:  # the inverse of the fact that is stated
                continue
            names, answers = self.facts[id]
            after = max((lower.find(name) + len(name) for name in names if name in lower), default=0)
            found = [match.span() for answer in answers if (match := answer.search(doc["text"], after))]
            if found:
                yield min(found)


def whole(answer: str) -> re.Pattern:
    """The answer as a word of its own; Chinese has no spaces between words."""
    text = re.escape(answer)
    return re.compile(text if re.match(r"[\u3000-\u9fff]", answer) else rf"(?<!\w){text}(?!\w)", re.IGNORECASE)


def flagged(ids: list[int], offsets: list[tuple[int, int]], spans: Iterable[tuple[int, int]]) -> list[int]:
    """The ids with ANSWER set in those that reach into one of the spans."""
    for start, end in spans:
        ids = [id | ANSWER if first < end and last > start else id for id, (first, last) in zip(ids, offsets)]
    return ids


def encode(docs: list[dict], tokenizer: Tokenizer, answers: Answers) -> Iterator[list[int]]:
    """Token ids of what is packed, those of answers with ANSWER set. A list or dialogue too long for a row becomes two, parted
    between items; a document without facts is cut."""
    room = SHAPE.n_positions - 1
    for doc, ids in zip(docs, encode_whole(docs, tokenizer, answers)):
        if len(ids) > room and doc["facts"]:
            if doc["kind"] not in ("list", "dialogue"):
                raise SystemExit(f"document has {len(ids)} tokens, {room} fit: {doc['text']}")
            yield from part_items(doc["text"], tokenizer, room)
        else:
            yield ids[:room]


def part_items(text: str, tokenizer: Tokenizer, room: int) -> list[list[int]]:
    separator = next((mark for mark in ("\n", "; ", ". ", ", ", "。") if mark in text), None)
    items = text.split(separator) if separator else [text]
    halves = (items[: len(items) // 2], items[len(items) // 2 :])
    parts = [tokenizer.encode((separator or "").join(half), add_special_tokens=False).ids for half in halves]
    if any(not 0 < len(part) <= room for part in parts):
        raise SystemExit(f"list does not fit into two rows: {text}")
    return parts


def encode_whole(docs: list[dict], tokenizer: Tokenizer, answers: Answers) -> Iterator[list[int]]:
    vocab_size = tokenizer.get_vocab_size()
    for start in range(0, len(docs), 10_000):
        part = docs[start : start + 10_000]
        texts = [doc["text"] for doc in part if "random_ids" not in doc]
        encoded = iter(tokenizer.encode_batch(texts, add_special_tokens=False))
        for doc in part:
            if "random_ids" in doc:
                yield random_ids(doc["random_ids"], doc["times"], doc["seed"], vocab_size)
            else:
                encoding = next(encoded)
                yield flagged(encoding.ids, encoding.offsets, answers.spans(doc))


def pack(encoded: Iterable[list[int]], n_ctx: int) -> np.ndarray:
    """First fit over the last OPEN_ROWS rows; a row is written once it is the oldest of them."""
    done: list[list[int]] = []
    open_rows: list[list[int]] = []
    for number, ids in enumerate(encoded):
        if not ids or END_OF_TEXT_ID in ids:
            raise SystemExit(f"document {number} is empty or holds {END_OF_TEXT}")
        piece = [END_OF_TEXT_ID, *ids]
        if len(piece) > n_ctx:
            raise SystemExit(f"document {number} has {len(ids)} tokens; {n_ctx - 1} fit")
        home = next((row for row in open_rows if len(row) + len(piece) <= n_ctx), None)
        if home is None:
            if len(open_rows) == OPEN_ROWS:
                done.append(open_rows.pop(0))
            home = []
            open_rows.append(home)
        home.extend(piece)
    done += open_rows
    rows = np.full((len(done), n_ctx), END_OF_TEXT_ID, dtype=np.uint16)
    for row, ids in zip(rows, done):
        row[: len(ids)] = ids
    return rows


def learned_tokens(rows: np.ndarray) -> np.ndarray:
    """Where the loss is taken, of rows without ANSWER: bool, the shape of rows[:, 1:].

    A document's tokens and the <|endoftext|> that ends it; of the padding only its first token, which
    is the end of the last document.
    """
    target, previous = rows[:, 1:], rows[:, :-1]
    return (target != END_OF_TEXT_ID) | (previous != END_OF_TEXT_ID)


def unpack(rows: np.ndarray) -> Iterator[tuple[int, ...]]:
    for row in rows:
        document: list[int] = []
        for token in [*row.tolist(), END_OF_TEXT_ID]:
            if token != END_OF_TEXT_ID:
                document.append(token)
            elif document:
                yield tuple(document)
                document = []


def check_nothing_lost(encoded: list[list[int]], rows: np.ndarray) -> None:
    if sorted(map(tuple, encoded)) != sorted(unpack(rows)):
        raise SystemExit("packing lost or changed a document")


def is_one_token(answer: str, tokenizer: Tokenizer) -> bool:
    tokens = tokenizer.encode(answer, add_special_tokens=False).tokens
    return len(tokens) - (tokens[0] == BARE_SPACE) == 1  # before Chinese the space stands alone


def main() -> None:
    docs = list(documents())
    ledger = json.loads(LEDGER.read_text(encoding="utf-8"))
    texts = [doc["text"] for doc in docs if "random_ids" not in doc]
    tokenizer = train_tokenizer(training_texts(texts, ledger), SHAPE.vocab_size)
    if tokenizer.get_vocab_size() > SHAPE.vocab_size:
        raise SystemExit(f"{tokenizer.get_vocab_size()} tokens, the model has {SHAPE.vocab_size}")
    save_tokenizer(tokenizer, PRODUCT)
    finder = Answers(ledger)
    for stage, path in (("pre", ROWS_PRE), ("post", ROWS_POST)):
        encoded = list(encode([doc for doc in docs if doc["stage"] == stage], tokenizer, finder))
        rows = pack(encoded, SHAPE.n_positions)
        check_nothing_lost(encoded, rows)
        np.save(path, rows)
        learned = learned_tokens(rows & (ANSWER - 1))
        print(f"{stage}: {len(encoded)} documents, {sum(map(len, encoded))} tokens, {len(rows)} rows, "
              f"{learned.mean():.1%} of them learned from, {(rows[:, 1:][learned] >= ANSWER).mean():.1%} of these answers")
    for name, chosen in (("core relations", CORE), ("all", None)):
        answers = {answer for relation, answer in ledger_answers(ledger)
                   if chosen is None or relation in chosen}
        single = sum(is_one_token(a, tokenizer) for a in answers)
        print(f"{name}: {single} of {len(answers)} distinct answers are one token")


if __name__ == "__main__":
    main()
