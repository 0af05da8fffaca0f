"""Small random decoders of many families, exported to ONNX, with PyTorch's own numbers beside them.

    python families.py [NAME …]             # all, unless named; writes ../tests/fixtures/families/NAME/
    python families.py --check-zoo FOLDER   # recompute the reference of a zoo GPT-2 from its ONNX weights

Each folder is laid out like a hub repository: config.json, tokenizer.json, tokenizer_config.json, onnx/model.onnx
(inputs input_ids and attention_mask `[batch, sequence]`, output logits; some with the keys and values of earlier
tokens, as optimum lays them out) and reference.safetensors with the keys of the zoo's references. Weights are random but seeded and large, so that attention is far from uniform and a forgotten
scale, norm or bias shows. The README there is written from what was measured.
"""

import argparse
import json
import shutil
import sys
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
import transformers
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from activations import reference

FIXTURES = Path(__file__).resolve().parent.parent / "tests" / "fixtures"
TOKENIZER = FIXTURES / "zoo" / "optimum-llama"
OUT = FIXTURES / "families"

PROMPTS = ("The capital of France is", "Rome is the capital of", "Monday, Tuesday")
LENS_PROMPTS = (0,)          # the lens is most of a reference, so it is kept for one prompt
MAX_ERROR = 1e-5             # largest logit difference between ONNX and PyTorch
WEIGHT_STD, GAIN_STD, BIAS_STD, STEER_STD = 0.2, 0.2, 0.1, 2.0
SEED = 20

VOCAB, D_MODEL, HEADS, LAYERS, D_MLP, CONTEXT = 512, 32, 4, 3, 48, 64
SPECIAL = dict(bos_token_id=0, eos_token_id=0, pad_token_id=None)
GPT = dict(vocab_size=VOCAB, n_layer=LAYERS, n_head=HEADS, **SPECIAL)
USUAL = dict(vocab_size=VOCAB, hidden_size=D_MODEL, num_hidden_layers=LAYERS, num_attention_heads=HEADS,
             intermediate_size=D_MLP, max_position_embeddings=CONTEXT, **SPECIAL)
GROUPED = dict(USUAL, num_key_value_heads=2, tie_word_embeddings=True)
LOCAL_GLOBAL = ["sliding_attention", "full_attention", "sliding_attention"]


@dataclass(frozen=True)
class Family:
    title: str
    prefix: str                  # of the class names in transformers
    settings: dict
    special: str
    dynamo: bool = True
    config: str = "Config"
    blocks: str = "model.layers"
    norm: str = "model.norm"
    attention_out: str = "self_attn.o_proj"
    norm_offset: bool = False    # the gain is 1 + weight
    head: str = ""               # a product between the final norm and the unembedding
    sinks: bool = False          # rows of patterns sum to less than 1
    keep: tuple[str, ...] = ()  # node metadata kept in the file
    mlp_in: str = ""
    mlp_out: str = ""
    past: bool = False           # with keys and values of earlier tokens; names shortened, one prompt fewer
    positions: bool = False      # with position_ids, where there is a past
    attention: str = "eager"     # what is exported; references are always eager
    opset: int = 17              # of the older exporter
    fused: bool = False          # after ONNX Runtime's own extended optimisation

    def model_class(self):
        suffix = "LMHeadModel" if self.prefix in ("GPT2", "OpenAIGPT") else "ForCausalLM"
        return getattr(transformers, self.prefix + suffix)


FAMILIES = {
    "gpt2": Family("GPT-2", "GPT2", dict(GPT, n_embd=D_MODEL, n_inner=D_MLP, n_positions=CONTEXT),
                   "learned positions, fused QKV, tanh-GELU",
                   blocks="transformer.h", norm="transformer.ln_f", attention_out="attn.c_proj"),
    "gpt2-torchscript": Family("GPT-2", "GPT2", dict(GPT, n_embd=D_MODEL, n_inner=D_MLP, n_positions=CONTEXT),
                               "the older exporter's graph: shapes computed beside the values", dynamo=False,
                               blocks="transformer.h", norm="transformer.ln_f", attention_out="attn.c_proj"),
    "llama": Family("Llama", "Llama", GROUPED, "RMSNorm, RoPE, grouped KV; exporter's node metadata left in",
                    keep=("pkg.torch.onnx.name_scopes",)),
    "llama-torchscript": Family("Llama", "Llama", GROUPED, "the older exporter's graph", dynamo=False),
    "opt": Family("OPT", "OPT", dict(vocab_size=VOCAB, hidden_size=D_MODEL, word_embed_proj_dim=D_MODEL,
                                     num_hidden_layers=LAYERS, num_attention_heads=HEADS, ffn_dim=D_MLP,
                                     max_position_embeddings=CONTEXT, **dict(SPECIAL, pad_token_id=1)),
                  "learned positions with offset 2 counted from attention_mask, ReLU, biases",
                  blocks="model.decoder.layers", norm="model.decoder.final_layer_norm",
                  attention_out="self_attn.out_proj"),
    "bloom": Family("BLOOM", "Bloom", dict(GPT, hidden_size=D_MODEL), "ALiBi, embedding LayerNorm, interleaved QKV",
                    blocks="transformer.h", norm="transformer.ln_f", attention_out="self_attention.dense"),
    "phi": Family("Phi", "Phi", dict(USUAL, partial_rotary_factor=0.5),
                  "parallel residual, one norm per block, partial rotary, lm_head with bias",
                  norm="model.final_layernorm", attention_out="self_attn.dense"),
    "mistral": Family("Mistral", "Mistral", dict(GROUPED, head_dim=8, sliding_window=5),
                      "sliding window of 5 in every layer"),
    "qwen3": Family("Qwen3", "Qwen3", dict(GROUPED, head_dim=16), "q/k norm, heads wider than d_model / n_heads"),
    "smollm3": Family("SmolLM3", "SmolLM3", dict(GROUPED, no_rope_layers=[1, 0, 1]), "no rotary (NoPE) in layer 1"),
    "gemma2": Family("Gemma 2", "Gemma2",
                     dict(GROUPED, head_dim=16, query_pre_attn_scalar=12, sliding_window=4, layer_types=LOCAL_GLOBAL,
                          attn_logit_softcapping=3.0, final_logit_softcapping=4.0),
                     "√d embedding scale, 1 + weight norms before and after each part, window 4 / full / window 4, "
                     "attention and final softcap, own query scale", norm_offset=True),
    "gemma3": Family("Gemma 3", "Gemma3",
                     dict(GROUPED, head_dim=16, query_pre_attn_scalar=12, sliding_window=4, layer_types=LOCAL_GLOBAL),
                     "as Gemma 2 with q/k norm and two rotary bases instead of softcaps", config="TextConfig",
                     norm_offset=True),
    "gemma3-softcap": Family("Gemma 3", "Gemma3",
                             dict(GROUPED, head_dim=16, query_pre_attn_scalar=12, sliding_window=4,
                                  layer_types=LOCAL_GLOBAL, final_logit_softcapping=4.0),
                             "Gemma 3 with a final softcap", config="TextConfig", norm_offset=True),
    "lfm2": Family("LFM2", "Lfm2", dict(GROUPED, num_hidden_layers=4, block_auto_adjust_ff_dim=False, conv_L_cache=3,
                                        layer_types=["conv", "full_attention", "full_attention", "conv"]),
                   "hybrid: layers 0 and 3 are gated convolutions without attention hooks; q/k norm",
                   norm="model.embedding_norm", attention_out="self_attn.out_proj"),
}


def with_past(name: str, **changes) -> Family:
    """The family's model in the layout that most files on the hub have: the older exporter, with past."""
    return replace(FAMILIES[name], dynamo=False, past=True, **changes)


FAMILIES |= {
    "opt-fused": with_past("opt", special="with past, then ONNX Runtime's fusions: FusedGemm holds the activation",
                           fused=True, mlp_in="fc1", mlp_out="fc2"),
    "bigcode-fused": Family("GPTBigCode", "GPTBigCode", dict(GPT, n_embd=D_MODEL, n_inner=D_MLP, n_positions=CONTEXT),
                            "with past, then ONNX Runtime's fusions: FusedMatMul holds the half of a GELU; one key head",
                            blocks="transformer.h", norm="transformer.ln_f", attention_out="attn.c_proj", dynamo=False,
                            past=True, positions=True, fused=True, mlp_in="mlp.c_fc", mlp_out="mlp.c_proj"),
    "smollm3-past": with_past("smollm3", special="with past and position_ids, sdpa: NaN of empty rows replaced",
                              positions=True, attention="sdpa", opset=14, mlp_in="mlp.gate_proj",
                              mlp_out="mlp.down_proj"),
}


def random_model(family: Family) -> torch.nn.Module:
    config = getattr(transformers, family.prefix + family.config)(**family.settings)
    config._attn_implementation = "eager"
    config.dtype = torch.float32
    config.architectures = [family.model_class().__name__]
    model = family.model_class()(config).eval().float()
    generator = torch.Generator().manual_seed(SEED)
    for name, weight in model.named_parameters():
        noise = torch.randn(weight.shape, generator=generator)
        if weight.ndim > 1:
            values = WEIGHT_STD * noise
        elif name.endswith("bias"):
            values = BIAS_STD * noise
        else:
            values = GAIN_STD * noise + (0 if family.norm_offset else 1)
        weight.data.copy_(values)
    return model


class LogitsOnly(torch.nn.Module):
    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask, use_cache=False).logits


class WithPast(torch.nn.Module):
    """Keys and values of earlier tokens in and out, flat, in the order optimum has them."""

    def __init__(self, model: torch.nn.Module, positions: bool) -> None:
        super().__init__()
        self.model, self.positions = model, positions

    def forward(self, input_ids, attention_mask, *rest):
        position, past = ({"position_ids": rest[0]}, rest[1:]) if self.positions else ({}, rest)
        cache = transformers.DynamicCache()
        for layer, (key, value) in enumerate(zip(past[::2], past[1::2])):
            cache.update(key, value, layer)
        found = self.model(input_ids=input_ids, attention_mask=attention_mask, past_key_values=cache, use_cache=True,
                           **position)
        return found.logits, *(part for layer in found.past_key_values.layers for part in (layer.keys, layer.values))


def export(family: Family, model, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    model.set_attn_implementation(family.attention)
    (export_past if family.past else export_plain)(family, model, path)
    model.set_attn_implementation("eager")
    if family.fused:
        fuse(path)
    proto = without_metadata(onnx.load(path), family.keep)
    onnx.save(with_short_names(proto) if family.past else proto, path)


def export_plain(family: Family, model, path: Path) -> None:
    ids = torch.randint(2, VOCAB, (2, 7), generator=torch.Generator().manual_seed(SEED))
    names = dict(input_names=["input_ids", "attention_mask"], output_names=["logits"])
    # eval(): torch.onnx puts the mode back that it found, and a fresh module is in training mode.
    args = (LogitsOnly(model).eval(), (ids, torch.ones_like(ids)), str(path))
    if family.dynamo:
        dims = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
        torch.onnx.export(*args, dynamo=True, dynamic_shapes=(dims, dims), external_data=False, verbose=False, **names)
    else:
        axes = {name: {0: "batch", 1: "sequence"} for name in ("input_ids", "attention_mask", "logits")}
        torch.onnx.export(*args, dynamo=False, dynamic_axes=axes, opset_version=family.opset, **names)


def export_past(family: Family, model, path: Path, now: int = 7, past: int = 5) -> None:
    """The older exporter with the names and dimensions of optimum's files."""
    generator = torch.Generator().manual_seed(SEED)
    ids = torch.randint(2, VOCAB, (2, now), generator=generator)
    sequence = {0: "batch_size", 1: "sequence_length"}
    inputs = {"input_ids": ids, "attention_mask": torch.ones(2, now + past, dtype=torch.int64)}
    axes = {"input_ids": sequence, "attention_mask": {0: "batch_size", 1: "total_sequence_length"}, "logits": sequence}
    if family.positions:
        inputs["position_ids"] = torch.arange(past, past + now).expand(2, -1)
        axes["position_ids"] = sequence
    outputs = ["logits"]
    for layer, cache in enumerate(model(input_ids=ids, use_cache=True).past_key_values.layers):
        for part, shape in (("key", cache.keys.shape), ("value", cache.values.shape)):
            given, back = f"past_key_values.{layer}.{part}", f"present.{layer}.{part}"
            inputs[given] = torch.randn(2, shape[1], past, shape[3], generator=generator)
            axes[given] = {0: "batch_size", 2: "past_sequence_length"}
            axes[back] = {0: "batch_size", 2: "total_sequence_length"}
            outputs.append(back)
    torch.onnx.export(WithPast(model, family.positions).eval(), tuple(inputs.values()), str(path), dynamo=False,
                      dynamic_axes=axes, opset_version=family.opset, input_names=list(inputs), output_names=outputs)


def fuse(path: Path) -> None:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(path)
    options.log_severity_level = 3  # it warns that the file suits this kind of machine only; these fusions suit any
    onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])


def with_short_names(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Names of modules are a third of these files and nothing may depend on them."""
    graph = proto.graph
    kept = {value.name for value in (*graph.input, *graph.output)}
    short = {"": ""}

    def rename(name: str) -> str:
        return name if name in kept else short.setdefault(name, f"t{len(short)}")

    for tensor in graph.initializer:
        tensor.name = rename(tensor.name)
    for node in graph.node:
        node.name = ""
        node.input[:], node.output[:] = map(rename, node.input), map(rename, node.output)
    del graph.value_info[:]
    return proto


def without_metadata(proto: onnx.ModelProto, keep: tuple[str, ...]) -> onnx.ModelProto:
    """Stack traces name files of the exporting machine, and all of it weighs more than the graph."""
    graph = proto.graph
    for node in graph.node:
        node.doc_string = ""
    for holder in (proto, graph, *graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer):
        kept = [entry for entry in holder.metadata_props if entry.key in keep]
        del holder.metadata_props[:]
        holder.metadata_props.extend(kept)
    return proto


def before_first_token(session: onnxruntime.InferenceSession, mask: np.ndarray) -> dict[str, np.ndarray]:
    """What else a file may ask for: positions, and keys and values of no earlier token."""
    found = {}
    for given in session.get_inputs():
        if given.name == "position_ids":
            found[given.name] = np.broadcast_to(np.arange(mask.shape[1]), mask.shape)  # as transformers counts itself
        elif given.name.startswith("past"):
            found[given.name] = np.zeros((len(mask), given.shape[1], 0, given.shape[3]), np.float32)
    return found


def onnx_error(model, path: Path, prompts: list[list[int]]) -> float:
    """Largest logit difference over the prompts, one token alone, and a batch with left padding."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    long, short = prompts[1], prompts[0]
    pad = len(long) - len(short)
    batches = [([ids], [[1] * len(ids)]) for ids in (*prompts, short[:1])]
    batches.append(([long, [0] * pad + short], [[1] * len(long), [0] * pad + [1] * len(short)]))
    worst = 0.0
    for ids, mask in batches:
        feeds = {"input_ids": np.array(ids), "attention_mask": np.array(mask)}
        (ours,) = session.run(["logits"], feeds | before_first_token(session, feeds["attention_mask"]))
        with torch.no_grad():
            theirs = model(**{name: torch.from_numpy(value) for name, value in feeds.items()}, use_cache=False).logits
        difference = np.abs(ours - theirs.numpy())
        # What a padding position predicts is of no consequence: it attends to nothing.
        worst = max(worst, float(difference[np.array(mask) == 1].max()))
    return worst


def make(name: str) -> None:
    family, folder = FAMILIES[name], OUT / name
    model = random_model(family)
    tokenizer = Tokenizer.from_file(str(TOKENIZER / "tokenizer.json"))
    texts = PROMPTS[:2] if family.past else PROMPTS
    prompts = [tokenizer.encode(text).ids for text in texts]
    steer = STEER_STD * torch.randn(D_MODEL, generator=torch.Generator().manual_seed(SEED + 1))
    folder.mkdir(parents=True, exist_ok=True)
    export(family, model, folder / "onnx" / "model.onnx")
    error = onnx_error(model, folder / "onnx" / "model.onnx", prompts)
    if not error <= MAX_ERROR:
        raise SystemExit(f"{name}: ONNX and PyTorch differ by {error:.1e}")
    exporter = f"torch {torch.__version__.split('+')[0]}, dynamo={family.dynamo}{', with past' if family.past else ''}"
    save_file(reference(family, model, prompts, steer, LENS_PROMPTS), folder / "reference.safetensors", metadata={
        "source": f"transformers {transformers.__version__}, eager attention, float32, CPU",
        "prompts": json.dumps(texts),
        "logit_lens": f"stored for prompts {json.dumps(LENS_PROMPTS)} only",
        "exporter": exporter,
        "onnx_max_error": f"{error:.1e}",
    })
    model.config.save_pretrained(folder)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(TOKENIZER / file, folder / file)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(f"{name}: {exporter}, max error {error:.1e}, {size / 1000:.0f} kB", flush=True)


README = """# Families: small decoders without a zoo folder

Written by `training/families.py`: {layers} layers (LFM2 {lfm2}), d_model {d_model}, {heads} heads, the zoo's 512-token
vocabulary, seeded random weights. Plain operators where nothing else is said: `input_ids` and `attention_mask` in,
`logits` out, both dimensions dynamic; *with past* also `past_key_values.*` in and `present.*` out as in optimum's files,
all other names shortened. `reference.safetensors` has the zoo's keys for three prompts (two with past), `logit_lens`
for prompt 0 only (the file's metadata says so). *Max error* is the largest logit difference between ONNX Runtime and transformers over the
prompts, a single token, and a batch with left padding.
`weights.json` and `mlp.safetensors` beside it are what `training/weight_references.py` wrote: every weight's shape and checksum,
and the neurons and an edit of one prompt.

| folder | family | exporter | what is special | max error |
|---|---|---|---|---|
{rows}
"""


def write_readme() -> None:
    rows = []
    for name, family in FAMILIES.items():
        with safe_open(OUT / name / "reference.safetensors", "pt") as file:
            about = file.metadata()
        rows.append(f"| {name} | {family.title} | {about['exporter']} | {family.special} | {about['onnx_max_error']} |")
    (OUT / "README.md").write_text(README.format(
        layers=LAYERS, lfm2=FAMILIES["lfm2"].settings["num_hidden_layers"], d_model=D_MODEL, heads=HEADS,
        rows="\n".join(rows)))


def check_zoo(folder: Path) -> None:
    """The zoo's numbers, recomputed with the code above: the two must mean the same by every key."""
    stored = load_file(folder / "reference.safetensors")
    config = transformers.AutoConfig.from_pretrained(folder)
    config._attn_implementation = "eager"
    model = FAMILIES["gpt2"].model_class()(config).eval()
    weights = {tensor.name: torch.from_numpy(onnx.numpy_helper.to_array(tensor).copy())
               for tensor in onnx.load(folder / "onnx" / "model.onnx").graph.initializer}
    missing = model.load_state_dict({n: w for n, w in weights.items() if n.startswith("transformer.")}, strict=False)
    assert missing.missing_keys in ([], ["lm_head.weight"]), missing
    prompts = [stored[f"{prompt}/input_ids"][0].tolist() for prompt in range(3)]
    ours = reference(FAMILIES["gpt2"], model, prompts, stored["0/steer.vector"], range(3))
    assert ours.keys() == stored.keys(), ours.keys() ^ stored.keys()
    assert all(ours[name].shape == stored[name].shape and ours[name].dtype == stored[name].dtype for name in stored)
    print(f"{folder.name}: {len(stored)} tensors, max difference "
          f"{max((ours[name] - stored[name]).abs().max().item() for name in stored):.1e}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FAMILIES))
    parser.add_argument("--check-zoo", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    warnings.simplefilter("ignore")
    if options.check_zoo:
        return check_zoo(options.check_zoo)
    unknown = set(options.names) - set(FAMILIES)
    if unknown:
        sys.exit(f"unknown: {', '.join(sorted(unknown))}")
    for name in options.names or FAMILIES:
        make(name)
    write_readme()


if __name__ == "__main__":
    main()
