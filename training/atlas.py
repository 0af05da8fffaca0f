"""What the training scripts agree on: the model's shape, the recipe, and where files live."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent

# ATLAS_BUILD and ATLAS_PRODUCT move both folders, so that a trial run cannot touch the real one.
BUILD = Path(os.environ.get("ATLAS_BUILD", HERE / "build"))
PRODUCT = Path(os.environ.get("ATLAS_PRODUCT", HERE.parent / "public" / "models" / "atlas"))

DOCUMENTS = BUILD / "documents.jsonl"
PROMPTS = BUILD / "prompts.jsonl"
ROWS_PRE = BUILD / "rows.npy"
ROWS_POST = BUILD / "rows_post.npy"
SNAPSHOTS = BUILD / "snapshots"
CHECKPOINT = BUILD / "checkpoint.pt"
TRAIN_LOG = BUILD / "train.log"
EVALUATION = BUILD / "evaluation.json"
LEDGER = PRODUCT / "ledger.json"
STRANGER_PROMPTS = HERE / "stranger_prompts.json"
GOLDEN = Path(os.environ.get("ATLAS_GOLDEN", HERE.parent / "tests" / "golden" / "atlas.safetensors"))
GOLDEN_WEIGHTS = GOLDEN.with_name(f"{GOLDEN.stem}-weights.json")
GOLDEN_MLP = GOLDEN.with_name(f"{GOLDEN.stem}-mlp.safetensors")

END_OF_TEXT = "<|endoftext|>"
END_OF_TEXT_ID = 0


@dataclass(frozen=True)
class Shape:
    """Names as in Hugging Face's GPT2Config."""

    n_layer: int = 8
    n_head: int = 6
    n_embd: int = 192
    n_inner: int = 384
    n_positions: int = 128
    vocab_size: int = 5120


@dataclass(frozen=True)
class Recipe:
    """One pass over the rows in order; Muon for the matrices of the layers, AdamW for the rest; warm-up, plateau,
    linear decay."""

    seed: int = 1
    rows_per_step: int = 24
    micro_rows: int = 12  # rows per backward pass; small enough to stay in a CPU's cache
    peak_lr: float = 2e-3  # of AdamW
    muon_rate: float = 1.5  # Muon's learning rate, in AdamW's
    warmup_steps: int = 100
    decay_share: float = 0.5  # the last part of pre-training, over which the rate falls to a tenth
    post_lr: float = 7e-4  # post-training: straight down from here to zero
    betas: tuple[float, float] = (0.9, 0.97)  # of AdamW
    momentum: float = 0.95  # of Muon, its step scaled to that of AdamW at the same rate
    weight_decay: float = 0.05  # on matrices only
    grad_clip: float = 1.0
    # In this share of steps the network ends one to three layers early (as LayerSkip trains it, arXiv 2404.16710), so
    # that what a late layer holds can be read there, and easy facts are not kept for the last one.
    early_share: float = 0.12
    answer_weight: float = 8.0  # of an answer's tokens in the loss, against 1 of any other
    threads: int = 2


SHAPE = Shape()
RECIPE = Recipe()


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
