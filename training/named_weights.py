"""A transformers decoder's weights under TransformerLens's names and in its shapes (src/core/weights.ts), from its modules.

`named_weights(model)` has what the model has: no bias, no entry. Gains are what the norm multiplies by, and rows of
`W_E` are what the embedding gives, as the model itself computes both.
"""

import torch
from torch import nn
from transformers.pytorch_utils import Conv1D

Weights = dict[str, torch.Tensor]


def named_weights(model: nn.Module) -> Weights:
    found = {name: tensor for name, tensor in _named(model).items() if tensor is not None}
    return {name: tensor.detach().float().contiguous() for name, tensor in found.items()}


def _named(model: nn.Module) -> dict[str, torch.Tensor | None]:
    config, unembedding = model.config, model.get_output_embeddings()
    parts = PARTS[config.model_type](model)
    table = embedded(model, parts)
    # Of a table of another width than the stream's, and its unembedding, neither is used without a further matrix.
    narrow = table.shape[1] != config.hidden_size
    named = {"W_E": None if narrow else table, "W_U": None if narrow else unembedding.weight.T, "b_U": unembedding.bias,
             "W_pos": parts.positions, **norm("ln_final", parts.final, model)}
    for index, layer in enumerate(parts.layers):
        for name, tensor in layer.items():
            named[f"blocks.{index}.{name}"] = tensor
    return named


class Parts:
    """What differs from family to family."""

    def __init__(self, final: nn.Module | None, layers: list[dict[str, torch.Tensor | None]],
                 positions: torch.Tensor | None = None) -> None:
        self.final, self.layers, self.positions = final, layers, positions


def embedded(model: nn.Module, _: Parts) -> torch.Tensor:
    table = model.get_input_embeddings()
    with torch.no_grad():
        rows = table(torch.arange(table.num_embeddings))
    if model.config.model_type == "granite":
        rows = rows * model.config.embedding_multiplier
    return rows


def norm(name: str, module: nn.Module | None, model: nn.Module) -> dict[str, torch.Tensor | None]:
    if module is None:
        return {}
    gain = module.weight.float()
    if model.config.model_type.startswith("gemma"):
        gain = 1.0 + gain
    return {f"{name}.w": gain, f"{name}.b": getattr(module, "bias", None)}


def matrix(module: nn.Module) -> torch.Tensor:
    """`[in, out]`"""
    return module.weight if isinstance(module, Conv1D) else module.weight.T


def by_head(rows: torch.Tensor, heads: int) -> torch.Tensor:
    """`[d_model, heads · d_head]` to `[heads, d_model, d_head]`; a bias `[heads · d_head]` to `[heads, d_head]`."""
    split = rows.unflatten(-1, (heads, -1))
    return split.transpose(0, 1) if split.ndim == 3 else split


def attention(model: nn.Module, q, k, v, output: nn.Module) -> dict[str, torch.Tensor | None]:
    """`q`, `k`, `v`: weight `[d_model, heads · d_head]` and bias (or None)."""
    heads = model.config.num_attention_heads
    width = matrix(output).shape[0] // heads
    named = {"W_O": matrix(output).unflatten(0, (heads, -1)), "b_O": getattr(output, "bias", None)}
    for letter, (weight, bias) in zip("QKV", (q, k, v)):
        named[f"W_{letter}"] = by_head(weight, weight.shape[1] // width)
        named[f"b_{letter}"] = None if bias is None else by_head(bias, weight.shape[1] // width)
    return named


def alone(module: nn.Module):
    return matrix(module), getattr(module, "bias", None)


def columns(module: nn.Module, sizes: list[int]):
    """Queries, keys and values side by side."""
    weights = matrix(module).split(sizes, dim=1)
    biases = [None] * len(sizes) if module.bias is None else module.bias.split(sizes)
    return list(zip(weights, biases))


def interleaved(module: nn.Module, heads: int):
    """Queries, keys and values of one head side by side, head by head."""
    weight = matrix(module).unflatten(1, (heads, 3, -1))
    bias = module.bias.unflatten(0, (heads, 3, -1))
    return [(weight[:, :, part].flatten(1), bias[:, part].flatten()) for part in range(3)]


def mlp(module_in: nn.Module, module_out: nn.Module, gate: nn.Module | None = None) -> dict[str, torch.Tensor | None]:
    named = {"W_in": matrix(module_in), "b_in": getattr(module_in, "bias", None),
             "W_out": matrix(module_out), "b_out": getattr(module_out, "bias", None)}
    return named if gate is None else {**named, "W_gate": matrix(gate), "b_gate": getattr(gate, "bias", None)}


def gpt2(model: nn.Module) -> Parts:
    body, config = model.transformer, model.config
    layers = []
    for block in body.h:
        joint = block.attn.c_attn
        rest = (matrix(joint).shape[1] - config.n_embd) // 2
        layers.append({
            **norm("ln1", block.ln_1, model),
            **attention(model, *columns(joint, [config.n_embd, rest, rest]), block.attn.c_proj),
            **norm("ln2", block.ln_2, model), **mlp(block.mlp.c_fc, block.mlp.c_proj)})
    return Parts(body.ln_f, layers, body.wpe.weight)


def gpt1(model: nn.Module) -> Parts:
    """The norms are of the stream itself, not of what a part reads or writes."""
    body, size = model.transformer, model.config.n_embd
    return Parts(None, [{**attention(model, *columns(block.attn.c_attn, [size] * 3), block.attn.c_proj),
                         **mlp(block.mlp.c_fc, block.mlp.c_proj)} for block in body.h], body.positions_embed.weight)


def opt(model: nn.Module) -> Parts:
    """Of OPT and XGLM. In OPT-350m the norms are of the stream itself."""
    body = getattr(model.model, "decoder", model.model)
    before = getattr(model.config, "do_layer_norm_before", True)
    layers = []
    for block in body.layers:
        own = block.self_attn
        layers.append({
            **norm("ln1", block.self_attn_layer_norm if before else None, model),
            **attention(model, alone(own.q_proj), alone(own.k_proj), alone(own.v_proj), own.out_proj),
            **norm("ln2", block.final_layer_norm if before else None, model), **mlp(block.fc1, block.fc2)})
    # XGLM's positions are sines, in a table all the same.
    positions = body.embed_positions.weights if model.config.model_type == "xglm" else body.embed_positions.weight
    return Parts(body.layer_norm if model.config.model_type == "xglm" else body.final_layer_norm, layers, positions)


def bloom(model: nn.Module) -> Parts:
    body = model.transformer
    return Parts(body.ln_f, [{
        **norm("ln1", block.input_layernorm, model),
        **attention(model, *interleaved(block.self_attention.query_key_value, model.config.n_head),
                    block.self_attention.dense),
        **norm("ln2", block.post_attention_layernorm, model),
        **mlp(block.mlp.dense_h_to_4h, block.mlp.dense_4h_to_h)} for block in body.h])


def gpt_neox(model: nn.Module) -> Parts:
    body = model.gpt_neox
    return Parts(body.final_layer_norm, [{
        **norm("ln1", block.input_layernorm, model),
        **attention(model, *interleaved(block.attention.query_key_value, model.config.num_attention_heads),
                    block.attention.dense),
        **norm("ln2", block.post_attention_layernorm, model),
        **mlp(block.mlp.dense_h_to_4h, block.mlp.dense_4h_to_h)} for block in body.layers])


def phi(model: nn.Module) -> Parts:
    body = model.model
    return Parts(body.final_layernorm, [{
        **norm("ln1", block.input_layernorm, model), **norm("ln2", block.input_layernorm, model),
        **attention(model, alone(block.self_attn.q_proj), alone(block.self_attn.k_proj), alone(block.self_attn.v_proj),
                    block.self_attn.dense),
        **mlp(block.mlp.fc1, block.mlp.fc2)} for block in body.layers])


def phi3(model: nn.Module) -> Parts:
    body, config = model.model, model.config
    width = config.head_dim
    sizes = [config.num_attention_heads * width, *[config.num_key_value_heads * width] * 2]
    layers = []
    for block in body.layers:
        gate, up = matrix(block.mlp.gate_up_proj).chunk(2, dim=1)
        layers.append({
            **norm("ln1", block.input_layernorm, model), **norm("ln2", block.post_attention_layernorm, model),
            **attention(model, *columns(block.self_attn.qkv_proj, sizes), block.self_attn.o_proj),
            "W_gate": gate, "W_in": up, "W_out": matrix(block.mlp.down_proj)})
    return Parts(body.norm, layers)


def glm4(model: nn.Module) -> Parts:
    body = model.model
    layers = []
    for block in body.layers:
        own = block.self_attn
        gate, up = matrix(block.mlp.gate_up_proj).chunk(2, dim=1)
        layers.append({
            **norm("ln1", block.input_layernorm, model), **norm("ln1_post", block.post_self_attn_layernorm, model),
            **attention(model, alone(own.q_proj), alone(own.k_proj), alone(own.v_proj), own.o_proj),
            **norm("ln2", block.post_attention_layernorm, model), **norm("ln2_post", block.post_mlp_layernorm, model),
            "W_gate": gate, "W_in": up, "W_out": matrix(block.mlp.down_proj)})
    return Parts(body.norm, layers)


def llama(model: nn.Module) -> Parts:
    """Llama and its kin, which differ in where their norms stand and are all called alike."""
    body = model.model
    sandwich = hasattr(body.layers[0], "pre_feedforward_layernorm")
    after = model.config.model_type == "olmo2"
    layers = []
    for block in body.layers:
        own = block.self_attn
        part = getattr(block, "post_attention_layernorm", None)
        if model.config.model_type == "cohere":  # both parts read the same norm
            part = block.input_layernorm
        names = {
            "ln1": None if after else block.input_layernorm,
            "ln1_post": part if sandwich or after else None,
            "ln2": block.pre_feedforward_layernorm if sandwich else None if after else part,
            "ln2_post": block.post_feedforward_layernorm if sandwich or after else None,
        }
        layer = attention(model, alone(own.q_proj), alone(own.k_proj), alone(own.v_proj), own.o_proj)
        for name, module in names.items():
            layer |= norm(name, module, model)
        if hasattr(block.mlp, "down_proj"):  # not where experts are mixed
            layer |= mlp(block.mlp.up_proj, block.mlp.down_proj, block.mlp.gate_proj)
        layers.append(layer)
    return Parts(body.norm, layers)


def lfm2(model: nn.Module) -> Parts:
    body = model.model
    layers = []
    for block in body.layers:
        layer = {**norm("ln2", block.ffn_norm, model),
                 **mlp(block.feed_forward.w3, block.feed_forward.w2, block.feed_forward.w1)}
        if hasattr(block, "self_attn"):
            own = block.self_attn
            layer |= norm("ln1", block.operator_norm, model)
            layer |= attention(model, alone(own.q_proj), alone(own.k_proj), alone(own.v_proj), own.out_proj)
        layers.append(layer)
    return Parts(body.embedding_norm, layers)


PARTS = {"gpt2": gpt2, "gpt_bigcode": gpt2, "openai-gpt": gpt1, "opt": opt, "xglm": opt, "bloom": bloom, "gpt_neox": gpt_neox, "phi": phi, "phi3": phi3,
         "lfm2": lfm2, "glm4": glm4}
PARTS |= dict.fromkeys(("llama", "mistral", "mixtral", "granite", "olmo2", "smollm3", "qwen2", "qwen3", "gemma2",
                        "gemma3_text", "cohere", "doge", "gpt_oss"), llama)
