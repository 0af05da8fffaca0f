"""Put prompts to Atlas and score its answers, in PyTorch or through the ONNX file.

Definitions are those of the app: the answer's tokens are the tokens of prompt + answer that follow the
prompt's; p(answer) adds up the probabilities of the accepted answers' first tokens; an answer is right
when the most probable next token begins an accepted answer (`top1`), and right in full when greedy
decoding writes all of one (`full`).
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from atlas import END_OF_TEXT_ID, PRODUCT

BATCH = 128
UNSPACED = re.compile(r"[\u3000-\u9fff\uff00-\uffef]")
OPEN_END = re.compile(r"""(['’/\\@#_(\[{«“‘]|\S[-–—])$""")


@dataclass
class Question:
    record: dict
    prompt_ids: list[int]
    answer_ids: list[list[int]]
    seam: bool  # the prompt's own tokens change when the answer follows
    # Filled in by `ask`:
    top_token: int = -1
    top1: bool = False
    full: bool = False
    p: float = 0.0
    rank: int = 0
    p_by_answer: list[float] = field(default_factory=list)  # of each answer's first token

    @property
    def first_ids(self) -> set[int]:
        return {ids[0] for ids in self.answer_ids}


def load_tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(PRODUCT / "tokenizer.json"))


def read_records(path: Path) -> list[dict]:
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def questions(records: list[dict], tokenizer: Tokenizer) -> list[Question]:
    return [question(record, record["answers"], tokenizer) for record in records]


def question(record: dict, answers: list[str], tokenizer: Tokenizer) -> Question:
    prompt = record["prompt"]
    prompt_ids = tokenizer.encode(prompt).ids
    answer_ids, seam = [], False
    for answer in answers:
        separator = record.get("sep", separator_of(prompt, answer))
        whole = tokenizer.encode(prompt + separator + answer).ids
        if whole[: len(prompt_ids)] == prompt_ids and len(whole) > len(prompt_ids):
            answer_ids.append(whole[len(prompt_ids) :])
        else:
            seam = True
            answer_ids.append(alone(separator, answer, tokenizer))
    return Question(record, prompt_ids, answer_ids, seam)


def separator_of(prompt: str, answer: str) -> str:
    """A space where the language writes one between the two; the app's rule (src/engine/answer.ts)."""
    opened = OPEN_END.search(prompt) or prompt.endswith('"') and prompt.count('"') % 2 == 1
    return "" if opened or UNSPACED.match(prompt[-1]) and UNSPACED.match(answer) else " "


def alone(separator: str, answer: str, tokenizer: Tokenizer) -> list[int]:
    """The answer's tokens as they stand in a text; the tokenizer puts a space before whatever it is given."""
    whole = tokenizer.encode("." + separator + answer, add_special_tokens=False).ids
    return whole[len(tokenizer.encode(".", add_special_tokens=False).ids) :]


class TorchBackend:
    def __init__(self, model: torch.nn.Module):
        self.model = model.eval()

    @torch.no_grad()
    def logits(self, ids: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        """Rows of logits where `wanted` (bool [batch, pos]) holds, in order."""
        x = self.model.transformer(torch.from_numpy(ids))
        return self.model.lm_head(x[torch.from_numpy(wanted).reshape(-1)]).numpy()


class OnnxBackend:
    def __init__(self, session):
        self.session = session

    def logits(self, ids: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        # A wanted position never follows padding, so that padded keys are the masked ones behind it.
        mask = np.zeros_like(ids)
        for row, last in enumerate(ids.shape[1] - 1 - wanted[:, ::-1].argmax(1)):
            mask[row, : last + 1] = 1
        (logits,) = self.session.run(["logits"], {"input_ids": ids, "attention_mask": mask})
        return logits[wanted]


def batches(sequences: list[list[int]]):
    """Indices and a right-padded array for BATCH sequences of about one length at a time."""
    order = sorted(range(len(sequences)), key=lambda i: len(sequences[i]))
    for start in range(0, len(order), BATCH):
        chosen = order[start : start + BATCH]
        longest = len(sequences[chosen[-1]])
        ids = np.full((len(chosen), longest), END_OF_TEXT_ID, dtype=np.int64)
        for row, i in enumerate(chosen):
            ids[row, : len(sequences[i])] = sequences[i]
        yield chosen, ids


def log_softmax(x: np.ndarray) -> np.ndarray:
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def ask(asked: list[Question], backend) -> list[Question]:
    """Scores every question in place. Teacher forcing along each accepted answer tells the first
    token's probability and whether greedy decoding would write all of it."""
    pairs = [(q, a) for q in asked for a in range(len(q.answer_ids))]
    for q in asked:
        q.p_by_answer = [0.0] * len(q.answer_ids)
        q.top1 = q.full = False
    for chosen, ids in batches([q.prompt_ids + q.answer_ids[a][:-1] for q, a in pairs]):
        wanted = np.zeros(ids.shape, dtype=bool)
        for row, i in enumerate(chosen):
            q, a = pairs[i]
            wanted[row, len(q.prompt_ids) - 1 : len(q.prompt_ids) - 1 + len(q.answer_ids[a])] = True
        logits = backend.logits(ids, wanted)
        top = logits.argmax(-1)
        at = 0
        for i in chosen:
            q, a = pairs[i]
            answer = q.answer_ids[a]
            q.top_token = int(top[at])
            q.top1 = q.top_token in q.first_ids
            q.full |= bool((top[at : at + len(answer)] == answer).all())
            log_p = log_softmax(logits[at])
            q.p_by_answer[a] = float(np.exp(log_p[answer[0]]))
            q.rank = 1 + int((log_p > log_p[list(q.first_ids)].max()).sum())
            at += len(answer)
    for q in asked:
        q.p = sum({ids[0]: p for ids, p in zip(q.answer_ids, q.p_by_answer)}.values())
    return asked
