"""How probable an answer is with a space before it and without one, by transformers; writes tests/fixtures/golden/answer-joins.json.

    python answer_joins.py

Of each pair of prompt and answer: the token ids of both texts and the natural logarithms of their probabilities from the
last token that both share, float64. The model is Atlas, by its safetensors.
"""

import json
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from atlas import PRODUCT

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "tests/fixtures/golden/answer-joins.json"
PAIRS = [
    ("It costs $", "5"), ("Pi is 3.", "14"), ("x=", "y"), ("[1,", "2"), ("Write to me at example.", "com"), ("At 10:", "30"),
    ("The capital of France is", "Paris"), ("The capital of Ethiopia is", "Addis Ababa"), ("法国的首都是", "巴黎"),
    ("Hello", ", world"), ("The work of a singer is to sing", "ing"), ("(", "York"), ("Stop!", "’s"), ("a -", ") x"),
    ("The opposite of happy is un", "happy"), ("Q: What is the symbol for gold? A:", "Au"),
]


def log_probability(model, ids: list[int], start: int) -> float:
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0].double()
    log_p = torch.log_softmax(logits, -1)
    return sum(log_p[at - 1, ids[at]].item() for at in range(start, len(ids)))


def record(model, tokenizer, prompt: str, answer: str) -> dict:
    joins = {gap: tokenizer(prompt + gap + answer).input_ids for gap in ("", " ")}
    tight, spaced = joins.values()
    shared = next((at for at, (a, b) in enumerate(zip(tight, spaced)) if a != b), min(len(tight), len(spaced)))
    if not 0 < shared < min(len(tight), len(spaced)):
        raise SystemExit(f"{prompt!r} + {answer!r}: the two texts cannot be compared")
    return {"prompt": prompt, "answer": answer,
            "joins": [{"gap": gap, "ids": ids, "log_p": log_probability(model, ids, shared)} for gap, ids in joins.items()]}


def main() -> None:
    model = AutoModelForCausalLM.from_pretrained(PRODUCT, dtype=torch.float64).eval()
    tokenizer = AutoTokenizer.from_pretrained(PRODUCT)
    records = [record(model, tokenizer, prompt, answer) for prompt, answer in PAIRS]
    lines = ",\n".join(" " + json.dumps(one, ensure_ascii=False) for one in records)
    TARGET.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    for one in records:
        tight, spaced = one["joins"]
        print(f"{one['prompt']!r:40} {one['answer']!r:14} without {tight['log_p']:8.3f} with {spaced['log_p']:8.3f}")


if __name__ == "__main__":
    main()
