"""Train Atlas: one pass over the packed corpus, then the short post-training stage.

    python train.py            # continues from build/checkpoint.pt where there is one

Reads  build/rows.npy, build/rows_post.npy
Writes build/snapshots/*.safetensors (log-spaced, last of pre-training, after post-training),
       build/checkpoint.pt (every few minutes and on SIGTERM / Ctrl-C), build/train.log

Rows are read in order and what is drawn at random after the initialisation depends on the step alone, so weights,
optimizer state and the step number are all there is to a checkpoint: a run that was killed and resumed ends
with the same weights as one that was not.
"""

import argparse
import hashlib
import json
import math
import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from atlas import CHECKPOINT, RECIPE, ROWS_POST, ROWS_PRE, SHAPE, SNAPSHOTS, TRAIN_LOG, sha256_of
from model import Atlas
from tokenizer import ANSWER, learned_tokens

LOG_EVERY = 50  # steps
CHECKPOINT_EVERY = 240  # seconds
N_SNAPSHOTS = 10  # of pre-training, log-spaced, the last step included
FIRST_SNAPSHOT = 16
# The final weights lie this far on the way from the end of pre-training to the end of post-training.
# All the way, late facts lose 10 points of recall; at four fifths 2, and of the new facts 4 and 6 (README.md).
POST_SHARE = 0.8


class Plan:
    """Which rows each step sees, and at which learning rate."""

    def __init__(self, pre: np.ndarray, post: np.ndarray):
        self.rows = {"pre": pre, "post": post}
        self.pre_steps = math.ceil(len(pre) / RECIPE.rows_per_step)
        self.post_steps = math.ceil(len(post) / RECIPE.rows_per_step)
        self.steps = self.pre_steps + self.post_steps

    def stage(self, step: int) -> str:
        return "pre" if step < self.pre_steps else "post"

    def batch(self, step: int) -> np.ndarray:
        stage = self.stage(step)
        start = (step if stage == "pre" else step - self.pre_steps) * RECIPE.rows_per_step
        return self.rows[stage][start : start + RECIPE.rows_per_step]

    def learning_rate(self, step: int) -> float:
        if self.stage(step) == "post":
            return RECIPE.post_lr * (1 - (step - self.pre_steps) / self.post_steps)
        warmup = min(RECIPE.warmup_steps, self.pre_steps // 10)
        decay = max(1, round(RECIPE.decay_share * self.pre_steps))
        left = (self.pre_steps - step) / decay
        return RECIPE.peak_lr * min(1.0, (step + 1) / (warmup + 1), 0.1 + 0.9 * left)

    def layers(self, step: int) -> int:
        """How many layers this step trains."""
        rng = random.Random(f"{RECIPE.seed}:{step}")
        early = step > 0 and rng.random() < RECIPE.early_share
        ends = range(SHAPE.n_layer // 2 + 1, SHAPE.n_layer)
        return rng.choices(ends, [end - ends[0] + 1 for end in ends])[0] if early else SHAPE.n_layer

    def snapshots(self) -> set[int]:
        """Numbers of steps done at which the weights are kept."""
        first = max(1, min(FIRST_SNAPSHOT, self.pre_steps // FIRST_SNAPSHOT))
        kept = np.geomspace(first, self.pre_steps, N_SNAPSHOTS).round().astype(int)
        return {*kept.tolist(), self.steps}


def make_optimizers(model: Atlas, threads: int) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the layers, shared out over the threads; AdamW for embeddings, biases and norms."""
    named = list(model.named_parameters())
    matrices = [p for name, p in named if p.ndim == 2 and ".h." in name]
    embeddings = [p for name, p in named if p.ndim == 2 and ".h." not in name]
    vectors = [p for _, p in named if p.ndim < 2]
    adamw = torch.optim.AdamW([{"params": embeddings, "weight_decay": RECIPE.weight_decay, "rate": 1.0},
                               {"params": vectors, "weight_decay": 0.0, "rate": 1.0}], betas=RECIPE.betas, fused=True)
    muons = [torch.optim.Muon([{"params": matrices[i::threads], "rate": RECIPE.muon_rate}], weight_decay=RECIPE.weight_decay,
                              momentum=RECIPE.momentum, adjust_lr_fn="match_rms_adamw") for i in range(threads)]
    return [*muons, adamw]


def fast_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 matrices itself; then products are twice as fast as in float32."""
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def fingerprint() -> str:
    """Of everything that decides the result; a checkpoint is only resumed into the same."""
    parts = [asdict(SHAPE), asdict(RECIPE), fast_bfloat16(), sha256_of(ROWS_PRE), sha256_of(ROWS_POST)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def write_atomically(path: Path, write) -> None:
    part = path.with_name(path.name + ".part")
    write(part)
    os.replace(part, path)


def snapshot_path(step: int) -> Path:
    return SNAPSHOTS / f"step-{step:07d}.safetensors"


def own_weights(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: w.detach().cpu().contiguous() for name, w in state.items()
            if name != "lm_head.weight"}  # tied to transformer.wte.weight


def averaged(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: before[name].lerp(after[name], POST_SHARE) for name in after}


def save_snapshot(weights: dict[str, torch.Tensor], step: int, tokens: int, loss: float, stage: str) -> None:
    about = {"step": str(step), "tokens": str(tokens), "loss": f"{loss:.4f}", "stage": stage,
             "config": json.dumps(asdict(SHAPE))}
    SNAPSHOTS.mkdir(parents=True, exist_ok=True)
    write_atomically(snapshot_path(step), lambda part: save_file(weights, part, about))


class Run:
    def __init__(self, device: str):
        self.device = device
        self.plan = Plan(np.load(ROWS_PRE), np.load(ROWS_POST))
        torch.manual_seed(RECIPE.seed)
        self.model = Atlas(SHAPE).to(device)
        self.parameters = list(self.model.parameters())
        workers = RECIPE.threads if device == "cpu" else 1
        self.optimizers = make_optimizers(self.model, workers)
        self.pool = ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,))
        self.bfloat16 = fast_bfloat16()
        self.fingerprint = fingerprint()
        self.step = self.tokens = 0
        self.seconds = 0.0
        self.losses: list[float] = []  # mean per learned token, of the last LOG_EVERY steps of all layers
        self.stopping = False

    def resume(self) -> None:
        state = torch.load(CHECKPOINT, map_location=self.device, weights_only=True)
        if state["fingerprint"] != self.fingerprint:
            raise SystemExit(f"{CHECKPOINT} belongs to another corpus, shape or recipe; "
                             "remove it (or --fresh) to start over")
        self.model.load_state_dict(state["model"])
        for optimizer, kept in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(kept)
        for name in ("step", "tokens", "seconds", "losses"):
            setattr(self, name, state[name])

    def save(self) -> None:
        state = {"fingerprint": self.fingerprint, "model": self.model.state_dict(),
                 "optimizers": [o.state_dict() for o in self.optimizers], "step": self.step, "tokens": self.tokens,
                 "seconds": self.seconds, "losses": self.losses}
        write_atomically(CHECKPOINT, lambda part: torch.save(state, part))

    def gradients(self, ids: torch.Tensor, weights: torch.Tensor, weight: float, layers: int):
        with torch.autocast(self.device, torch.bfloat16, enabled=self.device != "cpu" or self.bfloat16):
            loss, plain = self.model.summed_loss(ids, weights, layers)
        return plain.item(), torch.autograd.grad(loss / weight, self.parameters, allow_unused=True)

    def update(self) -> None:
        """One optimizer step.

        Each thread takes whole micro-batches with one-threaded operators: 15 % more tokens a second
        than two-threaded operators, and less harm from other programs on the same cores.
        """
        rows, layers = self.plan.batch(self.step), self.plan.layers(self.step)
        tokens = rows & (ANSWER - 1)
        learn = learned_tokens(tokens)
        weights = np.where(rows[:, 1:] & ANSWER, RECIPE.answer_weight, 1.0) * learn
        weight = float(weights.sum())
        ids = torch.from_numpy(tokens.astype(np.int64)).to(self.device)
        weights = torch.from_numpy(weights.astype(np.float32)).to(self.device)
        size = RECIPE.micro_rows if self.device == "cpu" else len(rows)
        parts = [slice(start, start + size) for start in range(0, len(rows), size)]
        results = list(self.pool.map(lambda part: self.gradients(ids[part], weights[part], weight, layers), parts))
        total = sum(loss for loss, _ in results) / int(learn.sum())
        for parameter, *gradients in zip(self.parameters, *(gradients for _, gradients in results), strict=True):
            # None: the parameter belongs to a layer this step leaves out, and stays as it is.
            parameter.grad = None if gradients[0] is None else torch.stack(gradients).sum(0)
        torch.nn.utils.clip_grad_norm_(self.parameters, RECIPE.grad_clip)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self.plan.learning_rate(self.step) * group["rate"]
        list(self.pool.map(lambda optimizer: optimizer.step(), self.optimizers))
        self.step += 1
        self.tokens += int(learn.sum())
        if layers == SHAPE.n_layer:
            self.losses = [*self.losses[-LOG_EVERY + 1 :], total]

    def go(self, until: int) -> None:
        snapshots = self.plan.snapshots()
        log = open(TRAIN_LOG, "a", encoding="utf-8")
        last_save = mark = time.monotonic()
        mark_tokens, mark_step = self.tokens, self.step
        while self.step < until and not self.stopping:
            stage = self.plan.stage(self.step)
            before = time.monotonic()
            self.update()
            now = time.monotonic()
            self.seconds += now - before
            loss = sum(self.losses) / len(self.losses)
            if not math.isfinite(loss):
                raise SystemExit(f"loss is {loss} at step {self.step}")
            if self.step % LOG_EVERY == 0 or self.step in (mark_step + 1, until):
                line = (f"step {self.step}/{self.plan.steps} {stage} tokens {self.tokens} "
                        f"loss {loss:.4f} lr {self.plan.learning_rate(self.step - 1):.2e} "
                        f"tok/s {(self.tokens - mark_tokens) / (now - mark):.0f} elapsed {self.seconds:.0f}")
                print(line, flush=True)
                log.write(line + "\n")
                log.flush()
                mark, mark_tokens = now, self.tokens
            if self.step in snapshots:
                weights = own_weights(self.model.state_dict())
                if self.step == self.plan.steps > self.plan.pre_steps:
                    weights = averaged(load_file(snapshot_path(self.plan.pre_steps)), weights)
                save_snapshot(weights, self.step, self.tokens, loss, stage)
            if now - last_save > CHECKPOINT_EVERY:
                self.save()
                last_save = now
        self.save()

    def stop(self, *_) -> None:
        self.stopping = True


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--fresh", action="store_true", help="start over, forgetting the checkpoint")
    arguments.add_argument("--until", type=int, help="stop after this many steps, with a checkpoint")
    chosen = arguments.parse_args()

    torch.set_num_threads(1)  # see Run.update
    run = Run("cuda" if torch.cuda.is_available() else "cpu")
    if chosen.fresh:
        CHECKPOINT.unlink(missing_ok=True)
        TRAIN_LOG.unlink(missing_ok=True)
        for old in SNAPSHOTS.glob("*.safetensors"):
            old.unlink()
    elif CHECKPOINT.exists():
        run.resume()
        print(f"resuming at step {run.step}")
    if run.step == run.plan.steps:
        print(f"trained: {run.step} steps, {run.tokens} tokens")
        return
    signal.signal(signal.SIGTERM, run.stop)
    signal.signal(signal.SIGINT, run.stop)
    run.go(min(chosen.until or run.plan.steps, run.plan.steps))
    if run.step < run.plan.steps:
        print(f"stopped at step {run.step} of {run.plan.steps}; start again to go on")


if __name__ == "__main__":
    main()
