"""Atlas from inside: logit lens, emergence layers and head scores, as SPEC'd for the app."""

import math

import numpy as np
import torch

from ask import Question, batches
from atlas import END_OF_TEXT_ID
from model import Atlas

REPEATED = 50  # random tokens, twice
SEEDS = 10


@torch.no_grad()
def residuals(model: Atlas, ids: torch.Tensor) -> list[torch.Tensor]:
    """The stream before layer 0 and after each layer: L+1 of [batch, pos, d_model]."""
    transformer = model.transformer
    batch, length = ids.shape
    x = (transformer.wte(ids) + transformer.wpe.weight[:length]).view(batch * length, -1)
    rows = [x]
    for block in transformer.h:
        x = block(x, batch)
        rows.append(x)
    return [row.view(batch, length, -1) for row in rows]


@torch.no_grad()
def lens_hits(model: Atlas, asked: list[Question]) -> np.ndarray:
    """bool [question, L+1]: is the lens's most probable token at the answer's position an answer?"""
    hits = np.zeros((len(asked), len(model.transformer.h) + 1), dtype=bool)
    for chosen, ids in batches([q.prompt_ids for q in asked]):
        last = torch.tensor([len(asked[i].prompt_ids) - 1 for i in chosen])
        for layer, row in enumerate(residuals(model, torch.from_numpy(ids))):
            h = row[torch.arange(len(chosen)), last]
            top = model.lm_head(model.transformer.ln_f(h)).argmax(-1).tolist()
            for i, token in zip(chosen, top):
                hits[i, layer] = token in asked[i].first_ids
    return hits


def first_layer(hits: np.ndarray) -> float:
    """First layer whose lens top-1 is an answer; nan when there is none."""
    return float(hits.argmax()) if hits.any() else math.nan


def stable_layer(hits: np.ndarray) -> float:
    """First layer from which on top-1 stays an answer; nan when the last layer's is not."""
    if not hits[-1]:
        return math.nan
    wrong = np.flatnonzero(~hits)
    return float(wrong[-1] + 1) if len(wrong) else 0.0


@torch.no_grad()
def attention_patterns(model: Atlas, ids: torch.Tensor) -> torch.Tensor:
    """[layer, batch, head, dest, src]"""
    batch, length = ids.shape
    mask = torch.full((length, length), -torch.inf).triu(1)
    patterns = []
    for block, x in zip(model.transformer.h, residuals(model, ids)):
        heads = block.attn.n_head
        d_model = x.shape[-1]
        qkv = block.attn.c_attn(block.ln_1(x).view(batch * length, d_model))
        q, k, _ = qkv.view(batch, length, 3, heads, d_model // heads).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-1, -2) / math.sqrt(d_model // heads) + mask
        patterns.append(scores.softmax(-1))
    return torch.stack(patterns)


@torch.no_grad()
def head_scores(model: Atlas) -> dict:
    """Mean attention of each head on a repeated random sequence, and how well it is continued."""
    vocab = model.lm_head.weight.shape[0]
    rows = []
    for seed in range(SEEDS):
        once = np.random.default_rng(seed).choice(vocab - 1, REPEATED, replace=False) + 1
        rows.append([END_OF_TEXT_ID, *once, *once])
    ids = torch.tensor(np.array(rows))
    patterns = attention_patterns(model, ids)
    dest = torch.arange(1 + REPEATED, 1 + 2 * REPEATED)

    def mass(on: torch.Tensor, where: torch.Tensor) -> list[list[float]]:
        return patterns[:, :, :, where, on].mean((1, 3)).tolist()

    everywhere = torch.arange(1, 1 + 2 * REPEATED)
    top = model(ids)[:, dest[:-1]].argmax(-1)
    return {
        "previous_token": mass(everywhere - 1, everywhere),
        "duplicate_token": mass(dest - REPEATED, dest),
        "induction": mass(dest - REPEATED + 1, dest),
        "bos": mass(torch.zeros_like(everywhere), everywhere),
        "continued_top1": (top == ids[:, dest[1:]]).float().mean().item(),
    }
