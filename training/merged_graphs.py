"""Decoders laid out like optimum's older decoder_model_merged.onnx.

An If stands between the decoder with a cache and the one without; the weights of both stand outside.
"""

from collections.abc import Callable

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper

from graph_builder import Builder, floats, gated, integers


def merged_gpt2(model) -> onnx.ModelProto:
    """Joint projections and learned places, counted from the attention mask."""
    config = model.config
    shape = [config.n_head, config.n_embd // config.n_head]
    return merged(model, gpt2_branch, "transformer.", config.n_layer, shape)


def merged_llama(model) -> onnx.ModelProto:
    """Norms spelled out, rotary tables gathered by places counted from the cache, keys shared by several heads."""
    config = model.config
    return merged(model, llama_branch, "model.", config.num_hidden_layers, [config.num_key_value_heads, config.head_dim])


def merged(model, branch: Callable[[Builder, torch.nn.Module, bool], None], shared: str, layers: int,
           shape: list[int]) -> onnx.ModelProto:
    """`shared` begins the names of weights, `shape` is a cache's number of heads and their width."""
    caches = [f"{layer}.{part}" for layer in range(layers) for part in ("key", "value")]
    heads, width = shape
    outputs = [floats("logits", ["batch", "sequence", model.config.vocab_size])]
    outputs += [floats(f"present.{name}", ["batch", heads, "total", width]) for name in caches]
    branches, weights = [], {}
    for cached in (True, False):
        b = Builder(model.state_dict())
        branch(b, model, cached)
        weights |= {name: tensor for name, tensor in b.initializers.items() if name.startswith(shared)}
        own = [tensor for name, tensor in b.initializers.items() if name not in weights]
        branches.append(helper.make_graph(b.nodes, "branch", [], outputs, own))
    choice = helper.make_node("If", ["use_cache_branch"], [output.name for output in outputs],
                              then_branch=branches[0], else_branch=branches[1])
    inputs = [integers("input_ids", ["batch", "sequence"]), integers("attention_mask", ["batch", "total"])]
    inputs += [floats(f"past_key_values.{name}", ["batch", heads, "past", width]) for name in caches]
    inputs.append(helper.make_tensor_value_info("use_cache_branch", TensorProto.BOOL, [1]))
    graph = helper.make_graph([choice], "merged", inputs, outputs, list(weights.values()))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8,
                             producer_name="strata-layouts")


def gpt2_branch(b: Builder, model, cached: bool) -> None:
    at, width = "transformer.", model.config.n_embd
    heads = model.config.n_head
    one = b.constant("one", np.array(1))
    all_places = b.add("Sub", [b.add("CumSum", ["attention_mask", one]), one])
    places = all_places
    if cached:
        axis = b.constant("axis", np.array([1]))
        length = b.add("Slice", [b.add("Shape", ["input_ids"]), axis, b.constant("two", np.array([2]))])
        start = b.add("Neg", [length])
        places = b.add("Slice", [all_places, start, b.constant("end", np.array([2 ** 62])), axis])
    stream = b.add("Add", [b.add("Gather", [b.weight(at + "wte.weight"), "input_ids"]),
                           b.add("Gather", [b.weight(at + "wpe.weight"), places])])
    dest = b.add("Unsqueeze", [places, b.constant("dest", np.array([1, 3]))])
    src = b.add("Unsqueeze", [all_places, b.constant("src", np.array([1, 2]))])
    visible = b.add("LessOrEqual", [src, dest])
    split = b.constant("heads", np.array([0, 0, heads, width // heads]))
    join = b.constant("rows", np.array([0, 0, width]))
    hidden = b.constant("hidden", np.array(np.finfo(np.float32).min, np.float32))
    root = b.constant("root", np.array(np.sqrt(width // heads), np.float32))
    for layer in range(model.config.n_layer):
        h = f"{at}h.{layer}."
        normed = normal(b, stream, h + "ln_1")
        q, k, v = (f"{layer}.{part}" for part in "qkv")
        b.add("Split", [product(b, normed, h + "attn.c_attn")], [q, k, v], axis=2)
        q, k, v = (b.add("Transpose", [b.add("Reshape", [rows, split])], perm=[0, 2, 1, 3]) for rows in (q, k, v))
        for part, rows in (("key", k), ("value", v)):
            present = [f"present.{layer}.{part}"]
            joined = [f"past_key_values.{layer}.{part}", rows]
            b.add("Concat", joined, present, axis=2) if cached else b.add("Identity", [rows], present)
        scores = b.add("MatMul", [q, b.add("Transpose", [f"present.{layer}.key"], perm=[0, 1, 3, 2])])
        scores = b.add("Where", [visible, b.add("Div", [scores, root]), hidden])
        z = b.add("MatMul", [b.add("Softmax", [scores], axis=-1), f"present.{layer}.value"])
        z = b.add("Reshape", [b.add("Transpose", [z], perm=[0, 2, 1, 3]), join])
        stream = b.add("Add", [stream, product(b, z, h + "attn.c_proj")])
        inner = product(b, normal(b, stream, h + "ln_2"), h + "mlp.c_fc")
        stream = b.add("Add", [stream, product(b, gelu(b, inner), h + "mlp.c_proj")])
    b.add("MatMul", [normal(b, stream, at + "ln_f"), b.weight(at + "wte.weight", transpose=True)], ["logits"])


def llama_branch(b: Builder, model, cached: bool) -> None:
    config, hidden = model.config, b.constant("hidden", np.array(np.finfo(np.float32).min, np.float32))
    length = size_of(b, "input_ids", 1)
    past = size_of(b, "past_key_values.0.key", 2) if cached else b.constant("none", np.array(0))
    total = b.add("Add", [length, past])
    step, start = b.constant("step", np.array(1)), b.constant("start", np.array(0))
    places, all_places = b.add("Range", [past, total, step]), b.add("Range", [start, total, step])
    tables = rotary_rows(b, model, total, b.add("Unsqueeze", [places, b.constant("first", np.array([0]))]))
    future = b.add("Greater", [b.add("Unsqueeze", [all_places, b.constant("src", np.array([0]))]),
                               b.add("Unsqueeze", [places, b.constant("dest", np.array([1]))])])
    causal = b.add("Where", [future, hidden, b.constant("zero", np.array(0, np.float32))])
    given = b.add("Unsqueeze", ["attention_mask", b.constant("inner", np.array([1, 2]))])
    given = b.add("Cast", [given], to=TensorProto.FLOAT)
    missing = b.add("Mul", [b.add("Sub", [b.constant("unit", np.array(1, np.float32)), given]), hidden])
    mask = b.add("Add", [causal, missing])
    stream = b.add("Gather", [b.weight("model.embed_tokens.weight"), "input_ids"])
    for layer in range(config.num_hidden_layers):
        h = f"model.layers.{layer}."
        normed = root_mean_square(b, stream, h + "input_layernorm", config.rms_norm_eps)
        stream = b.add("Add", [stream, llama_attention(b, config, layer, normed, tables, mask, cached)])
        normed = root_mean_square(b, stream, h + "post_attention_layernorm", config.rms_norm_eps)
        branch = gated(b, normed, [f"{h}mlp.{part}_proj.weight" for part in ("gate", "up", "down")])
        stream = b.add("Add", [stream, branch])
    normed = root_mean_square(b, stream, "model.norm", config.rms_norm_eps)
    b.add("MatMul", [normed, b.weight("model.embed_tokens.weight", transpose=True)], ["logits"])


def size_of(b: Builder, name: str, axis: int) -> str:
    return b.add("Gather", [b.add("Shape", [name]), b.constant(f"axis.{axis}", np.array(axis))], axis=0)


def rotary_rows(b: Builder, model, total: str, places: str) -> list[str]:
    """Cosines and sines `[batch, 1, sequence, head_dim]`: the table up to the total length, its rows by place."""
    frequencies = model.model.rotary_emb.inv_freq.numpy()
    angles = np.outer(np.arange(model.config.max_position_embeddings), frequencies).astype(np.float32)
    angles = np.concatenate([angles, angles], axis=1)[None, None]
    end = b.add("Unsqueeze", [total, b.constant("lone", np.array([0]))])
    from_start, along = b.constant("from", np.array([0])), b.constant("along", np.array([2]))
    outer, head = b.constant("outer", np.array([0, 1])), b.constant("head", np.array([1]))
    rows = []
    for name, values in (("cos", np.cos(angles)), ("sin", np.sin(angles))):
        cut = b.add("Slice", [b.constant(f"model.{name}_cached", values), from_start, end, along])
        rows.append(b.add("Unsqueeze", [b.add("Gather", [b.add("Squeeze", [cut, outer]), places]), head]))
    return rows


def rotated(b: Builder, rows: str, tables: list[str], width: int) -> str:
    half, end = b.constant("half", np.array([width // 2])), b.constant("far", np.array([2 ** 62]))
    start, last = b.constant("begin", np.array([0])), b.constant("last", np.array([3]))
    low, high = b.add("Slice", [rows, start, half, last]), b.add("Slice", [rows, half, end, last])
    turned = b.add("Concat", [b.add("Neg", [high]), low], axis=-1)
    return b.add("Add", [b.add("Mul", [rows, tables[0]]), b.add("Mul", [turned, tables[1]])])


def llama_attention(b: Builder, config, layer: int, normed: str, tables: list[str], mask: str, cached: bool) -> str:
    h, width = f"model.layers.{layer}.self_attn.", config.head_dim
    heads, shared = config.num_attention_heads, config.num_key_value_heads

    def by_head(part: str, count: int) -> str:
        rows = b.add("MatMul", [normed, b.weight(f"{h}{part}_proj.weight", transpose=True)])
        split = b.constant(f"split.{count}", np.array([0, 0, count, width]))
        return b.add("Transpose", [b.add("Reshape", [rows, split])], perm=[0, 2, 1, 3])

    def kept(part: str, rows: str) -> str:
        present = [f"present.{layer}.{part}"]
        joined = [f"past_key_values.{layer}.{part}", rows]
        b.add("Concat", joined, present, axis=2) if cached else b.add("Identity", [rows], present)
        apart = b.add("Unsqueeze", present + [b.constant("group", np.array([2]))])
        copies = b.add("Expand", [apart, b.constant("copies", np.array([1, 1, heads // shared, 1, 1]))])
        return b.add("Reshape", [copies, b.constant("heads", np.array([0, heads, -1, width]))])

    q, k = (rotated(b, by_head(part, count), tables, width) for part, count in (("q", heads), ("k", shared)))
    k, v = kept("key", k), kept("value", by_head("v", shared))
    scores = b.add("MatMul", [q, b.add("Transpose", [k], perm=[0, 1, 3, 2])])
    scores = b.add("Div", [scores, b.constant("root", np.array(np.sqrt(width), np.float32))])
    z = b.add("MatMul", [b.add("Softmax", [b.add("Add", [scores, mask])], axis=-1), v])
    joined = b.constant("rows", np.array([0, 0, heads * width]))
    z = b.add("Reshape", [b.add("Transpose", [z], perm=[0, 2, 1, 3]), joined])
    return b.add("MatMul", [z, b.weight(f"{h}o_proj.weight", transpose=True)])


def root_mean_square(b: Builder, rows: str, name: str, eps: float) -> str:
    square = b.add("Pow", [rows, b.constant("two", np.array(2, np.float32))])
    mean = b.add("Add", [b.add("ReduceMean", [square], axes=[-1]), b.constant("epsilon", np.array(eps, np.float32))])
    scale = b.add("Div", [b.constant("one", np.array(1, np.float32)), b.add("Sqrt", [mean])])
    return b.add("Mul", [b.weight(name + ".weight"), b.add("Mul", [rows, scale])])


def normal(b: Builder, rows: str, name: str) -> str:
    weights = [b.weight(name + ".weight"), b.weight(name + ".bias")]
    return b.add("LayerNormalization", [rows, *weights], axis=-1, epsilon=1e-5)


def product(b: Builder, rows: str, name: str) -> str:
    return b.add("Add", [b.add("MatMul", [rows, b.weight(name + ".weight")]), b.weight(name + ".bias")])


def gelu(b: Builder, x: str) -> str:
    """The tanh form, spelled out as older exporters do."""
    values = {"half": 0.5, "unit": 1, "three": 3, "cubic": 0.044715, "factor": np.sqrt(2 / np.pi)}
    number = {name: b.constant(name, np.array(value, np.float32)) for name, value in values.items()}
    inner = b.add("Add", [x, b.add("Mul", [b.add("Pow", [x, number["three"]]), number["cubic"]])])
    bent = b.add("Add", [b.add("Tanh", [b.add("Mul", [inner, number["factor"]])]), number["unit"]])
    return b.add("Mul", [b.add("Mul", [x, number["half"]]), bent])
