"""The zoo's decoders as transformers models again, with the weights of their float32 ONNX files.

The files were exported elsewhere; the numbers in their reference.safetensors say whether what is read here is right.
"""

import re
from pathlib import Path

import onnx
import torch
import transformers
from onnx import numpy_helper

# Products without a name of their own, in the order in which an exported layer has them.
ANONYMOUS = {
    "gpt_neox": ("attention.query_key_value", "attention.dense", "mlp.dense_h_to_4h", "mlp.dense_4h_to_h"),
    "llama": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj",
              "mlp.up_proj", "mlp.down_proj"),
}
ANONYMOUS["qwen2"] = ANONYMOUS["llama"]
LAYERS = {"gpt_neox": "gpt_neox.layers", "llama": "model.layers", "qwen2": "model.layers"}


def zoo_model(folder: Path) -> torch.nn.Module:
    config = transformers.AutoConfig.from_pretrained(folder)
    config._attn_implementation = "eager"
    model = transformers.AutoModelForCausalLM.from_config(config).eval().float()
    graph = onnx.load(folder / "onnx" / "model.onnx").graph
    stored = {tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy()) for tensor in graph.initializer}
    own = model.state_dict()
    found = {name: tensor for name, tensor in stored.items() if name in own and own[name].shape == tensor.shape}
    if any("qkv_proj" in name for name in stored):
        found |= from_builder(stored, config)
    elif config.model_type in ANONYMOUS:
        found |= from_exporter(stored, config)
    missing = set(model.load_state_dict(found, strict=False).missing_keys)
    if config.tie_word_embeddings:
        model.tie_weights()
        missing.discard("lm_head.weight")
    if missing:
        raise SystemExit(f"{folder.name}: no weights for {', '.join(sorted(missing))}")
    return model


def from_exporter(stored: dict[str, torch.Tensor], config) -> dict[str, torch.Tensor]:
    """torch.onnx turns a Linear's weight and names it by a number."""
    numbered = [name for name in stored if re.match(r"onnx::MatMul_\d+$", name)]
    products = sorted(numbered, key=lambda name: int(name.rpartition("_")[2]))
    names = [f"{LAYERS[config.model_type]}.{layer}.{part}.weight" for layer in range(config.num_hidden_layers)
             for part in ANONYMOUS[config.model_type]]
    names.append("lm_head.weight")
    found = {name: stored[product].T for name, product in zip(names, products)}
    if config.tie_word_embeddings and "lm_head.weight" in found:
        found["model.embed_tokens.weight"] = found["lm_head.weight"]
    return found


def from_builder(stored: dict[str, torch.Tensor], config) -> dict[str, torch.Tensor]:
    """ONNX Runtime GenAI's builder joins queries, keys and values and keeps the unembedding turned."""
    width = config.hidden_size // config.num_attention_heads
    sizes = [config.num_attention_heads * width, *[config.num_key_value_heads * width] * 2]
    found = {"model.norm.weight": stored[f"model.layers.{config.num_hidden_layers}.final_norm_layernorm.weight"]}
    for layer in range(config.num_hidden_layers):
        at = f"model.layers.{layer}."
        joint = stored[f"{at}attn.qkv_proj.MatMul.weight"].split(sizes, dim=1)
        biases = stored.get(f"{at}attn.qkv_proj.Add.bias")
        for part, (letter, weight) in enumerate(zip("qkv", joint)):
            found[f"{at}self_attn.{letter}_proj.weight"] = weight.T
            if biases is not None:
                found[f"{at}self_attn.{letter}_proj.bias"] = biases.split(sizes)[part]
        found[f"{at}self_attn.o_proj.weight"] = stored[f"{at}attn.o_proj.MatMul.weight"].T
        for part in ("gate", "up", "down"):
            found[f"{at}mlp.{part}_proj.weight"] = stored[f"{at}mlp.{part}_proj.MatMul.weight"].T
    if "lm_head.MatMul.weight" in stored:
        found["lm_head.weight"] = stored["lm_head.MatMul.weight"].T
        found.setdefault("model.embed_tokens.weight", found["lm_head.weight"])
    return found
