"""The full probe in PyTorch: forward pass with attention patterns, then the logit lens of every layer and position.

    python bench_torch.py '{"n_layer": 12, …}' THREADS LENGTH…     # prints {"16": milliseconds, …}
"""

import json
import statistics
import sys
import time

import torch
from transformers import GPT2Config, GPT2LMHeadModel

TOP, ROUNDS = 10, 5


def full_probe(model: GPT2LMHeadModel, ids: torch.Tensor) -> None:
    out = model(ids, output_hidden_states=True, output_attentions=True, use_cache=False)
    # transformers' last hidden state has been through the final norm already: the model's own logits.
    lower = torch.cat(out.hidden_states[:-1])
    logits = torch.cat([model.lm_head(model.transformer.ln_f(lower)), out.logits])
    log_p = logits.log_softmax(-1)
    p = log_p.exp()
    top = log_p.topk(TOP, dim=-1)
    rank = (logits > logits[..., 5:6]).sum(-1) + 1
    entropy = -(p * log_p).sum(-1)
    divergence = (p[-1] * (log_p[-1] - log_p)).sum(-1)
    torch.stack(out.attentions)
    assert top.indices.shape[:2] == rank.shape == entropy.shape == divergence.shape


def main() -> None:
    shape, threads, lengths = json.loads(sys.argv[1]), int(sys.argv[2]), [int(x) for x in sys.argv[3:]]
    shape.pop("name")
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    config = GPT2Config(**shape, bos_token_id=0, eos_token_id=0)
    config._attn_implementation = "eager"
    model = GPT2LMHeadModel(config).eval()
    times = {}
    with torch.no_grad():
        for length in lengths:
            taken = []
            for _ in range(ROUNDS + 1):
                ids = torch.randint(0, shape["vocab_size"], (1, length))
                begin = time.perf_counter()
                full_probe(model, ids)
                taken.append(1000 * (time.perf_counter() - begin))
            times[length] = statistics.median(taken[1:])
    print(json.dumps(times))


if __name__ == "__main__":
    main()
