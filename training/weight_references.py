"""PyTorch's own weights, neurons and edits beside every decoder that the app's tests read.

    python weight_references.py [SET/NAME …]    # all, unless named, e.g. families/phi

Beside each reference.safetensors (for Atlas: in tests/golden) it writes

- weights.json: every weight under its name in src/core/weights.ts: its shape, `Σ w[i] · sin(i + 1)` in double precision,
  and the SHA-256 of its float32 values in row-major order, cut to 16 digits;
- mlp.safetensors, for prompt 0: `blocks.{l}.mlp.hook_pre` and `blocks.{l}.mlp.hook_post` of every layer with an MLP of its
  own, and an edit of one layer's output projection (its number in the metadata), `W_out + key · valueᵀ`: `edit.key`,
  `edit.value`, `edit.resid_post` (the stream after the last layer) and `edit.logits`, of the last position alone.

In a gated MLP `hook_pre` is what enters the activation function, the gate. A model whose logits are not those of
reference.safetensors is refused.
"""

import hashlib
import json
import sys
import warnings
from pathlib import Path

import numpy as np
import torch
import transformers
from safetensors.torch import load_file, save_file

from atlas import GOLDEN, GOLDEN_MLP, GOLDEN_WEIGHTS, PRODUCT
from families import FAMILIES, FIXTURES, random_model
from layouts import LAYOUTS
from named_weights import named_weights
from zoo_models import zoo_model

MAX_ERROR = 1e-5
EDIT_LAYER, KEY_STD, VALUE_STD, SEED = 1, 0.3, 1.0, 31
SEEN = 1e-2  # an edit that moves no logit by this much would test nothing
# Inside a block: what gives the neurons' pre-activation, and the output projection.
NEURONS = {
    "gpt2": ("mlp.c_fc", "mlp.c_proj"), "gpt_bigcode": ("mlp.c_fc", "mlp.c_proj"), "opt": ("fc1", "fc2"),
    "bloom": ("mlp.dense_h_to_4h", "mlp.dense_4h_to_h"), "gpt_neox": ("mlp.dense_h_to_4h", "mlp.dense_4h_to_h"),
    "phi": ("mlp.fc1", "mlp.fc2"), "phi3": ("mlp.gate_up_proj", "mlp.down_proj"),
    "openai-gpt": ("mlp.c_fc", "mlp.c_proj"), "xglm": ("fc1", "fc2"), "gpt_oss": ("", "no neurons of its own"),
    "lfm2": ("feed_forward.w1", "feed_forward.w2"), "glm4": ("mlp.gate_up_proj", "mlp.down_proj"),
}
GATED = ("mlp.gate_proj", "mlp.down_proj")
BLOCKS = {"gpt2": "transformer.h", "gpt_bigcode": "transformer.h", "bloom": "transformer.h",
          "openai-gpt": "transformer.h", "opt": "model.decoder.layers", "gpt_neox": "gpt_neox.layers"}


def described(tensor: torch.Tensor) -> dict:
    values = tensor.numpy().astype("<f4")
    weighted = float((values.astype(np.float64).ravel() * np.sin(np.arange(1, values.size + 1))).sum())
    return {"dims": list(values.shape), "sum": weighted, "sha256": hashlib.sha256(values.tobytes()).hexdigest()[:16]}


class Neurons:
    """Records what goes into and comes out of the activation, and the stream after the last layer."""

    def __init__(self, model: torch.nn.Module) -> None:
        self.model, self.seen = model, {}
        self.blocks = model.get_submodule(BLOCKS.get(model.config.model_type, "model.layers"))
        self.names = NEURONS.get(model.config.model_type, GATED)

    def output(self, layer: int) -> torch.nn.Module | None:
        """The layer's output projection; None where it has no neurons of its own."""
        return dict(self.blocks[layer].named_modules()).get(self.names[1])

    def run(self, ids: torch.Tensor) -> torch.Tensor:
        handles = []
        for layer, block in enumerate(self.blocks):
            if self.output(layer) is not None:
                handles.append(block.get_submodule(self.names[0]).register_forward_hook(self.after_in(layer)))
                handles.append(self.output(layer).register_forward_pre_hook(self.before_out(layer)))
        handles.append(self.blocks[-1].register_forward_hook(self.after_last))
        with torch.no_grad():
            logits = self.model(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False).logits
        for handle in handles:
            handle.remove()
        return logits

    def after_in(self, layer: int):
        def hook(_, __, output):
            rows = output.reshape(-1, output.shape[-1])
            gate = rows.chunk(2, dim=-1)[0] if self.names[0].endswith("gate_up_proj") else rows
            self.seen[f"blocks.{layer}.mlp.hook_pre"] = gate.clone()
        return hook

    def before_out(self, layer: int):
        def hook(_, args):
            self.seen[f"blocks.{layer}.mlp.hook_post"] = args[0].reshape(-1, args[0].shape[-1]).clone()
        return hook

    def after_last(self, _, __, output) -> None:
        self.last = (output[0] if isinstance(output, tuple) else output)[0].clone()


def neurons_and_edit(model: torch.nn.Module, ids: torch.Tensor) -> dict[str, torch.Tensor]:
    neurons = Neurons(model)
    before = neurons.run(ids)
    found = dict(neurons.seen)
    projection = neurons.output(EDIT_LAYER)
    if projection is None:
        return found
    conv = isinstance(projection, transformers.pytorch_utils.Conv1D)
    d_mlp, d_model = projection.weight.shape if conv else projection.weight.T.shape
    generator = torch.Generator().manual_seed(SEED)
    key, value = KEY_STD * torch.randn(d_mlp, generator=generator), VALUE_STD * torch.randn(d_model, generator=generator)
    projection.weight.data += torch.outer(key, value) if conv else torch.outer(value, key)
    after = neurons.run(ids)
    assert (after - before).abs().max() > SEEN, "the edit does nothing"
    return found | {"edit.key": key, "edit.value": value, "edit.resid_post": neurons.last, "edit.logits": after[0, -1]}


def write(model: torch.nn.Module, reference: Path, weights: Path, mlp: Path) -> None:
    stored = load_file(reference)
    ids = stored["0/input_ids"]
    with torch.no_grad():
        logits = model(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False).logits
    error = (logits - stored["0/logits"]).abs().max().item()
    if not error <= MAX_ERROR:
        raise SystemExit(f"{reference}: another model, whose logits differ by {error:.1e}")
    named = named_weights(model)
    lines = [f"{json.dumps(name)}: {json.dumps(described(tensor))}" for name, tensor in sorted(named.items())]
    weights.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    # The edit changes the model, so it comes last.
    found = {f"0/{name}": tensor.float().contiguous() for name, tensor in neurons_and_edit(model, ids).items()}
    source = f"transformers {transformers.__version__}, eager attention, {model.dtype}, stored as float32, CPU"
    if found:
        save_file(found, mlp, {"source": source, "edit.layer": str(EDIT_LAYER)})
        mlp.chmod(0o644)
    print(f"{reference.parent.name}: {len(named)} weights, {len(found)} tensors, logits within {error:.1e}", flush=True)


def models() -> dict[str, object]:
    """How each fixture's model is made, by its folder below tests/fixtures."""
    made = {f"families/{name}": lambda family=family: random_model(family) for name, family in FAMILIES.items()}
    made |= {f"layouts/{name}": lambda family=family: random_model(family) for name, (family, *_) in LAYOUTS.items()}
    zoo = sorted(path for path in (FIXTURES / "zoo").iterdir() if path.is_dir())
    made |= {f"zoo/{path.name}": lambda path=path: zoo_model(path) for path in zoo}
    return made


def write_atlas() -> None:
    """In double precision, like golden.py's numbers."""
    model = transformers.GPT2LMHeadModel.from_pretrained(PRODUCT, attn_implementation="eager").double().eval()
    write(model, GOLDEN, GOLDEN_WEIGHTS, GOLDEN_MLP)


def main() -> None:
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    warnings.simplefilter("ignore")
    made = models()
    for name in sys.argv[1:] or (*made, "atlas"):
        if name == "atlas":
            write_atlas()
        else:
            folder = FIXTURES / name
            write(made[name](), folder / "reference.safetensors", folder / "weights.json", folder / "mlp.safetensors")


if __name__ == "__main__":
    main()
