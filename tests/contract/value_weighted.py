"""Value-weighted patterns of tests/fixtures/zoo/optimum-gpt2, from the reference residual stream and the ONNX weights.

pattern x ||v_src W_O|| (Kobayashi et al. 2020), with v = LayerNorm(resid_pre) W_v + b_v. Float64, independent of the
engine: only initializers and the reference computed with transformers are read.

    python tests/contract/value_weighted.py      writes value-weighted.json beside this file: [layer][head][dest][src]
"""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from safetensors.numpy import load_file

HERE = Path(__file__).parent
ZOO = HERE.parent / "fixtures" / "zoo" / "optimum-gpt2"
D_MODEL, HEADS, LAYERS, EPSILON = 64, 4, 4, 1e-5
D_HEAD = D_MODEL // HEADS

graph = onnx.load(ZOO / "onnx" / "model.onnx").graph
weights = {w.name: numpy_helper.to_array(w).astype(np.float64) for w in graph.initializer}
reference = load_file(ZOO / "reference.safetensors")


def weight(name):
    found = [key for key in weights if key.endswith(name)]
    assert len(found) == 1, (name, found)
    return weights[found[0]]


result = []
for layer in range(LAYERS):
    h = reference[f"0/blocks.{layer}.hook_resid_pre"][0].astype(np.float64)
    pattern = reference[f"0/blocks.{layer}.attn.hook_pattern"][0].astype(np.float64)
    normal = (h - h.mean(-1, keepdims=True)) / np.sqrt(h.var(-1, keepdims=True) + EPSILON)
    normal = normal * weight(f"h.{layer}.ln_1.weight") + weight(f"h.{layer}.ln_1.bias")
    qkv = normal @ weight(f"h.{layer}.attn.c_attn.weight") + weight(f"h.{layer}.attn.c_attn.bias")
    v = qkv[:, 2 * D_MODEL :].reshape(-1, HEADS, D_HEAD)
    W_O = weight(f"h.{layer}.attn.c_proj.weight").reshape(HEADS, D_HEAD, D_MODEL)
    norms = np.linalg.norm(np.einsum("thd,hdm->htm", v, W_O), axis=-1)
    # The same v must explain the reference's z, or the weights were read wrongly.
    z = np.einsum("hds,shi->dhi", pattern, v)
    assert np.abs(z - reference[f"0/blocks.{layer}.attn.hook_z"][0]).max() < 1e-5
    result.append((pattern * norms[:, None, :]).round(7).tolist())

(HERE / "value-weighted.json").write_text(json.dumps(result, separators=(",", ":")) + "\n")
