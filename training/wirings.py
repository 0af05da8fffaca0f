"""Small GPTs wired as people wire them in their own code, exported to ONNX, with PyTorch's numbers beside them.

    python wirings.py [--out FOLDER] [--both] [NAME …]    # all, unless named; writes ../tests/fixtures/wirings/NAME/

What they are for: a hook that Strata shows has to be the value PyTorch has there, or be withdrawn by name. Each
folder holds config.json, onnx/model.onnx and reference.safetensors: `input_ids`, `logits`, the hooks under
TransformerLens's names (z is what the output projection reads, split by head), and logits under three changes of layer
1: `edit.logits`, the MLP's output projection changed by `key · valueᵀ` (`edit.key`, `edit.value`);
`ablate_head_1_2.logits`, head 2 of z set to zero; `knockout_edge_last_to_7_layer_1.logits`, the last position not
attending to position 7. A hook that has no meaning in a wiring is not in its reference. `--both` exports each with both exporters, into NAME-script and
NAME-dynamo; without it each is written by the one named below.
"""

import argparse
import json
import math
import sys
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

from families import without_metadata

OUT = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "wirings"
VOCAB, D_MODEL, HEADS, LAYERS, D_MLP, CONTEXT, LENGTH, SEED = 64, 16, 4, 2, 24, 32, 9, 41
D_HEAD = D_MODEL // HEADS
MAX_ERROR = 1e-5


class Attention(nn.Module):
    """Plain: one joint projection [3, head, d], biases, softmax over the past."""

    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(D_MODEL, 3 * D_MODEL)
        self.out = nn.Linear(D_MODEL, D_MODEL)

    def heads(self, x):
        b, t, _ = x.shape
        return x.view(b, t, HEADS, D_HEAD).transpose(1, 2)

    def project(self, x):
        return [self.heads(part) for part in self.qkv(x).split(D_MODEL, dim=-1)]

    def masked(self, scores):
        t = scores.shape[-1]
        open_ = torch.tril(torch.ones(t, t, dtype=torch.bool, device=scores.device))
        return scores.masked_fill(~open_, float("-inf"))

    def scores(self, q, k):
        return q @ k.transpose(-2, -1) / math.sqrt(D_HEAD)

    def mix(self, pattern, v):
        return pattern @ v

    def joined(self, z):
        b, _, t, _ = z.shape
        return z.transpose(1, 2).reshape(b, t, D_MODEL)

    def attend(self, x, record):
        """z by head `[b, head, t, d]`, with everything before it recorded position by position."""
        q, k, v = self.project(x)
        for name, value in (("q", q), ("k", k), ("v", v)):
            record(f"attn.hook_{name}", value.transpose(1, 2))
        pattern = torch.softmax(self.masked(self.scores(q, k)), dim=-1)
        record("attn.hook_pattern", pattern)
        return self.mix(pattern, v)

    def forward(self, x, record):
        z = record("attn.hook_z", self.joined(self.attend(x, record)).unflatten(-1, (HEADS, D_HEAD)))
        return self.out(z.flatten(-2))


class Conv1dQkv(Attention):
    """q, k, v from a convolution of one step over positions."""

    def __init__(self):
        super().__init__()
        self.qkv = nn.Conv1d(D_MODEL, 3 * D_MODEL, 1)

    def project(self, x):
        return [self.heads(part) for part in self.qkv(x.transpose(1, 2)).transpose(1, 2).split(D_MODEL, dim=-1)]


class PermutedQkv(Attention):
    """The joint projection's columns as [d, head, 3] instead of [3, head, d]."""

    def project(self, x):
        b, t, _ = x.shape
        joint = self.qkv(x).view(b, t, D_HEAD, HEADS, 3).permute(4, 0, 3, 1, 2)
        return [joint[0], joint[1], joint[2]]


class DimensionFirst(Attention):
    """Each projection's columns as [d, head]."""

    def __init__(self):
        super().__init__()
        self.q, self.k, self.v = (nn.Linear(D_MODEL, D_MODEL) for _ in range(3))

    def heads(self, x):
        b, t, _ = x.shape
        return x.view(b, t, D_HEAD, HEADS).permute(0, 3, 1, 2)

    def project(self, x):
        return [self.heads(part(x)) for part in (self.q, self.k, self.v)]


class KeysFirst(Attention):
    """Scores as k · q, turned afterwards."""

    def scores(self, q, k):
        return (k @ q.transpose(-2, -1)).transpose(-2, -1) / math.sqrt(D_HEAD)


class Separate(Attention):
    def __init__(self):
        super().__init__()
        self.q, self.k, self.v = (nn.Linear(D_MODEL, D_MODEL, bias=False) for _ in range(3))

    def project(self, x):
        return [self.heads(part(x)) for part in (self.q, self.k, self.v)]


class EinsumAttention(Separate):
    """Everything by einsum, positions before heads."""

    def heads(self, x):
        b, t, _ = x.shape
        return x.view(b, t, HEADS, D_HEAD)

    def scores(self, q, k):
        return torch.einsum("bqhd,bkhd->bhqk", q, k) / math.sqrt(D_HEAD)

    def mix(self, pattern, v):
        return torch.einsum("bhqk,bkhd->bqhd", pattern, v)

    def forward(self, x, record):
        q, k, v = self.project(x)
        for name, value in (("q", q), ("k", k), ("v", v)):
            record(f"attn.hook_{name}", value)
        pattern = torch.softmax(self.masked(self.scores(q, k)), dim=-1)
        record("attn.hook_pattern", pattern)
        z = record("attn.hook_z", self.mix(pattern, v))
        return self.out(z.reshape(*x.shape))


class EinsumKeysFirst(EinsumAttention):
    """The operands of both products the other way round."""

    def scores(self, q, k):
        return torch.einsum("bkhd,bqhd->bhqk", k, q) / math.sqrt(D_HEAD)

    def mix(self, pattern, v):
        return torch.einsum("bkhd,bhqk->bqhd", v, pattern)


class MixedHeads(Attention):
    """Heads mixed with each other between the values' product and the output projection."""

    def __init__(self):
        super().__init__()
        self.mixing = nn.Parameter(torch.eye(HEADS) + 0.5 * torch.randn(HEADS, HEADS))

    def mix(self, pattern, v):
        return torch.einsum("bhqd,hg->bgqd", pattern @ v, self.mixing)


class MixedRows(MixedHeads):
    """The same by a matrix product over the head axis."""

    def mix(self, pattern, v):
        return ((pattern @ v).permute(0, 2, 3, 1) @ self.mixing).permute(0, 3, 1, 2)


class MixedPatterns(MixedHeads):
    """Patterns mixed over heads after the softmax (talking heads)."""

    def mix(self, pattern, v):
        return torch.einsum("bhqk,hg->bgqk", pattern, self.mixing) @ v


class GatedHeads(Separate):
    """A gate on every number of z."""

    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(D_MODEL, D_MODEL)

    def forward(self, x, record):
        z = record("attn.hook_z", self.attend(x, record).transpose(1, 2))  # before the gate
        return self.out(z.reshape(x.shape) * torch.sigmoid(self.gate(x)))


class NormedHeads(Separate):
    """A norm between z and the output projection."""

    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(D_MODEL)

    def forward(self, x, record):
        z = record("attn.hook_z", self.attend(x, record).transpose(1, 2))  # before the norm
        return self.out(self.norm(z.reshape(x.shape)))


class SharedValues(Separate):
    """Values are half a constant of their own: what is attended to is not what the projection gives."""

    def __init__(self):
        super().__init__()
        self.bank = nn.Parameter(torch.randn(HEADS, D_HEAD))

    def forward(self, x, record):
        q, k, v = self.project(x)
        record("attn.hook_q", q.transpose(1, 2))
        record("attn.hook_k", k.transpose(1, 2))
        pattern = torch.softmax(self.masked(self.scores(q, k)), dim=-1)
        record("attn.hook_pattern", pattern)
        z = self.mix(pattern, 0.5 * v + torch.tanh(v) * self.bank[:, None])
        return self.out(record("attn.hook_z", z.transpose(1, 2)).reshape(x.shape))


class TwoMaps(Separate):
    """Two softmaxes, the second subtracted from the first."""

    def __init__(self):
        super().__init__()
        self.q2, self.k2 = (nn.Linear(D_MODEL, D_MODEL, bias=False) for _ in range(2))

    def forward(self, x, record):
        q, k, v = self.project(x)
        first = torch.softmax(self.masked(self.scores(q, k)), dim=-1)
        second = torch.softmax(self.masked(self.scores(self.heads(self.q2(x)), self.heads(self.k2(x)))), dim=-1)
        z = self.joined(self.mix(first - 0.4 * second, v))
        return self.out(z)


class Interleaved(Separate):
    """Two key heads, shared by every other query head instead of by neighbours."""

    def __init__(self):
        super().__init__()
        self.k, self.v = (nn.Linear(D_MODEL, D_MODEL // 2, bias=False) for _ in range(2))

    def few(self, x):
        b, t, _ = x.shape
        return x.view(b, t, HEADS // 2, D_HEAD).transpose(1, 2)

    def forward(self, x, record):
        q, k, v = self.heads(self.q(x)), self.few(self.k(x)), self.few(self.v(x))
        record("attn.hook_q", q.transpose(1, 2))
        record("attn.hook_k", k.transpose(1, 2))
        # Values of key heads would be right by themselves; which queries they belong to is not what their order says.
        pattern = torch.softmax(self.masked(self.scores(q, k.repeat(1, 2, 1, 1))), dim=-1)
        record("attn.hook_pattern", pattern)
        z = record("attn.hook_z", self.mix(pattern, v.repeat(1, 2, 1, 1)).transpose(1, 2))
        return self.out(z.reshape(x.shape))


class Windowed(Attention):
    """Three positions are seen, the own one included; what is closed has a large finite score."""

    def masked(self, scores):
        t = scores.shape[-1]
        ones = torch.ones(t, t, dtype=torch.bool, device=scores.device)
        return scores.masked_fill(~(torch.tril(ones) & torch.triu(ones, -2)), -1e9)


class BesideConvolution(Attention):
    """Attention and a causal convolution, summed before they are added to the stream."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(D_MODEL, D_MODEL, 3, groups=D_MODEL)

    def forward(self, x, record):
        own = super().forward(x, record)
        return own + self.conv(F.pad(x.transpose(1, 2), (2, 0))).transpose(1, 2)


class LatentAttention(Attention):
    """Keys and values from one compressed vector; queries and keys wider than values by a part that is shared by heads."""

    def __init__(self):
        super().__init__()
        self.q, self.down = nn.Linear(D_MODEL, HEADS * (D_HEAD + 2), bias=False), nn.Linear(D_MODEL, 8 + 2, bias=False)
        self.up = nn.Linear(8, HEADS * 2 * D_HEAD, bias=False)

    def forward(self, x, record):
        b, t, _ = x.shape
        q = self.q(x).view(b, t, HEADS, -1).transpose(1, 2)
        latent, shared = self.down(x).split([8, 2], dim=-1)
        k, v = self.up(latent).view(b, t, HEADS, -1).transpose(1, 2).split([D_HEAD, D_HEAD], dim=-1)
        k = torch.cat([k, shared[:, None].expand(b, HEADS, t, 2)], dim=-1)
        record("attn.hook_v", v.transpose(1, 2))
        pattern = torch.softmax(self.masked(self.scores(q, k)), dim=-1)
        record("attn.hook_pattern", pattern)
        return self.out(record("attn.hook_z", self.mix(pattern, v).transpose(1, 2)).reshape(x.shape))


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.up, self.down = nn.Linear(D_MODEL, D_MLP), nn.Linear(D_MLP, D_MODEL)

    def forward(self, x, record):
        pre = self.up(x)
        post = F.gelu(pre)
        record("mlp.hook_pre", pre)
        record("mlp.hook_post", post)
        return self.down(post)


class Bilinear(Mlp):
    """Two factors and no activation function: none of the two is what enters one."""

    def __init__(self):
        super().__init__()
        self.other = nn.Linear(D_MODEL, D_MLP)

    def forward(self, x, record):
        post = self.other(x) * self.up(x)
        record("mlp.hook_post", post)
        return self.down(post)


class NormedMlp(Mlp):
    """A norm between the output projection and the stream."""

    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(D_MODEL)

    def forward(self, x, record):
        return 0.7 * self.norm(super().forward(x, record))


class SharedExpert(Mlp):
    """An MLP whose output a gate weighs, position by position."""

    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(D_MODEL, 1)

    def forward(self, x, record):
        return torch.sigmoid(self.gate(x)) * super().forward(x, record)


class WideMlp(Mlp):
    """Half as many neurons again."""

    def __init__(self):
        super().__init__()
        self.up, self.down = nn.Linear(D_MODEL, 3 * D_MLP // 2), nn.Linear(3 * D_MLP // 2, D_MODEL)


class MlpAndLinear(Mlp):
    """A linear map beside the neurons: the output is not post · W_out + b alone."""

    def __init__(self):
        super().__init__()
        self.beside = nn.Linear(D_MODEL, D_MODEL, bias=False)

    def forward(self, x, record):
        return super().forward(x, lambda name, value: value) + self.beside(x)


class Tail(nn.Module):
    width = VOCAB

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(D_MODEL, VOCAB, bias=False)

    def forward(self, normed, embedded):
        return self.head(normed)


class PermutedVocabulary(Tail):
    def __init__(self):
        super().__init__()
        self.register_buffer("order", torch.randperm(VOCAB))

    def forward(self, normed, embedded):
        return self.head(normed)[..., self.order]


class CutVocabulary(Tail):
    """Eight rows of padding, cut off after the unembedding."""

    width = VOCAB - 8

    def forward(self, normed, embedded):
        return self.head(normed)[..., : VOCAB - 8]


class PaddedVocabulary(Tail):
    """Eight rows of padding, which are never written."""

    def forward(self, normed, embedded):
        logits = self.head(normed)
        padding = torch.arange(VOCAB, device=logits.device) >= VOCAB - 8
        return logits.masked_fill(padding, float("-inf"))


class LastPositionFlat(Tail):
    def forward(self, normed, embedded):
        return self.head(normed)[:, -1]


class PastLayers(Tail):
    """What the tokens alone say is added to the logits, past all layers."""

    def __init__(self):
        super().__init__()
        self.bigrams = nn.Linear(D_MODEL, VOCAB, bias=False)

    def forward(self, normed, embedded):
        return self.head(normed) + self.bigrams(embedded)


class Gpt(nn.Module):
    def __init__(self, attention=Attention, mlp=Mlp, tail=Tail, rows=VOCAB):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(rows, D_MODEL), nn.Embedding(CONTEXT, D_MODEL)
        self.norms1 = nn.ModuleList(nn.LayerNorm(D_MODEL) for _ in range(LAYERS))
        self.norms2 = nn.ModuleList(nn.LayerNorm(D_MODEL) for _ in range(LAYERS))
        self.attentions = nn.ModuleList(attention() for _ in range(LAYERS))
        self.mlps = nn.ModuleList(one() for one in (mlp if isinstance(mlp, tuple) else (mlp,) * LAYERS))
        self.norm, self.tail = nn.LayerNorm(D_MODEL), tail()
        self.record = lambda name, value: value

    def forward(self, input_ids):
        embedded = self.tokens(input_ids)
        self.record("hook_embed", embedded)
        x = embedded + self.positions(torch.arange(input_ids.shape[1], device=input_ids.device))
        for layer in range(LAYERS):
            def record(name, value, layer=layer):
                return self.record(f"blocks.{layer}.{name}", value)

            record("hook_resid_pre", x)
            out = self.attentions[layer](self.norms1[layer](x), record)
            # A sum of attention and something else is no attention's output.
            if not isinstance(self.attentions[layer], BesideConvolution):
                record("hook_attn_out", out)
            x = x + out
            record("hook_resid_mid", x)
            out = self.mlps[layer](self.norms2[layer](x), record)
            record("hook_mlp_out", out)
            x = x + out
            record("hook_resid_post", x)
        normed = self.norm(x)
        self.record("ln_final.hook_normalized", normed)
        return self.tail(normed, embedded)


# The exporter each is kept in.
SCRIPT, DYNAMO = "script", "dynamo"
WIRINGS = {
    "conv1d-qkv": (dict(attention=Conv1dQkv), SCRIPT),
    "permuted-qkv": (dict(attention=PermutedQkv), DYNAMO),
    "dimension-first": (dict(attention=DimensionFirst), SCRIPT),
    "keys-first": (dict(attention=KeysFirst), SCRIPT),
    "einsum-keys-first": (dict(attention=EinsumKeysFirst), SCRIPT),
    "mixed-heads": (dict(attention=MixedHeads), SCRIPT),
    "mixed-rows": (dict(attention=MixedRows), DYNAMO),
    "mixed-patterns": (dict(attention=MixedPatterns), SCRIPT),
    "gated-heads": (dict(attention=GatedHeads), DYNAMO),
    "normed-heads": (dict(attention=NormedHeads), SCRIPT),
    "shared-values": (dict(attention=SharedValues), DYNAMO),
    "two-maps": (dict(attention=TwoMaps), DYNAMO),
    "interleaved": (dict(attention=Interleaved), SCRIPT),
    "windowed": (dict(attention=Windowed), SCRIPT),
    "beside-convolution": (dict(attention=BesideConvolution), SCRIPT),
    "latent-attention": (dict(attention=LatentAttention), SCRIPT),
    "expert-above": (dict(mlp=(Mlp, SharedExpert)), SCRIPT),
    "wider-below": (dict(mlp=(WideMlp, Mlp)), SCRIPT),
    "bilinear": (dict(mlp=Bilinear), SCRIPT),
    "normed-mlp": (dict(mlp=NormedMlp), DYNAMO),
    "shared-expert": (dict(mlp=SharedExpert), SCRIPT),
    "mlp-and-linear": (dict(mlp=MlpAndLinear), SCRIPT),
    "permuted-vocabulary": (dict(tail=PermutedVocabulary), SCRIPT),
    "cut-vocabulary": (dict(tail=CutVocabulary), SCRIPT),
    "padded-vocabulary": (dict(tail=PaddedVocabulary), SCRIPT),
    "fewer-rows": (dict(rows=VOCAB - 4), SCRIPT),
    "last-position-flat": (dict(tail=LastPositionFlat), DYNAMO),
    "past-layers": (dict(tail=PastLayers), SCRIPT),
}


def random_gpt(parts: dict) -> Gpt:
    torch.manual_seed(SEED)
    model = Gpt(**parts).eval()
    generator = torch.Generator().manual_seed(SEED)
    for name, weight in model.named_parameters():
        norm = "norm" in name
        spread = 0.2 if norm or name.endswith("bias") else 0.4
        weight.data = spread * torch.randn(weight.shape, generator=generator) + (1 if norm and name.endswith("weight") else 0)
    return model


def run(model: Gpt, ids: torch.Tensor, ablate: bool = False) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    hooks: dict[str, torch.Tensor] = {}

    def record(name, value):
        if ablate and name == "blocks.1.attn.hook_z":
            value = value.clone()
            value[:, :, 2] = 0
        hooks[name] = value[0].clone()
        return value

    model.record = record
    with torch.no_grad():
        logits = model(ids)
    model.record = lambda name, value: value
    return logits, hooks


def references(model: Gpt, ids: torch.Tensor) -> dict[str, torch.Tensor]:
    logits, hooks = run(model, ids)
    generator = torch.Generator().manual_seed(SEED + 1)
    key, value = torch.randn(D_MLP, generator=generator), torch.randn(D_MODEL, generator=generator)
    weight = model.mlps[1].down.weight
    weight.data += torch.outer(value, key)
    edited, _ = run(model, ids)
    weight.data -= torch.outer(value, key)
    found = {"input_ids": ids, "logits": logits, **hooks, "edit.key": key, "edit.value": value, "edit.logits": edited}
    if "blocks.1.attn.hook_z" in hooks:
        found["ablate_head_1_2.logits"], _ = run(model, ids, ablate=True)
    with knocked_out(model.attentions[1]):
        found["knockout_edge_last_to_7_layer_1.logits"], _ = run(model, ids)
    return found


@contextmanager
def knocked_out(attention: Attention):
    """The last position may not attend to position 7, in every map of the layer."""
    own = attention.masked

    def masked(scores):
        scores = own(scores)
        scores[..., -1, 7] = float("-inf")
        return scores

    attention.masked = masked
    yield
    del attention.masked


def exported(model: Gpt, path: Path, exporter: str) -> None:
    ids = torch.randint(0, VOCAB - 8, (2, 7))
    names = dict(input_names=["input_ids"], output_names=["logits"])
    if exporter == SCRIPT:
        axes = {"input_ids": {0: "batch", 1: "sequence"}}
        torch.onnx.export(model, (ids,), str(path), dynamo=False, opset_version=17, dynamic_axes=axes, **names)
    else:
        dims = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
        torch.onnx.export(model, (ids,), str(path), dynamo=True, dynamic_shapes=(dims,), external_data=False,
                          verbose=False, **names)
    onnx.save(without_metadata(onnx.load(path), ()), path)


def make(name: str, folder: Path, exporter: str) -> None:
    parts, _ = WIRINGS[name]
    model = random_gpt(parts)
    ids = torch.randint(0, VOCAB - 8, (1, LENGTH), generator=torch.Generator().manual_seed(SEED))
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    path = folder / "onnx" / "model.onnx"
    exported(model, path, exporter)
    found = references(model, ids)
    (ours,) = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(["logits"], {"input_ids": ids.numpy()})
    theirs = found["logits"].numpy()
    finite = np.isfinite(theirs)
    error = float(np.abs(ours[finite] - theirs[finite]).max()) if ours.shape == theirs.shape else math.inf
    if not error <= MAX_ERROR:
        raise SystemExit(f"{name}: ONNX and PyTorch differ by {error:.1e}")
    save_file({f"0/{key}": value.contiguous() for key, value in found.items()}, folder / "reference.safetensors",
              {"source": f"torch {torch.__version__.split('+')[0]}, float32, CPU", "exporter": exporter})
    config = {"model_type": "custom", "vocab_size": model.tail.width, "hidden_size": D_MODEL, "num_hidden_layers": LAYERS,
              "num_attention_heads": HEADS, "max_position_embeddings": CONTEXT}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    print(f"{folder.name}: {exporter}, max error {error:.1e}, {path.stat().st_size / 1000:.0f} kB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(WIRINGS))
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--both", action="store_true", help="with both exporters")
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    unknown = set(options.names) - set(WIRINGS)
    if unknown:
        sys.exit(f"unknown: {', '.join(sorted(unknown))}")
    for name in options.names or WIRINGS:
        kept = WIRINGS[name][1]
        for exporter in (SCRIPT, DYNAMO) if options.both else (kept,):
            folder = options.out / (f"{name}-{exporter}" if options.both else name)
            try:
                make(name, folder, exporter)
            except SystemExit:
                raise
            except Exception as failure:  # the other exporter may not know an operator
                if not options.both:
                    raise
                print(f"{name}: {exporter} cannot: {str(failure).splitlines()[0][:120]}", flush=True)


if __name__ == "__main__":
    main()
