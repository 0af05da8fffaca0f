"""Write the trained model as a hub repository, with its checkpoints.

    python export.py [--weights SNAPSHOT]      # the last snapshot, unless told

Reads  build/snapshots/*.safetensors; the tokenizer and ledger already in public/models/atlas/
Writes config.json, generation_config.json, model.safetensors, onnx/model.onnx,
       checkpoints/step-*/onnx/model.onnx (weights stored as float16, computed in float32),
       checkpoints.json, files.json

Every ONNX file is run and held to transformers' own GPT2LMHeadModel before it is listed.
"""

import argparse
import copy
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from transformers import GPT2Config, GPT2LMHeadModel

from atlas import END_OF_TEXT_ID, PRODUCT, SHAPE, SNAPSHOTS, Shape, sha256_of
from onnx_graph import HALF_FROM, build_onnx

# Largest error of a logit; where PyTorch's own float32 is no better (long rows of random tokens), twice its error.
MAX_ERROR = 1e-4
FIRST_DOWNLOAD = ("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
                  "onnx/model.onnx", "ledger.json")


@dataclass
class Snapshot:
    path: Path
    step: int
    tokens: int
    loss: float
    stage: str
    weights: dict[str, torch.Tensor]


def config_of(shape: Shape) -> GPT2Config:
    return GPT2Config(
        **asdict(shape), activation_function="gelu_new", tie_word_embeddings=True,
        bos_token_id=END_OF_TEXT_ID, eos_token_id=END_OF_TEXT_ID, pad_token_id=END_OF_TEXT_ID,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, architectures=["GPT2LMHeadModel"],
        dtype="float32",
    )


def read_snapshot(path: Path, shape: Shape) -> Snapshot:
    """Refuses weights that were not trained in this shape."""
    with safe_open(path, "pt") as file:
        about = file.metadata() or {}
        weights = {name: file.get_tensor(name) for name in file.keys()}
    trained = json.loads(about.get("config", "{}"))
    if trained != asdict(shape):
        raise SystemExit(f"{path.name} does not match the configuration: trained as {trained}, "
                         f"expected {asdict(shape)}")
    with torch.device("meta"):
        expected = GPT2LMHeadModel(config_of(shape)).state_dict()
    expected.pop("lm_head.weight")
    for name, tensor in expected.items():
        found = weights.get(name)
        if found is None or found.shape != tensor.shape:
            was = "missing" if found is None else f"{list(found.shape)}"
            raise SystemExit(f"{path.name} does not match the configuration: {name} is {was}, "
                             f"expected {list(tensor.shape)}")
        if not torch.isfinite(found).all():
            raise SystemExit(f"{path.name}: {name} has values that are not finite")
    if extra := weights.keys() - expected.keys():
        raise SystemExit(f"{path.name} does not match the configuration: unexpected {sorted(extra)[0]}")
    return Snapshot(path, int(about["step"]), int(about["tokens"]), float(about["loss"]), about["stage"],
                    weights)


def reference_model(shape: Shape, weights: dict[str, torch.Tensor]) -> GPT2LMHeadModel:
    config = config_of(shape)
    config._attn_implementation = "eager"
    model = GPT2LMHeadModel(config).eval()
    model.load_state_dict({**weights, "lm_head.weight": weights["transformer.wte.weight"]})
    return model


def half_rounded(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: w.half().float() if w.numel() >= HALF_FROM else w for name, w in weights.items()}


def session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def random_prompts(lengths: list[int], vocab_size: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(1, vocab_size, length) for length in lengths]


def logit_errors(path: Path, reference: GPT2LMHeadModel, prompts: list[np.ndarray]) -> tuple[float, float]:
    """Largest distance of the file's logits from those computed in float64, and that of PyTorch's own float32 logits:
    over the prompts one by one and, for the file, together in a padded batch."""
    onnx_session = session(path)
    exact = copy.deepcopy(reference).double()
    longest = max(map(len, prompts))
    ids = np.stack([np.pad(p, (0, longest - len(p)), constant_values=END_OF_TEXT_ID) for p in prompts])
    mask = np.stack([(np.arange(longest) < len(p)).astype(np.int64) for p in prompts])
    (padded,) = onnx_session.run(["logits"], {"input_ids": ids, "attention_mask": mask})
    ours, theirs = 0.0, 0.0
    for row, prompt in enumerate(prompts):
        one, all_seen = prompt[None], np.ones((1, len(prompt)), dtype=np.int64)
        (found,) = onnx_session.run(["logits"], {"input_ids": one, "attention_mask": all_seen})
        batch = {"input_ids": torch.from_numpy(one), "attention_mask": torch.from_numpy(all_seen)}
        with torch.no_grad():
            wanted, single = exact(**batch).logits.numpy(), reference(**batch).logits.numpy()
        ours = max(ours, float(np.abs(found - wanted).max()), float(np.abs(padded[row, :len(prompt)] - wanted[0]).max()))
        theirs = max(theirs, float(np.abs(single - wanted).max()))
    return ours, theirs


def write_onnx(path: Path, snapshot: Snapshot, shape: Shape, half: bool, lengths: list[int]) -> float:
    weights = {name: tensor.numpy() for name, tensor in snapshot.weights.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(build_onnx(shape, weights, half).SerializeToString())
    same = half_rounded(snapshot.weights) if half else snapshot.weights
    prompts = random_prompts(lengths, shape.vocab_size)
    error, rounding = logit_errors(path, reference_model(shape, same), prompts)
    if error > max(MAX_ERROR, 2 * rounding):
        raise SystemExit(f"{path}: logits are {error:.2e} from the exact ones, PyTorch's own {rounding:.2e}")
    return error


def write_json(path: Path, value) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def fingerprint(path: Path) -> dict:
    return {"bytes": path.stat().st_size, "sha256": sha256_of(path)}


def export_final(snapshot: Snapshot) -> None:
    PRODUCT.mkdir(parents=True, exist_ok=True)
    config_of(SHAPE).save_pretrained(PRODUCT)
    write_json(PRODUCT / "generation_config.json",
               {"bos_token_id": END_OF_TEXT_ID, "eos_token_id": END_OF_TEXT_ID,
                "pad_token_id": END_OF_TEXT_ID, "do_sample": False, "max_new_tokens": 20})
    halves = {name: w.half() if w.numel() >= HALF_FROM else w for name, w in snapshot.weights.items()}
    save_file(halves, PRODUCT / "model.safetensors", {"format": "pt"})
    lengths = list(range(1, SHAPE.n_positions + 1))
    error = write_onnx(PRODUCT / "onnx" / "model.onnx", snapshot, SHAPE, True, lengths)
    print(f"onnx/model.onnx: step {snapshot.step}, max logit error {error:.1e} over lengths 1..{lengths[-1]}")


def export_checkpoints(snapshots: list[Snapshot]) -> None:
    folder = PRODUCT / "checkpoints"
    shutil.rmtree(folder, ignore_errors=True)
    listed = []
    for snapshot in snapshots:
        path = folder / f"step-{snapshot.step:07d}" / "onnx" / "model.onnx"
        write_onnx(path, snapshot, SHAPE, True, [1, 17, SHAPE.n_positions])
        listed.append({"step": snapshot.step, "tokens": snapshot.tokens, "loss": snapshot.loss,
                       "stage": snapshot.stage,
                       "file": path.relative_to(PRODUCT).as_posix(), **fingerprint(path)})
        print(f"{listed[-1]['file']}: {listed[-1]['bytes']} bytes, loss {snapshot.loss}")
    write_json(PRODUCT / "checkpoints.json", {"version": 1, "checkpoints": listed})


def list_files() -> None:
    missing = [name for name in FIRST_DOWNLOAD if not (PRODUCT / name).exists()]
    if missing:
        raise SystemExit(f"not written yet: {', '.join(missing)}")
    files = [{"path": name, **fingerprint(PRODUCT / name)} for name in FIRST_DOWNLOAD]
    write_json(PRODUCT / "files.json", {"version": 1, "model": "atlas", "files": files})
    print(f"first download: {sum(file['bytes'] for file in files) / 1e6:.2f} MB")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--weights", type=Path, help="snapshot to export (default: the last)")
    chosen = arguments.parse_args()
    paths = sorted(SNAPSHOTS.glob("step-*.safetensors"))
    if not paths:
        raise SystemExit(f"no snapshots in {SNAPSHOTS}; run train.py first")
    snapshots = [read_snapshot(path, SHAPE) for path in paths]
    export_final(read_snapshot(chosen.weights, SHAPE) if chosen.weights else snapshots[-1])
    export_checkpoints(snapshots)
    list_files()


if __name__ == "__main__":
    main()
