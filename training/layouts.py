"""Small random decoders in file layouts that torch.onnx does not write by itself, with PyTorch's numbers beside them.

    python layouts.py [NAME …]     # all, unless named; writes ../tests/fixtures/layouts/NAME/

`merged-…` are laid out like optimum's older decoder_model_merged.onnx (merged_graphs.py), `fused-gpt2` like a graph
after ONNX Runtime's transformer fusions, `genai-…` like the output of the ONNX Runtime GenAI builder (genai_graphs.py;
`-mha` where it writes MultiHeadAttention), `genai-lfm2` like the hub's files of LFM2 (states of convolutions,
`past_conv.N`, beside caches). `genai-llama-q4f16` is the zoo's half-precision genai-llama with four-bit products,
`opset23-llama` is what torch.onnx writes for opset 23 (one Attention operator per layer). `granite`, `olmo2`, `glm4` and `mixtral`
are what it writes by default for families whose MLP is followed by a factor, by a norm, or mixed from experts. Folders hold config.json,
onnx/*.onnx and reference.safetensors with the keys of the zoo's references for two prompts.
"""

import shutil
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
import transformers
from onnx import TensorProto, helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
from safetensors.torch import load_file, save_file

from activations import reference
from families import LOCAL_GLOBAL, STEER_STD, Family, random_model, without_metadata
from genai_graphs import genai_graph
from graph_builder import Builder, floats, gated, integers, with_external_data
from merged_graphs import merged_gpt2, merged_llama

OUT = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "layouts"
VOCAB, D_MODEL, HEADS, LAYERS, D_MLP, CONTEXT, SEED = 300, 32, 4, 4, 32, 64, 23
KEPT = 3  # inputs a convolution of LFM2 keeps
PROMPT_LENGTHS, SMALL_PROMPTS = (3, 7), (3, 5)
MAX_ERROR, MAX_ROUNDED = 2e-5, 2e-2

GPT2 = Family("GPT-2", "GPT2", dict(vocab_size=VOCAB, n_layer=LAYERS, n_head=HEADS, n_embd=D_MODEL, n_inner=D_MLP,
                                    n_positions=CONTEXT, bos_token_id=0, eos_token_id=0),
              "", blocks="transformer.h", norm="transformer.ln_f", attention_out="attn.c_proj")
USUAL = dict(vocab_size=VOCAB, hidden_size=D_MODEL, num_hidden_layers=LAYERS, num_attention_heads=HEADS,
             num_key_value_heads=2, intermediate_size=D_MLP, max_position_embeddings=CONTEXT, head_dim=16,
             tie_word_embeddings=True, bos_token_id=0, eos_token_id=0, pad_token_id=None)
LLAMA = Family("Llama", "Llama", USUAL, "")
LFM2 = Family("LFM2", "Lfm2", dict({**USUAL, "head_dim": 16}, block_auto_adjust_ff_dim=False, conv_L_cache=3,
                                   layer_types=["conv", "full_attention", "full_attention", "conv"]),
              "", norm="model.embedding_norm", attention_out="self_attn.out_proj")
# Smaller, so that there is room for more of them; the root of Gemma's width needs no rounding, which would be the file's.
SMALL = dict(USUAL, vocab_size=96, hidden_size=24, num_hidden_layers=3, intermediate_size=24)
GEMMA = dict(SMALL, hidden_size=16, query_pre_attn_scalar=12, sliding_window=4, layer_types=LOCAL_GLOBAL)
GEMMA2 = Family("Gemma 2", "Gemma2", dict(GEMMA, attn_logit_softcapping=3.0, final_logit_softcapping=4.0), "",
                norm_offset=True)
GEMMA3 = Family("Gemma 3", "Gemma3", GEMMA, "", config="TextConfig", norm_offset=True)
# GroupQueryAttention turns multiples of 16 dimensions.
PHI = Family("Phi", "Phi", dict(SMALL, hidden_size=12, num_attention_heads=3, num_key_value_heads=3, head_dim=32,
                                partial_rotary_factor=0.5, tie_word_embeddings=False),
             "", norm="model.final_layernorm", attention_out="self_attn.dense")
LONG = dict(rope_type="longrope", rope_theta=10000.0, partial_rotary_factor=0.5, original_max_position_embeddings=32,
            short_factor=[1.3], long_factor=[4.0])  # one for all frequencies
PHI3 = Family("Phi 3", "Phi3", dict(SMALL, hidden_size=21, num_attention_heads=3, num_key_value_heads=1, head_dim=32,
                                    rope_parameters=LONG, original_max_position_embeddings=32, tie_word_embeddings=False), "")
SMOLLM3 = Family("SmolLM3", "SmolLM3", dict(SMALL, no_rope_layers=[1, 0, 1]), "")
MISTRAL = Family("Mistral", "Mistral", dict(SMALL, sliding_window=4, tie_word_embeddings=False), "")
SMALL_LLAMA = Family("Llama", "Llama", SMALL, "")
GRANITE = Family("Granite", "Granite", dict({key: SMALL[key] for key in SMALL if key != "head_dim"}, embedding_multiplier=3.0,
                                            residual_multiplier=0.3, attention_multiplier=0.4, logits_scaling=2.0), "")
OLMO2 = Family("OLMo 2", "Olmo2", {key: SMALL[key] for key in SMALL if key != "head_dim"}, "")
GLM4 = Family("GLM 4", "Glm4", dict(SMALL, partial_rotary_factor=0.5), "")
MIXTRAL = Family("Mixtral", "Mixtral", dict(SMALL, intermediate_size=16, num_local_experts=4, num_experts_per_tok=2), "")
# A table half as wide as the stream, and the norm of every sum: OPT-350m alone among its kin.
OPT350M = Family("OPT", "OPT", dict(vocab_size=96, hidden_size=24, word_embed_proj_dim=12, num_hidden_layers=3, ffn_dim=24,
                                    num_attention_heads=HEADS, max_position_embeddings=CONTEXT, do_layer_norm_before=False,
                                    bos_token_id=0, eos_token_id=0, pad_token_id=1),
                 "", blocks="model.decoder.layers", norm="", head="model.decoder.project_out", attention_out="self_attn.out_proj")
GPT1 = Family("GPT", "OpenAIGPT", dict(vocab_size=96, n_layer=3, n_head=HEADS, n_embd=24, n_positions=CONTEXT), "",
              blocks="transformer.h", norm="", attention_out="attn.c_proj")
GPT_OSS = Family("GPT-OSS", "GptOss", dict(SMALL, intermediate_size=12, num_local_experts=3, num_experts_per_tok=2,
                                           sliding_window=4, layer_types=LOCAL_GLOBAL, head_dim=8,
                                           rope_parameters=dict(rope_type="default", rope_theta=10000.0)), "", sinks=True)
DOGE = Family("Doge", "Doge", {key: SMALL[key] for key in SMALL if key != "head_dim"}, "")
COHERE = Family("Cohere", "Cohere", dict({key: SMALL[key] for key in SMALL if key != "head_dim"}, logit_scale=0.5), "")
XGLM = Family("XGLM", "XGLM", dict(vocab_size=96, d_model=24, num_layers=3, attention_heads=HEADS, ffn_dim=24,
                                   max_position_embeddings=CONTEXT, pad_token_id=1, bos_token_id=0, eos_token_id=2),
              "", norm="model.layer_norm", attention_out="self_attn.out_proj")
SMALL_GPT2 = Family("GPT-2", "GPT2", dict(vocab_size=96, n_layer=3, n_head=HEADS, n_embd=24, n_inner=24, n_positions=CONTEXT,
                                          bos_token_id=0, eos_token_id=0),
                    "", blocks="transformer.h", norm="transformer.ln_f", attention_out="attn.c_proj")
QWEN3 = Family("Qwen3", "Qwen3", dict(USUAL, sliding_window=4, use_sliding_window=True,
                                      layer_types=[*LOCAL_GLOBAL, "full_attention"]), "")


def decoder(b: Builder, inputs: list[str], caches: int | list[int] = 0, states: list[int] = ()) -> onnx.ModelProto:
    """`caches` are the layers with keys and values (or how many), `states` those with a convolution."""
    sequence = ["batch", "sequence"]
    ins = [integers(name, sequence) for name in inputs]
    outs = [floats("logits", [*sequence, VOCAB])]
    for layer in states:
        for values, kind in ((ins, "past"), (outs, "present")):
            values.append(floats(f"{kind}_conv.{layer}", ["batch", D_MODEL, KEPT]))
    for layer in range(caches) if isinstance(caches, int) else caches:
        for part in ("key", "value"):
            shape = ["batch", 2, "length", 16]
            ins.append(floats(f"past_key_values.{layer}.{part}", shape))
            outs.append(floats(f"present.{layer}.{part}", shape))
    return b.graph(ins, outs)


def fused_gpt2(model) -> onnx.ModelProto:
    """Attention with its own projection, SkipLayerNormalization with the branch's bias, FastGelu with a bias."""
    b = Builder(model.state_dict())
    at = "transformer."
    tokens = b.add("Gather", [b.weight(at + "wte.weight"), "input_ids"])
    stream = b.add("Add", [tokens, b.add("Gather", [b.weight(at + "wpe.weight"), "position_ids"])])
    mask = b.add("Cast", ["attention_mask"], to=TensorProto.INT32)
    norm = [b.weight(at + "h.0.ln_1.weight"), b.weight(at + "h.0.ln_1.bias")]
    normed = b.add("LayerNormalization", [stream, *norm], axis=-1, epsilon=1e-5)
    for layer in range(LAYERS):
        h = f"{at}h.{layer}."
        joint = [b.weight(h + "attn.c_attn.weight"), b.weight(h + "attn.c_attn.bias")]
        z = b.fused("Attention", [normed, *joint, mask], num_heads=HEADS, unidirectional=1)
        branch = b.add("MatMul", [z, b.weight(h + "attn.c_proj.weight")])
        normed, stream = skip(b, branch, stream, h + "ln_2", h + "attn.c_proj.bias")
        inner = b.add("MatMul", [normed, b.weight(h + "mlp.c_fc.weight")])
        active = b.fused("FastGelu", [inner, b.weight(h + "mlp.c_fc.bias")])
        branch = b.add("MatMul", [active, b.weight(h + "mlp.c_proj.weight")])
        after = f"{at}h.{layer + 1}.ln_1" if layer + 1 < LAYERS else at + "ln_f"
        normed, stream = skip(b, branch, stream, after, h + "mlp.c_proj.bias")
    b.add("MatMul", [normed, b.weight(at + "wte.weight", transpose=True)], ["logits"])
    return decoder(b, ["input_ids", "attention_mask", "position_ids"])


def fused_gpt2_past(model) -> onnx.ModelProto:
    """What ONNX Runtime's optimiser makes of GPT-2 with past: EmbedLayerNormalization, and Attention with keys and
    values of all heads in one tensor `[2, batch, head, length, d]`; whole numbers of 32 bits."""
    b = Builder(model.state_dict())
    at, layers, width = "transformer.", model.config.n_layer, model.config.n_embd // HEADS
    first = [b.weight(at + "h.0.ln_1.weight"), b.weight(at + "h.0.ln_1.bias")]
    normed, stream = "embedded.normed", "embedded.sum"
    tables = [b.weight(at + "wte.weight"), b.weight(at + "wpe.weight")]
    b.fused("EmbedLayerNormalization", ["input_ids", "", *tables, "", *first, "", "position_ids"],
            [normed, "embedded.mask", stream], epsilon=1e-5)
    sequence = ["batch", "sequence"]
    whole = [("input_ids", sequence), ("position_ids", sequence), ("attention_mask", ["batch", "total"])]
    ins = [helper.make_tensor_value_info(name, TensorProto.INT32, shape) for name, shape in whole]
    outs = [floats("logits", [*sequence, model.config.vocab_size])]
    for layer in range(layers):
        h = f"{at}h.{layer}."
        ins.append(floats(f"past_{layer}", [2, "batch", HEADS, "past", width]))
        outs.append(floats(f"present_{layer}", [2, "batch", HEADS, "total", width]))
        joint = [b.weight(h + "attn.c_attn.weight"), b.weight(h + "attn.c_attn.bias")]
        z = f"attended.{layer}"
        b.fused("Attention", [normed, *joint, "attention_mask", f"past_{layer}"], [z, f"present_{layer}"], num_heads=HEADS,
                unidirectional=1, mask_filter_value=float(np.finfo(np.float32).min))
        branch = b.add("MatMul", [z, b.weight(h + "attn.c_proj.weight")])
        normed, stream = skip(b, branch, stream, h + "ln_2", h + "attn.c_proj.bias")
        inner = b.add("MatMul", [normed, b.weight(h + "mlp.c_fc.weight")])
        active = b.fused("FastGelu", [inner, b.weight(h + "mlp.c_fc.bias")])
        branch = b.add("MatMul", [active, b.weight(h + "mlp.c_proj.weight")])
        after = f"{at}h.{layer + 1}.ln_1" if layer + 1 < layers else at + "ln_f"
        normed, stream = skip(b, branch, stream, after, h + "mlp.c_proj.bias")
    b.add("MatMul", [normed, b.weight(at + "wte.weight", transpose=True)], ["logits"])
    return b.graph(ins, outs)


def skip(b: Builder, branch: str, stream: str, norm: str, bias: str) -> tuple[str, str]:
    outputs = [f"{norm}.out", "", "", f"{norm}.sum"]
    weights = [b.weight(norm + ".weight"), b.weight(norm + ".bias"), b.weight(bias)]
    b.fused("SkipLayerNormalization", [branch, stream, *weights], outputs, epsilon=1e-5)
    return outputs[0], outputs[3]


def genai_qwen3(model) -> onnx.ModelProto:
    """GroupQueryAttention with in-op rotary and local windows, q/k norm before it, skip norms all the way up."""
    b = Builder(model.state_dict())
    config = model.config
    shared = genai_inputs(b, model)
    stream = b.add("Gather", [b.weight("model.embed_tokens.weight"), "input_ids"])
    normed = simplified(b, stream, "model.layers.0.input_layernorm", config.rms_norm_eps)
    for layer in range(LAYERS):
        h = f"model.layers.{layer}."
        window = config.sliding_window if config.layer_types[layer] == "sliding_attention" else -1
        branch = genai_attention(b, config, layer, normed, shared, window, "o_proj", "norm", config.rms_norm_eps)
        normed, stream = skip_simplified(b, stream, branch, h + "post_attention_layernorm", config.rms_norm_eps)
        branch = gated(b, normed, [f"{h}mlp.{part}_proj.weight" for part in ("gate", "up", "down")])
        after = f"model.layers.{layer + 1}.input_layernorm" if layer + 1 < LAYERS else "model.norm"
        normed, stream = skip_simplified(b, stream, branch, after, config.rms_norm_eps)
    b.add("MatMul", [normed, b.weight("model.embed_tokens.weight", transpose=True)], ["logits"])
    return decoder(b, ["input_ids", "attention_mask"], caches=LAYERS)


def genai_lfm2(model) -> onnx.ModelProto:
    """Like genai_qwen3 in layers with attention; in the others, gated convolutions over a state that is put before."""
    b = Builder(model.state_dict())
    config = model.config
    shared = genai_inputs(b, model)
    stream = b.add("Gather", [b.weight("model.embed_tokens.weight"), "input_ids"])
    normed = simplified(b, stream, "model.layers.0.operator_norm", config.norm_eps)
    attending = [layer for layer in range(LAYERS) if config.layer_types[layer] == "full_attention"]
    for layer in range(LAYERS):
        h = f"model.layers.{layer}."
        if layer in attending:
            branch = genai_attention(b, config, layer, normed, shared, -1, "out_proj", "layernorm", config.norm_eps)
        else:
            branch = short_convolution(b, layer, normed)
        normed, stream = skip_simplified(b, stream, branch, h + "ffn_norm", config.norm_eps)
        branch = gated(b, normed, [f"{h}feed_forward.{part}.weight" for part in ("w1", "w3", "w2")])
        after = f"model.layers.{layer + 1}.operator_norm" if layer + 1 < LAYERS else "model.embedding_norm"
        normed, stream = skip_simplified(b, stream, branch, after, config.norm_eps)
    b.add("MatMul", [normed, b.weight("model.embed_tokens.weight", transpose=True)], ["logits"])
    return decoder(b, ["input_ids", "attention_mask"], attending, [n for n in range(LAYERS) if n not in attending])


def short_convolution(b: Builder, layer: int, normed: str) -> str:
    at = f"model.layers.{layer}.conv."
    joint = b.add("MatMul", [normed, b.weight(at + "in_proj.weight", transpose=True)])
    joint = b.add("Transpose", [joint], perm=[0, 2, 1])
    gate_in, gate_out, x = (f"{at}{part}" for part in "BCx")
    b.add("Split", [joint], [gate_in, gate_out, x], axis=1, num_outputs=3)
    joined = b.add("Concat", [f"past_conv.{layer}", b.add("Mul", [gate_in, x])], axis=2)
    ends = [b.constant("kept", np.array([-KEPT])), b.constant("end", np.array([2 ** 62])), b.constant("last", np.array([2]))]
    b.add("Slice", [joined, *ends], [f"present_conv.{layer}"])
    summed = b.add("Conv", [joined, b.weight(at + "conv.weight")], group=D_MODEL, kernel_shape=[KEPT], pads=[0, 0])
    # The state is one longer than what the kernel needs before the first token.
    length = b.add("Slice", [b.add("Shape", ["input_ids"]), b.constant("one.", np.array([1])), b.constant("two.", np.array([2]))])
    fresh = b.add("Slice", [summed, b.add("Neg", [length]), ends[1], ends[2]])
    rows = b.add("Transpose", [b.add("Mul", [gate_out, fresh])], perm=[0, 2, 1])
    return b.add("MatMul", [rows, b.weight(at + "out_proj.weight", transpose=True)])


def genai_inputs(b: Builder, model) -> list[str]:
    """Lengths and rotary tables, which every GroupQueryAttention reads."""
    lengths = b.add("ReduceSum", ["attention_mask", b.constant("axis", np.array([1]))], keepdims=0)
    past = b.add("Cast", [b.add("Sub", [lengths, b.constant("one", np.array(1))])], to=TensorProto.INT32)
    total = b.add("Gather", [b.add("Shape", ["attention_mask"]), b.constant("index", np.array(1))], axis=0)
    total = b.add("Cast", [total], to=TensorProto.INT32)
    owner = model.model.rotary_emb if hasattr(model.model, "rotary_emb") else model.model.pos_emb
    angles = np.outer(np.arange(CONTEXT), owner.inv_freq.numpy()).astype(np.float32)
    return [past, total, b.constant("cos_cache", np.cos(angles)), b.constant("sin_cache", np.sin(angles))]


def genai_attention(b: Builder, config, layer: int, normed: str, shared: list[str], window: int, out: str, norm: str,
                    eps: float) -> str:
    h = f"model.layers.{layer}.self_attn."
    width = model_head_width(config)

    def head(part: str, count: int) -> str:
        rows = b.add("MatMul", [normed, b.weight(f"{h}{part}_proj.weight", transpose=True)])
        if part == "v":
            return rows
        split = b.add("Reshape", [rows, b.constant("split", np.array([0, -1, width]))])
        scaled = simplified(b, split, f"{h}{part}_{norm}", eps)
        return b.add("Reshape", [scaled, b.constant(f"joined.{count}", np.array([0, -1, count * width]))])

    caches = [f"past_key_values.{layer}.{part}" for part in ("key", "value")]
    outputs = [f"layer.{layer}.attention", f"present.{layer}.key", f"present.{layer}.value"]
    inputs = [head("q", HEADS), head("k", 2), head("v", 2), *caches, *shared]
    z = b.fused("GroupQueryAttention", inputs, outputs, num_heads=HEADS, kv_num_heads=2, do_rotary=1,
                local_window_size=window, scale=width ** -0.5)
    return b.add("MatMul", [z, b.weight(f"{h}{out}.weight", transpose=True)])


def model_head_width(config) -> int:
    return getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads


def simplified(b: Builder, rows: str, norm: str, eps: float) -> str:
    return b.add("SimplifiedLayerNormalization", [rows, b.weight(norm + ".weight")], stash_type=1, axis=-1, epsilon=eps)


def skip_simplified(b: Builder, stream: str, branch: str, norm: str, eps: float) -> tuple[str, str]:
    last = norm in ("model.norm", "model.embedding_norm")
    outputs = [f"{norm}.out"] if last else [f"{norm}.out", "", "", f"{norm}.sum"]
    b.fused("SkipSimplifiedLayerNormalization", [stream, branch, b.weight(norm + ".weight")], outputs,
            epsilon=eps)
    return outputs[0], outputs[-1]


class LogitsOnly(torch.nn.Module):
    def __init__(self, model) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask, use_cache=False).logits


def exported(model, attention: str = "eager", opset: int | None = None) -> onnx.ModelProto:
    """As torch.onnx writes it."""
    model.config._attn_implementation = attention
    model.config._experts_implementation = "batched_mm"  # every expert's product at once: no loop over those hit
    ids = torch.randint(2, model.config.vocab_size, (2, 7))
    dims = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    path = OUT / "exported.onnx"
    torch.onnx.export(LogitsOnly(model), (ids, torch.ones_like(ids)), str(path), dynamo=True, opset_version=opset,
                      dynamic_shapes=(dims, dims), external_data=False, verbose=False,
                      input_names=["input_ids", "attention_mask"], output_names=["logits"])
    model.config._attn_implementation = "eager"
    proto = without_metadata(onnx.load(path), ())
    path.unlink()
    return proto


def opset23_llama(model) -> onnx.ModelProto:
    proto = exported(model, "sdpa", 23)
    assert any(node.op_type == "Attention" for node in proto.graph.node), "the exporter wrote no Attention"
    return proto


def scripted(model) -> onnx.ModelProto:
    """As the older exporter writes it."""
    path = OUT / "exported.onnx"
    names = ["input_ids", "attention_mask", "logits"]
    ids = torch.randint(2, model.config.vocab_size, (2, 7))
    # eval(): the exporter puts the mode back that it found, and a fresh module is in training mode.
    torch.onnx.export(LogitsOnly(model).eval(), (ids, torch.ones_like(ids)), str(path), dynamo=False, opset_version=17,
                      dynamic_axes={name: {0: "batch", 1: "sequence"} for name in names},
                      input_names=names[:2], output_names=names[2:])
    proto = without_metadata(onnx.load(path), ())
    path.unlink()
    return proto


def opset23(model) -> onnx.ModelProto:
    return exported(model, "sdpa", 23)


def ungrouped_genai_graph(model) -> onnx.ModelProto:
    return genai_graph(model, grouped=False)


LAYOUTS = {
    "merged-gpt2": (GPT2, merged_gpt2, "decoder_model_merged.onnx"),
    "merged-llama": (SMALL_LLAMA, merged_llama, "decoder_model_merged.onnx"),
    "fused-gpt2": (GPT2, fused_gpt2, "model.onnx"),
    "genai-gemma2": (GEMMA2, genai_graph, "model.onnx"),
    "genai-gemma3": (GEMMA3, genai_graph, "model.onnx"),
    "genai-llama-mha": (SMALL_LLAMA, ungrouped_genai_graph, "model.onnx"),
    "genai-mistral": (MISTRAL, genai_graph, "model.onnx"),
    "genai-phi": (PHI, genai_graph, "model.onnx"),
    "genai-phi-mha": (PHI, ungrouped_genai_graph, "model.onnx"),
    "genai-phi3": (PHI3, genai_graph, "model.onnx"),
    "genai-smollm3": (SMOLLM3, genai_graph, "model.onnx"),
    "genai-lfm2": (LFM2, genai_lfm2, "model.onnx"),
    "genai-qwen3": (QWEN3, genai_qwen3, "model.onnx"),
    "opset23-llama": (LLAMA, opset23_llama, "model.onnx"),
    "granite": (GRANITE, exported, "model.onnx"),
    "olmo2": (OLMO2, exported, "model.onnx"),
    "glm4": (GLM4, exported, "model.onnx"),
    "mixtral": (MIXTRAL, exported, "model.onnx"),
    "fused-gpt2-past": (SMALL_GPT2, fused_gpt2_past, "model.onnx"),
    "opt-350m": (OPT350M, exported, "model.onnx"),
    "gpt1": (GPT1, exported, "model.onnx"),
    "gpt-oss": (GPT_OSS, exported, "model.onnx"),
    "doge": (DOGE, exported, "model.onnx"),
    "opset23-cohere": (COHERE, opset23, "model.onnx"),
    "xglm": (XGLM, scripted, "model.onnx"),
}


HALF = ("genai-gemma3",)
QUANTISED = ("genai-smollm3", "olmo2")  # also as int8 and uint8, with integer products
EXTERNAL = ("genai-mistral",)  # with every tensor beside the graph, as the builder itself saves them
SMALLER = tuple(name for name, (family, *_) in LAYOUTS.items() if family.settings["vocab_size"] < VOCAB)
Q4F16 = "genai-llama-q4f16"


def onnx_error(model, path: Path, prompts: list[list[int]]) -> float:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    worst = 0.0
    for prompt in prompts:
        feeds = {"input_ids": np.array([prompt]), "attention_mask": np.ones((1, len(prompt)), np.int64),
                 "position_ids": np.arange(len(prompt))[None]}
        feeds = {value.name: feeds[value.name].astype(np.int32 if "int32" in value.type else np.int64)
                 for value in session.get_inputs() if value.name in feeds}
        for value in [value for value in session.get_inputs() if value.name not in feeds]:
            feeds[value.name] = (np.array([False]) if value.type == "tensor(bool)"
                                 else np.zeros((1, *value.shape[1:]), np.float32) if "conv" in value.name
                                 else np.zeros((2, 1, value.shape[2], 0, value.shape[4]), np.float32) if len(value.shape) == 5
                                 else np.zeros((1, value.shape[1], 0, value.shape[3]),
                                               np.float16 if "float16" in value.type else np.float32))
        with torch.no_grad():
            theirs = model(input_ids=torch.tensor([prompt]), use_cache=False).logits.numpy()
        worst = max(worst, float(np.abs(session.run(["logits"], feeds)[0] - theirs).max()))
    return worst


def make(name: str) -> None:
    family, build, file = LAYOUTS[name]
    folder = OUT / name
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    model = random_model(family)
    generator = torch.Generator().manual_seed(SEED)
    lengths = SMALL_PROMPTS if name in SMALLER else PROMPT_LENGTHS
    vocab = model.config.vocab_size
    prompts = [torch.randint(2, vocab, (length,), generator=generator).tolist() for length in lengths]
    steer = STEER_STD * torch.randn(model.config.hidden_size, generator=generator)
    # The lens is most of a reference, so the smaller ones keep it for one prompt.
    tensors = reference(family, model, prompts, steer, (0,) if name in SMALLER else range(len(prompts)))
    proto = build(model)
    if name in EXTERNAL:
        (folder / "onnx" / f"{file}.data").write_bytes(with_external_data(proto, f"{file}.data"))
    onnx.save(proto, folder / "onnx" / file)
    error = onnx_error(model, folder / "onnx" / file, prompts)
    if name in HALF:
        onnx.save(genai_graph(model, half=True), folder / "onnx" / "model_fp16.onnx")
        rounded = onnx_error(model, folder / "onnx" / "model_fp16.onnx", prompts)
        if not rounded <= MAX_ROUNDED:
            raise SystemExit(f"{name}: ONNX in half precision and PyTorch differ by {rounded:.1e}")
    if name in QUANTISED:
        for dtype, kind in (("int8", QuantType.QInt8), ("uint8", QuantType.QUInt8)):
            quantize_dynamic(folder / "onnx" / file, folder / "onnx" / f"model_{dtype}.onnx", weight_type=kind,
                             extra_options={"EnableSubgraph": True, "MatMulConstBOnly": True})
    if not error <= MAX_ERROR:
        raise SystemExit(f"{name}: ONNX and PyTorch differ by {error:.1e}")
    save_file(tensors, folder / "reference.safetensors",
              metadata={"source": f"transformers {transformers.__version__}, eager attention, float32, CPU"})
    (folder / "config.json").write_text(model.config.to_json_string())
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{name}: max error {error:.1e}, {size / 1000:.0f} kB", flush=True)


def make_q4f16(name: str) -> None:
    """Products of the zoo's fp16 file in four bits, scales in half precision, tied embedding left as it is."""
    source, folder = OUT.parent / "zoo" / "genai-llama", OUT / name
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    quantizer = MatMulNBitsQuantizer(onnx.load(source / "onnx" / "model_fp16.onnx"), block_size=32, is_symmetric=False)
    quantizer.process()
    proto = quantizer.model.model
    scales = {node.input[2] for node in proto.graph.node if node.op_type == "MatMulNBits"}
    kinds = {tensor.data_type for tensor in proto.graph.initializer if tensor.name in scales}
    assert kinds == {TensorProto.FLOAT16}, "the scales are not in half precision"
    onnx.save(proto, folder / "onnx" / "model_q4f16.onnx")
    for file in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(source / file, folder / file)
    # A rounded model is another one than PyTorch's: only the prompts are the same.
    stored = load_file(source / "reference.safetensors")
    save_file({key: ids for key, ids in stored.items() if key.endswith("input_ids")}, folder / "reference.safetensors")
    print(f"{name}: {len(scales)} products in four bits", flush=True)


def main() -> None:
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    warnings.simplefilter("ignore")
    for name in sys.argv[1:] or (*LAYOUTS, Q4F16):
        make_q4f16(name) if name == Q4F16 else make(name)


if __name__ == "__main__":
    main()
