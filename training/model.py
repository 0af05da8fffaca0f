"""GPT-2, written out for speed on a CPU.

Parameter names and shapes are those of transformers' GPT2LMHeadModel, so that a state dict of one
loads into the other unchanged (tests/test_pipeline.py holds them to equal logits). What is faster
here: fused tanh-GELU, causal attention without a mask tensor, and a loss that never holds the logits
of the whole batch.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from atlas import Shape

LOSS_CHUNK = 512  # tokens whose logits exist at one time: 512 x 5120 floats = 10 MB


class Conv1D(nn.Module):
    """x @ weight + bias, weight [in, out] as GPT-2 stores it."""

    def __init__(self, n_in: int, n_out: int, std: float):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_in, n_out) * std)
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, x: Tensor) -> Tensor:  # [tokens, in] -> [tokens, out]
        return torch.addmm(self.bias, x, self.weight)


class Attention(nn.Module):
    def __init__(self, shape: Shape, residual_std: float):
        super().__init__()
        self.n_head = shape.n_head
        self.c_attn = Conv1D(shape.n_embd, 3 * shape.n_embd, 0.02)
        self.c_proj = Conv1D(shape.n_embd, shape.n_embd, residual_std)

    def forward(self, x: Tensor, batch: int) -> Tensor:
        tokens, d_model = x.shape
        qkv = self.c_attn(x).view(batch, tokens // batch, 3, self.n_head, d_model // self.n_head)
        q, k, v = (part.transpose(1, 2).float() for part in qkv.unbind(2))
        with torch.autocast(x.device.type, enabled=False):
            z = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.c_proj(z.transpose(1, 2).reshape(tokens, d_model))


class MLP(nn.Module):
    def __init__(self, shape: Shape, residual_std: float):
        super().__init__()
        self.c_fc = Conv1D(shape.n_embd, shape.n_inner, 0.02)
        self.c_proj = Conv1D(shape.n_inner, shape.n_embd, residual_std)

    def forward(self, x: Tensor) -> Tensor:
        return self.c_proj(F.gelu(self.c_fc(x), approximate="tanh"))


class Block(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        residual_std = 0.02 / (2 * shape.n_layer) ** 0.5
        self.ln_1 = nn.LayerNorm(shape.n_embd)
        self.attn = Attention(shape, residual_std)
        self.ln_2 = nn.LayerNorm(shape.n_embd)
        self.mlp = MLP(shape, residual_std)

    def forward(self, x: Tensor, batch: int) -> Tensor:
        x = x + self.attn(self.ln_1(x), batch)
        return x + self.mlp(self.ln_2(x))


class SummedCrossEntropy(torch.autograd.Function):
    """Sum of -weight * log p(target) over tokens, and the same without weights; makes its gradients on the way, chunk by chunk."""

    @staticmethod
    def forward(ctx, x: Tensor, unembedding: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        device = x.device.type
        kind = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else x.dtype
        x, weight = x.to(kind), unembedding.to(kind)
        grad_x = torch.empty_like(x)
        grad_unembedding = torch.zeros_like(unembedding)
        loss, plain = unembedding.new_zeros(()), unembedding.new_zeros(())
        with torch.autocast(device, enabled=False):
            for start in range(0, len(x), LOSS_CHUNK):
                rows = x[start : start + LOSS_CHUNK]
                wanted = targets[start : start + LOSS_CHUNK, None]
                logits = (rows @ weight.T).float()
                weighs = weights[start : start + LOSS_CHUNK, None]
                right = logits.gather(1, wanted)
                top = logits.amax(-1, keepdim=True)
                probs = logits.sub_(top).exp_()
                total = probs.sum(-1, keepdim=True)
                losses = total.log() + top - right
                loss += (losses * weighs).sum()
                plain += losses.sum()
                probs /= total
                probs.scatter_add_(1, wanted, torch.full_like(wanted, -1, dtype=probs.dtype))
                probs = probs.mul_(weighs).to(kind)
                torch.mm(probs, weight, out=grad_x[start : start + LOSS_CHUNK])
                grad_unembedding += probs.T @ rows
        ctx.save_for_backward(grad_x, grad_unembedding)
        ctx.mark_non_differentiable(plain)
        return loss, plain

    @staticmethod
    def backward(ctx, grad: Tensor, _: Tensor):
        grad_x, grad_unembedding = ctx.saved_tensors
        return grad_x.float() * grad, grad_unembedding * grad, None, None


class Transformer(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        self.wte = nn.Embedding(shape.vocab_size, shape.n_embd)
        self.wpe = nn.Embedding(shape.n_positions, shape.n_embd)
        self.h = nn.ModuleList(Block(shape) for _ in range(shape.n_layer))
        self.ln_f = nn.LayerNorm(shape.n_embd)
        nn.init.normal_(self.wte.weight, std=0.02)
        nn.init.normal_(self.wpe.weight, std=0.02)

    def forward(self, ids: Tensor, layers: int | None = None) -> Tensor:  # [batch, pos] -> [batch * pos, d_model]
        batch, length = ids.shape
        x = (self.wte(ids) + self.wpe.weight[:length]).view(batch * length, -1)
        for block in self.h[:layers]:
            x = block(x, batch)
        return self.ln_f(x)


class Atlas(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        self.transformer = Transformer(shape)
        self.lm_head = nn.Linear(shape.n_embd, shape.vocab_size, bias=False)
        self.lm_head.weight = self.transformer.wte.weight

    def forward(self, ids: Tensor) -> Tensor:
        """Logits [batch, pos, vocab]."""
        return self.lm_head(self.transformer(ids)).view(*ids.shape, -1)

    def summed_loss(self, ids: Tensor, weights: Tensor, layers: int | None = None) -> tuple[Tensor, Tensor]:
        """Weighted sum of losses for predicting ids[:, 1:], and the sum without weights (no gradient), with the first
        `layers` layers only (all, unless told). `weights` (float, shape of ids[:, 1:]) are zero where nothing is learned."""
        x = self.transformer(ids[:, :-1], layers)
        keep = weights.reshape(-1) > 0
        return SummedCrossEntropy.apply(x[keep], self.lm_head.weight, ids[:, 1:].reshape(-1)[keep], weights.reshape(-1)[keep])
