"""PyTorch's own activations of a decoder, under the names and keys of the zoo's references.

Everything is computed by transformers in eager float32; `reference` says which keys a file holds, `check` holds them
to what transformers itself returns. Used by families.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from unittest import mock

import torch

SEEN_BY_INTERVENTIONS = 1e-2  # an intervention that moves no logit by this much would test nothing


class Anatomy(Protocol):
    """Where a transformers model keeps its parts: dotted names, the last three inside a block.

    Without `mlp_in` and `mlp_out` (whose result, and whose input, are the MLP's hooks) these hooks are left out. A
    model without a final norm has no `norm`, one without a product between that and the unembedding no `head`.
    """

    blocks: str
    norm: str
    head: str
    sinks: bool
    attention_out: str
    mlp_in: str
    mlp_out: str


@dataclass
class Interventions:
    steer: torch.Tensor | None = None  # added to blocks.1.hook_resid_post at position 1
    ablate: bool = False               # head 2 of layer 1 set to zero in hook_z
    knockout: bool = False             # layers 1 and 2: the last position may not attend to position 1


class Run:
    """One forward pass in eager float32: its logits, hooks by name, and lens."""

    def __init__(self, anatomy: Anatomy, model: torch.nn.Module, ids: torch.Tensor, change: Interventions) -> None:
        self.anatomy, self.model, self.change = anatomy, model, change
        self.hooks: dict[str, torch.Tensor] = {}
        self.layer = -1
        self.softmax = torch.nn.functional.softmax
        handles = []
        for layer, block in enumerate(model.get_submodule(anatomy.blocks)):
            handles.append(block.register_forward_pre_hook(self.before_block(layer), with_kwargs=True))
            handles.append(block.register_forward_hook(self.after_block(layer)))
            if any(name == anatomy.attention_out for name, _ in block.named_modules()):
                handles.append(block.get_submodule(anatomy.attention_out).register_forward_pre_hook(self.before_output))
            if anatomy.mlp_in:
                handles.append(block.get_submodule(anatomy.mlp_in).register_forward_hook(self.after_mlp_in))
                handles.append(block.get_submodule(anatomy.mlp_out).register_forward_pre_hook(self.before_mlp_out))
        try:
            # Every eager attention of these families goes through this one function, after scale, cap and mask.
            with torch.no_grad(), mock.patch.object(torch.nn.functional, "softmax", self.pattern):
                self.logits = model(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False).logits
        finally:
            for handle in handles:
                handle.remove()

    def before_block(self, layer: int):
        def hook(_, args, kwargs):
            self.layer = layer
            self.hooks[f"blocks.{layer}.hook_resid_pre"] = (args[0] if args else kwargs["hidden_states"]).clone()
        return hook

    def after_block(self, layer: int):
        def hook(_, __, output):
            hidden = (output[0] if isinstance(output, (tuple, list)) else output).clone()
            if self.change.steer is not None and layer == 1:
                hidden[:, 1] += self.change.steer
            self.hooks[f"blocks.{layer}.hook_resid_post"] = hidden.clone()
            return (hidden, *output[1:]) if isinstance(output, (tuple, list)) else hidden
        return hook

    def after_mlp_in(self, _, __, output) -> None:
        self.hooks[f"blocks.{self.layer}.mlp.hook_pre"] = output.reshape(1, -1, output.shape[-1]).clone()

    def before_mlp_out(self, _, args) -> None:
        self.hooks[f"blocks.{self.layer}.mlp.hook_post"] = args[0].reshape(1, -1, args[0].shape[-1]).clone()

    def before_output(self, _, args):
        z = args[0].reshape(*args[0].shape[:2], self.model.config.num_attention_heads, -1).clone()
        if self.change.ablate and self.layer == 1:
            z[:, :, 2] = 0
        self.hooks[f"blocks.{self.layer}.attn.hook_z"] = z.clone()
        return (z.reshape(args[0].shape),)

    def pattern(self, scores, *args, **kwargs):
        if scores.ndim == 2:  # a router's choice of experts, one row for each token
            return self.softmax(scores, *args, **kwargs)
        if self.change.knockout and self.layer in (1, 2):
            scores = scores.clone()
            scores[..., -1, 1] = float("-inf")
        softmax = self.softmax(scores, *args, **kwargs)
        pattern = softmax[..., : scores.shape[-2]]  # a sink takes part as one more column
        name = f"blocks.{self.layer}.attn.hook_pattern"
        heads = self.model.config.num_attention_heads
        assert name not in self.hooks and pattern.shape[-3] == heads, "a softmax that is not this layer's attention"
        self.hooks[name] = pattern.reshape(-1, *pattern.shape[-3:]).clone()
        return softmax

    def lens(self) -> torch.Tensor:
        """`[L+1, T, vocab]`: the model's own norm, unembedding, scale and cap on the embedding row and each block's output."""
        names = ["blocks.0.hook_resid_pre"]
        names += [f"blocks.{layer}.hook_resid_post" for layer in range(self.model.config.num_hidden_layers)]
        rows = torch.cat([self.hooks[name] for name in names])
        with torch.no_grad():
            for name in (self.anatomy.norm, self.anatomy.head):
                rows = self.model.get_submodule(name)(rows) if name else rows
            logits = self.model.get_output_embeddings()(rows)
        logits = logits / getattr(self.model.config, "logits_scaling", 1.0) * getattr(self.model.config, "logit_scale", 1.0)
        cap = getattr(self.model.config, "final_logit_softcapping", None)
        return logits if cap is None else cap * torch.tanh(logits / cap)


def reference(anatomy: Anatomy, model: torch.nn.Module, prompts: list[list[int]], steer: torch.Tensor,
              lens_prompts: Sequence[int]) -> dict[str, torch.Tensor]:
    """Everything a reference file holds, under `{prompt}/{name}`; the lens for `lens_prompts` alone."""
    tensors = {}
    for prompt, tokens in enumerate(prompts):
        ids = torch.tensor([tokens])
        plain = Run(anatomy, model, ids, Interventions())
        lens = plain.lens()
        check(anatomy, model, ids, plain, lens)
        found = {"input_ids": ids, "logits": plain.logits, **plain.hooks, "steer.vector": steer.clone()}
        if prompt in lens_prompts:
            found["logit_lens"] = lens
        for name, change in (("steer", Interventions(steer=steer)), ("ablate_head_1_2", Interventions(ablate=True)),
                             ("knockout_edge_last_to_1_layers_1_2", Interventions(knockout=True))):
            found[f"{name}.logits"] = Run(anatomy, model, ids, change).logits
            assert (found[f"{name}.logits"] - plain.logits).abs().max() > SEEN_BY_INTERVENTIONS, f"{name} does nothing"
        tensors |= {f"{prompt}/{name}": tensor.contiguous() for name, tensor in found.items()}
    return tensors


def check(anatomy: Anatomy, model: torch.nn.Module, ids: torch.Tensor, run: Run, lens: torch.Tensor) -> None:
    """The hooks against what transformers itself returns, and against their own definitions."""
    with torch.no_grad():
        own = model(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False, output_attentions=True,
                    output_hidden_states=True)
    layers = model.config.num_hidden_layers
    patterns = [run.hooks[name] for name in sorted(run.hooks) if name.endswith("hook_pattern")]
    attentions = [pattern for pattern in own.attentions if pattern is not None]
    assert torch.equal(own.logits, run.logits)
    assert len(patterns) == len(attentions) > 0 and all(map(torch.equal, patterns, attentions))
    assert all(torch.equal(own.hidden_states[layer], run.hooks[f"blocks.{layer}.hook_resid_pre"])
               for layer in range(layers))
    assert (lens[-1] - run.logits[0]).abs().max() < 1e-5, "the last lens row is not the logits"
    for pattern in patterns:
        assert pattern.triu(1).abs().max() == 0
        assert pattern.sum(-1).max() < 1 if anatomy.sinks else (pattern.sum(-1) - 1).abs().max() < 1e-5
    causal = torch.tril(torch.ones(ids.shape[1], ids.shape[1]))
    uniform = causal / causal.sum(-1, keepdim=True)
    assert max((pattern - uniform).abs().max() for pattern in patterns) > 0.2, "attention is close to uniform"
    assert all(torch.isfinite(tensor).all() for tensor in run.hooks.values())
