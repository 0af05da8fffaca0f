"""Reference numbers for the app's tests, from transformers' GPT2LMHeadModel (eager attention, float32).

    python golden.py

Reads model.safetensors, config.json and the tokenizer in public/models/atlas/.
Writes tests/golden/atlas.safetensors: for prompts 0, 1, 2 (texts in the file's metadata), under
`{prompt}/`: input_ids, logits, logit_lens [L+1, T, vocab] (of prompt 0), blocks.{l}.hook_resid_pre | hook_resid_post |
attn.hook_pattern | attn.hook_z, and the logits under three interventions:

- steer.logits: steer.vector added to blocks.1.hook_resid_post at position 1;
- ablate_head_1_2.logits: head 2 of layer 1 set to zero in hook_z;
- knockout_edge_last_to_1_layers_1_2.logits: in all heads of layers 1 and 2 the last position may not
  attend to position 1.

Beside it the weights, neurons and an edit of weight_references.py.
"""

import json
from contextlib import ExitStack

import torch
import transformers
from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import GPT2LMHeadModel

from atlas import GOLDEN, PRODUCT
from weight_references import write_atlas

TEXTS = [
    "The capital of France is",
    "Q: capital of Peru? A:",
    "The opposite of hot is",
]
STEER_SEED = 0


class Recorder:
    """Runs the model with hooks and hands out what they saw."""

    def __init__(self, model: GPT2LMHeadModel):
        self.model = model
        self.blocks = model.transformer.h
        self.heads = model.config.n_head

    @torch.no_grad()
    def trace(self, ids: torch.Tensor) -> dict[str, torch.Tensor]:
        seen: dict[str, torch.Tensor] = {"input_ids": ids}
        with ExitStack() as hooks:
            for layer, block in enumerate(self.blocks):
                hooks.enter_context(block.register_forward_pre_hook(self.keep_input(seen, layer)))
                hooks.enter_context(block.register_forward_hook(self.keep_output(seen, layer)))
                hooks.enter_context(block.attn.c_proj.register_forward_pre_hook(self.keep_z(seen, layer)))
            out = self.model(input_ids=ids, attention_mask=torch.ones_like(ids), output_attentions=True,
                             use_cache=False)
        for layer, pattern in enumerate(out.attentions):
            seen[f"blocks.{layer}.attn.hook_pattern"] = pattern
        seen["logits"] = out.logits
        rows = [seen["blocks.0.hook_resid_pre"]]
        rows += [seen[f"blocks.{layer}.hook_resid_post"] for layer in range(len(self.blocks))]
        stream = torch.cat(rows)  # [L+1, T, d_model]
        seen["logit_lens"] = self.model.lm_head(self.model.transformer.ln_f(stream))
        return seen

    @staticmethod
    def keep_input(seen, layer):
        def hook(_, args):
            seen[f"blocks.{layer}.hook_resid_pre"] = args[0]
        return hook

    @staticmethod
    def keep_output(seen, layer):
        def hook(_, __, output):
            seen[f"blocks.{layer}.hook_resid_post"] = output[0] if isinstance(output, tuple) else output
        return hook

    def keep_z(self, seen, layer):
        def hook(_, args):
            seen[f"blocks.{layer}.attn.hook_z"] = args[0].unflatten(-1, (self.heads, -1))
        return hook

    @torch.no_grad()
    def logits_with(self, ids: torch.Tensor, *hooks) -> torch.Tensor:
        with ExitStack() as stack:
            for hook in hooks:
                stack.enter_context(hook)
            return self.model(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False).logits

    def steer(self, layer: int, position: int, vector: torch.Tensor):
        def hook(_, __, output):
            stream = (output[0] if isinstance(output, tuple) else output).clone()
            stream[:, position] += vector
            return (stream, *output[1:]) if isinstance(output, tuple) else stream
        return self.blocks[layer].register_forward_hook(hook)

    def ablate_head(self, layer: int, head: int):
        def hook(_, args):
            z = args[0].unflatten(-1, (self.heads, -1)).clone()
            z[..., head, :] = 0
            return (z.flatten(-2),)
        return self.blocks[layer].attn.c_proj.register_forward_pre_hook(hook)

    def knock_out(self, layer: int, dest: int, src: int):
        def hook(_, args, kwargs):
            mask = kwargs["attention_mask"].clone()
            mask[..., dest, src] = torch.finfo(mask.dtype).min
            return args, {**kwargs, "attention_mask": mask}
        return self.blocks[layer].attn.register_forward_pre_hook(hook, with_kwargs=True)


def main() -> None:
    model = GPT2LMHeadModel.from_pretrained(PRODUCT, attn_implementation="eager").double().eval()
    tokenizer = Tokenizer.from_file(str(PRODUCT / "tokenizer.json"))
    recorder = Recorder(model)
    generator = torch.Generator().manual_seed(STEER_SEED)
    vector = torch.randn(model.config.n_embd, generator=generator)
    tensors: dict[str, torch.Tensor] = {}
    for number, text in enumerate(TEXTS):
        ids = torch.tensor([tokenizer.encode(text).ids])
        found = recorder.trace(ids)
        error = (found["logit_lens"][-1] - found["logits"][0]).abs().max()
        if error > 1e-4:
            raise SystemExit(f"the last lens row is {error:.1e} away from the logits")
        if number > 0:
            del found["logit_lens"]
        found["steer.vector"] = vector
        found["steer.logits"] = recorder.logits_with(ids, recorder.steer(1, 1, vector))
        found["ablate_head_1_2.logits"] = recorder.logits_with(ids, recorder.ablate_head(1, 2))
        found["knockout_edge_last_to_1_layers_1_2.logits"] = recorder.logits_with(
            ids, *(recorder.knock_out(layer, -1, 1) for layer in (1, 2)))
        tensors |= {f"{number}/{name}": (tensor.float() if tensor.is_floating_point() else tensor).contiguous().clone() for name, tensor in found.items()}
        print(f"{text!r} → {tokenizer.decode([int(found['logits'][0, -1].argmax())])!r}")
    GOLDEN.parent.mkdir(parents=True, exist_ok=True)
    source = f"transformers {transformers.__version__}, eager attention, float64, stored as float32, CPU"
    save_file(tensors, GOLDEN, {"prompts": json.dumps(TEXTS), "source": source})
    write_atlas()


if __name__ == "__main__":
    main()
