"""Atlas as an ONNX graph of plain operators, written node by node.

Like a text-generation export without cache: inputs `input_ids`, `attention_mask` (int64 [batch,
sequence]), output `logits` [batch, sequence, vocab]. Padding goes on the right. One MatMul for a
layer's queries, keys and values, one Softmax for its attention, two Add for the residual stream; the
tied embedding is stored once and transposed in the graph. Names follow the weights.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from atlas import Shape

OPSET = 17
IR_VERSION = 8
LAYER_NORM_EPSILON = 1e-5
MASKED = np.finfo(np.float32).min
HALF_FROM = 1024  # elements; smaller tensors (norms, biases of narrow layers) stay float32


class GraphBuilder:
    def __init__(self, shape: Shape, weights: dict[str, np.ndarray], half: bool):
        self.shape = shape
        self.weights = weights
        self.half = half
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: dict[str, onnx.TensorProto] = {}

    def op(self, kind: str, inputs: list[str], name: str, **attributes) -> str:
        output = f"{name}_output_0"
        self.nodes.append(helper.make_node(kind, inputs, [output], name=name, **attributes))
        return output

    def constant(self, name: str, value: np.ndarray) -> str:
        if name not in self.initializers:
            self.initializers[name] = numpy_helper.from_array(value, name)
        return name

    def integers(self, values: list[int]) -> str:
        return self.constant("int64:" + ",".join(map(str, values)), np.array(values, dtype=np.int64))

    def number(self, value: float) -> str:
        return self.constant(f"float:{value:.9g}", np.array(value, dtype=np.float32))

    def weight(self, name: str) -> str:
        """A weight as float32; in a half-precision file it is stored as float16 with a Cast behind it."""
        value = self.weights[name].astype(np.float32)
        if not self.half or value.size < HALF_FROM:
            return self.constant(name, value)
        if name not in self.initializers:
            self.constant(name, value.astype(np.float16))
            self.op("Cast", [name], f"{name}/Cast", to=TensorProto.FLOAT)
        return f"{name}/Cast_output_0"

    def norm(self, x: str, name: str) -> str:
        scale, bias = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.op("LayerNormalization", [x, scale, bias], f"{name}/LayerNormalization",
                       axis=-1, epsilon=LAYER_NORM_EPSILON)

    def project(self, x: str, name: str) -> str:
        product = self.op("MatMul", [x, self.weight(f"{name}.weight")], f"{name}/MatMul")
        return self.op("Add", [product, self.weight(f"{name}.bias")], f"{name}/Add")

    def gelu_new(self, x: str, name: str) -> str:
        cube = self.op("Mul", [self.op("Mul", [x, x], f"{name}/Square"), x], f"{name}/Cube")
        inner = self.op("Add", [x, self.op("Mul", [cube, self.number(0.044715)], f"{name}/Mul")],
                        f"{name}/Inner")
        scaled = self.op("Mul", [inner, self.number((2 / np.pi) ** 0.5)], f"{name}/Scale")
        gate = self.op("Add", [self.op("Tanh", [scaled], f"{name}/Tanh"), self.number(1.0)], f"{name}/Add")
        halved = self.op("Mul", [x, self.number(0.5)], f"{name}/Half")
        return self.op("Mul", [halved, gate], f"{name}/Gate")

    def length_and_mask(self) -> tuple[str, str]:
        """The sequence length [1], and what is added to scores: [batch, 1, dest, src]."""
        n_ctx = self.shape.n_positions
        dims = self.op("Shape", ["input_ids"], "/Shape")
        length = self.op("Slice", [dims, self.integers([1]), self.integers([2])], "/Length")
        allowed = np.where(np.tri(n_ctx, dtype=bool), 0, MASKED).astype(np.float32)
        causal = self.op("Slice", [
            self.constant("causal", allowed),
            self.integers([0, 0]),
            self.op("Concat", [length, length], "/Square", axis=0),
        ], "/Causal")
        keep = self.op("Cast", ["attention_mask"], "/Keep", to=TensorProto.BOOL)
        keep = self.op("Unsqueeze", [keep, self.integers([1, 2])], "/KeepKeys")
        return length, self.op("Where", [keep, causal, self.number(float(MASKED))], "/Mask")

    def attention(self, x: str, mask: str, name: str) -> str:
        heads, d_model = self.shape.n_head, self.shape.n_embd
        d_head = d_model // heads
        qkv = self.project(x, f"{name}.c_attn")
        parts = [f"{name}/Split_output_{index}" for index in range(3)]
        self.nodes.append(helper.make_node("Split", [qkv, self.integers([d_model] * 3)], parts,
                                           name=f"{name}/Split", axis=2))
        split = self.integers([0, 0, heads, d_head])
        q, k, v = (
            self.op("Transpose", [self.op("Reshape", [part, split], f"{name}/{which}/Reshape")],
                    f"{name}/{which}/Transpose", perm=perm)
            for part, which, perm in zip(parts, "qkv", ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]))
        )
        scores = self.op("MatMul", [q, k], f"{name}/Scores")
        scores = self.op("Mul", [scores, self.number(d_head**-0.5)], f"{name}/Scale")
        scores = self.op("Add", [scores, mask], f"{name}/Masked")
        pattern = self.op("Softmax", [scores], f"{name}/Softmax", axis=-1)
        z = self.op("Transpose", [self.op("MatMul", [pattern, v], f"{name}/Z")], f"{name}/Merge",
                    perm=[0, 2, 1, 3])
        z = self.op("Reshape", [z, self.integers([0, 0, d_model])], f"{name}/Flatten")
        return self.project(z, f"{name}.c_proj")

    def build(self) -> onnx.ModelProto:
        length, mask = self.length_and_mask()
        embedding = self.weight("transformer.wte.weight")
        x = self.op("Gather", [embedding, "input_ids"], "transformer.wte/Gather", axis=0)
        position = self.op("Slice", [self.weight("transformer.wpe.weight"), self.integers([0]), length],
                           "transformer.wpe/Slice")
        x = self.op("Add", [x, position], "transformer/Embed")
        for layer in range(self.shape.n_layer):
            name = f"transformer.h.{layer}"
            out = self.attention(self.norm(x, f"{name}.ln_1"), mask, f"{name}.attn")
            x = self.op("Add", [x, out], f"{name}/ResidMid")
            hidden = self.gelu_new(self.project(self.norm(x, f"{name}.ln_2"), f"{name}.mlp.c_fc"),
                                   f"{name}.mlp.act")
            x = self.op("Add", [x, self.project(hidden, f"{name}.mlp.c_proj")], f"{name}/ResidPost")
        x = self.norm(x, "transformer.ln_f")
        unembedding = self.op("Transpose", [embedding], "lm_head/Transpose", perm=[1, 0])
        self.nodes.append(helper.make_node("MatMul", [x, unembedding], ["logits"], name="lm_head/MatMul"))
        return self.model()

    def model(self) -> onnx.ModelProto:
        def value(name: str, kind: int, *dims):
            return helper.make_tensor_value_info(name, kind, ["batch", "sequence", *dims])

        graph = helper.make_graph(
            self.nodes,
            "atlas",
            [value("input_ids", TensorProto.INT64), value("attention_mask", TensorProto.INT64)],
            [value("logits", TensorProto.FLOAT, self.shape.vocab_size)],
            list(self.initializers.values()),
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)],
                                  producer_name="strata-atlas", ir_version=IR_VERSION)
        onnx.checker.check_model(model, full_check=True)
        return model


def build_onnx(shape: Shape, weights: dict[str, np.ndarray], half: bool = False) -> onnx.ModelProto:
    return GraphBuilder(shape, weights, half).build()
